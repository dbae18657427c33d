// Preloaded into every process (and its worker threads) that runs flows under test: nothing but this machine is reachable.
import dgram from 'node:dgram'
import dns from 'node:dns'
import childProcess from 'node:child_process'
import { syncBuiltinESMExports } from 'node:module'
import { Socket } from 'node:net'

/** An attempt to leave this machine. */
class NetworkBlockedError extends Error {
  override readonly name = 'NetworkBlockedError'
  readonly code = 'NETWORK_BLOCKED'
  readonly target: string

  constructor(what: string, target: string) {
    super(
      `${what} ${target} is blocked: flow tests reach this machine alone. Stub the node, or let its config node use the sandbox`,
    )
    this.target = target
  }
}

type Any = (this: unknown, ...args: unknown[]) => unknown

const LOOPBACK = /^(?:127(?:\.\d{1,3}){3}|::1|::ffff:127(?:\.\d{1,3}){3}|localhost|(?:.+\.)?localhost\.?)$/i
const isLoopback = (host: unknown): boolean =>
  typeof host !== 'string' || host === '' || LOOPBACK.test(host.replace(/^\[|\]$/g, ''))

const blocked: string[] = []
/** What was blocked since the last call. */
Object.defineProperty(globalThis, Symbol.for('cxone-flows.blocked'), { value: () => blocked.splice(0) })

function refuse(what: string, target: string): NetworkBlockedError {
  if (blocked.length < 100) blocked.push(`${what} ${target}`)
  return new NetworkBlockedError(what, target)
}

function replace(object: object, name: string, make: (original: Any) => Any): void {
  const holder = object as Record<string, Any>
  const original = holder[name]
  if (typeof original === 'function') holder[name] = make(original)
}

interface Target {
  readonly host?: string | undefined
  readonly port?: unknown
  readonly path?: unknown
}

// connect(options), connect(port, host), connect(path), or the list that node:net has already put in order.
function targetOf(args: readonly unknown[]): Target {
  const [first, second] = (Array.isArray(args[0]) ? args[0] : args) as unknown[]
  if (typeof first === 'object' && first !== null) return first
  if (typeof first === 'string' && !/^\d+$/.test(first)) return { path: first }
  return { port: first, host: typeof second === 'string' ? second : undefined }
}

replace(Socket.prototype, 'connect', (original) => {
  return function connect(this: unknown, ...args) {
    const { host, port, path } = targetOf(args)
    if (typeof path === 'string' || isLoopback(host)) return original.apply(this, args)
    const error = refuse('A connection to', `${host ?? ''}:${String(port)}`)
    process.nextTick(() => (this as Socket).destroy(error))
    return this
  }
})

const lastFunction = (args: readonly unknown[]): Any | undefined =>
  args.findLast((arg): arg is Any => typeof arg === 'function')

const isAddress = (host: unknown): boolean => /^[\d.]+$|:/.test(String(host))

// Addresses as names need no server; connect() decides about them.
for (const name of [
  'lookup',
  'resolve',
  'resolve4',
  'resolve6',
  'resolveAny',
  'resolveCaa',
  'resolveCname',
  'resolveMx',
  'resolveNaptr',
  'resolveNs',
  'resolvePtr',
  'resolveSoa',
  'resolveSrv',
  'resolveTlsa',
  'resolveTxt',
  'reverse',
]) {
  const guardCallback = (original: Any): Any =>
    function guarded(this: unknown, ...args) {
      if (isLoopback(args[0]) || (name === 'lookup' && isAddress(args[0]))) return original.apply(this, args)
      const error = refuse('A DNS query for', String(args[0]))
      process.nextTick(() => lastFunction(args)?.(error))
      return {}
    }
  const guardPromise = (original: Any): Any =>
    function guarded(this: unknown, ...args) {
      if (isLoopback(args[0]) || (name === 'lookup' && isAddress(args[0]))) return original.apply(this, args)
      return Promise.reject(refuse('A DNS query for', String(args[0])))
    }
  replace(dns, name, guardCallback)
  replace(dns.promises, name, guardPromise)
  // A Resolver may ask a server of its own, such as the sandbox's.
  const local =
    (guard: (original: Any) => Any) =>
    (original: Any): Any => {
      const guarded = guard(original)
      return function resolve(this: unknown, ...args) {
        const servers = (this as dns.Resolver).getServers()
        return (
          servers.every((server) => isLoopback(server.replace(/:\d+$/, ''))) ? original : guarded
        ).apply(this, args)
      }
    }
  replace(dns.Resolver.prototype, name, local(guardCallback))
  replace(dns.promises.Resolver.prototype, name, local(guardPromise))
}

replace(dgram.Socket.prototype, 'send', (original) => {
  return function send(this: unknown, ...args) {
    const address = args.slice(1).find((arg) => typeof arg === 'string')
    if (isLoopback(address)) return original.apply(this, args)
    const error = refuse('A datagram to', String(address))
    const callback = lastFunction(args)
    process.nextTick(() => (callback ? callback(error) : (this as dgram.Socket).emit('error', error)))
    return undefined
  }
})
replace(dgram.Socket.prototype, 'connect', (original) => {
  return function connect(this: unknown, ...args) {
    if (isLoopback(typeof args[1] === 'string' ? args[1] : undefined)) return original.apply(this, args)
    throw refuse('A datagram connection to', String(args[1]))
  }
})

// Another program would be free to use the network.
for (const name of ['spawn', 'exec', 'execFile', 'fork', 'spawnSync', 'execSync', 'execFileSync']) {
  replace(childProcess, name, () => {
    return function run(command) {
      throw refuse('The program', String(command))
    }
  })
}

syncBuiltinESMExports()
