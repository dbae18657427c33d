import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer as createHttps } from 'node:https'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import type { TlsOptions } from 'node:tls'
import { readStrict } from '../../../lib/dns/dnssec/message.ts'
import { textOf } from '../../../lib/dns/dnssec/name.ts'
import { createDnsResolver } from '../../../lib/dns/resolver.ts'
import { systemDnsPorts } from '../../../lib/dns/system-ports.ts'
import type { DoctorEvent, Examination, HostReport, Step, StepName } from '../../../lib/doctor/examination.ts'
import { examine, type DoctorPorts, type DoctorTask } from '../../../lib/doctor/examine.ts'
import type { Target } from '../../../lib/doctor/targets.ts'
import { createHttpClient } from '../../../lib/http/client.ts'
import { systemClock } from '../../../lib/system.ts'
import { issue, type Issued } from '../../support/certificates.ts'
import { a, cname, createTree, txt, type DnsTree } from '../../support/dns-tree.ts'

/** Closes what a test opened, in the `afterEach` of its suite. */
export class Cleanup {
  readonly #all: (() => unknown)[] = []
  add(close: () => unknown): void {
    this.#all.push(close)
  }
  async run(): Promise<void> {
    for (const close of this.#all.splice(0).toReversed()) await close()
  }
}

const SERVFAIL = 2

/** A signed tree: `good.test` with hosts, `open.test` that is not signed, `bogus.test` with broken signatures. */
export const labTree = (): DnsTree =>
  createTree([
    { origin: '' },
    { origin: 'test' },
    {
      origin: 'good.test',
      records: [
        a('acme.good.test', '127.0.0.1'),
        a('two.good.test', '127.0.0.1'),
        a('two.good.test', '127.0.0.2'),
        cname('www.good.test', 'acme.good.test'),
        cname('loop.good.test', 'loop.good.test'),
        txt('text.good.test', 'no address'),
        a('private.good.test', '127.0.0.1'),
        { type: 'AAAA', name: 'six.good.test', ttl: 300, data: '::1' },
        a('six.good.test', '127.0.0.1'),
        a('silent.good.test', '127.0.0.1'),
        a('servfail.good.test', '127.0.0.1'),
      ],
    },
    { origin: 'open.test', algorithm: 0, records: [a('acme.open.test', '127.0.0.1')] },
    {
      origin: 'bogus.test',
      records: [a('acme.bogus.test', '127.0.0.1')],
      sign: (_set, make) => {
        const right = make()
        const rdata = Buffer.from(right.rdata)
        rdata.writeUInt8(rdata.readUInt8(rdata.length - 1) ^ 1, rdata.length - 1)
        return [{ ...right, rdata }]
      },
    },
  ])

/** Serves a tree by UDP; one name gets no answer, one SERVFAIL. @returns `127.0.0.1:port` */
export async function serveDns(tree: DnsTree, cleanup: Cleanup): Promise<string> {
  const socket = createSocket('udp4')
  socket.on('message', (query, from) => {
    const name = textOf(readStrict(query).question!.name)
    if (name.includes('silent')) return
    const answer = tree.answer(query)
    if (name.includes('servfail')) answer.writeUInt8((answer.readUInt8(3) & 0xf0) | SERVFAIL, 3)
    socket.send(answer, from.port, from.address)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  cleanup.add(() => new Promise<void>((done) => socket.close(done)))
  return `127.0.0.1:${socket.address().port}`
}

/** A server on a free port of 127.0.0.1 whose connections end with the test. */
export async function listen(server: Server, cleanup: Cleanup, host = '127.0.0.1'): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket))
  })
  server.listen(0, host)
  await once(server, 'listening')
  cleanup.add(() => {
    for (const socket of sockets) socket.destroy()
    return new Promise((done) => server.close(done))
  })
  return (server.address() as AddressInfo).port
}

/** A bare TCP server. */
export const listenTcp = (onConnection: (socket: Socket) => void, cleanup: Cleanup): Promise<number> =>
  listen(createServer(onConnection), cleanup)

/** The authority that the tests trust, and one below it. */
export const root = issue({ commonName: 'Lab Root', organisation: 'Lab Trust', isAuthority: true })
export const intermediate = issue({
  commonName: 'Lab Issuing CA',
  organisation: 'Lab Trust',
  isAuthority: true,
  issuer: root,
})

/** A certificate of the lab's authority with its chain. */
export function certificateFor(
  names: readonly string[],
  spec: Partial<Parameters<typeof issue>[0]> = {},
): Pick<Issued, 'key' | 'cert'> {
  const issued = issue({ commonName: names[0] ?? '', names, issuer: intermediate, ...spec })
  return { key: issued.key, cert: issued.cert + intermediate.cert }
}

/** Answers as a token endpoint does to those who give no credentials. */
const askForCredentials = (_request: IncomingMessage, response: ServerResponse): void => {
  response.writeHead(400, { 'Content-Type': 'application/json' }).end('{"error":"invalid_request"}')
}

/** An HTTPS server. */
export const listenHttps = (
  options: TlsOptions,
  cleanup: Cleanup,
  answer: RequestListener = askForCredentials,
): Promise<number> => {
  const server = createHttps(options, answer)
  server.on('tlsClientError', () => undefined)
  return listen(server, cleanup)
}

/** What a test may set. */
export interface LabOptions {
  readonly dns?: string
  readonly anchor?: string
  readonly task?: Partial<DoctorTask>
  readonly ports?: Partial<DoctorPorts>
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

/** Examines targets against the real sockets of a lab; gives the events as they came, and the examination. */
export async function examineIn(
  targets: readonly (Target | undefined)[],
  options: LabOptions,
  cleanup: Cleanup,
): Promise<{ readonly events: readonly DoctorEvent[]; readonly examination: Examination }> {
  const { timeoutMs = 2000, task, ports } = options
  const tls = { ca: root.cert, ...task?.route?.tls }
  const proxy = task?.route?.proxy ? { proxy: task.route.proxy } : {}
  const http = createHttpClient({ clock: systemClock, ...proxy, tls: { ...tls, rejectUnauthorized: false } })
  cleanup.add(() => http.close())
  const origin = {
    machine: 'build-7',
    software: 'cxone-flows test',
    subject: 'lab',
    dnsServers: options.dns === undefined ? [] : [options.dns],
    proxy: 'none',
  }
  const events: DoctorEvent[] = []
  const all: DoctorTask = {
    targets: targets.filter((target) => target !== undefined),
    origin,
    timeoutMs,
    ...task,
    route: { tls, ...proxy },
  }
  const dns =
    options.dns === undefined
      ? undefined
      : await resolvers(options.dns, options.anchor ?? '', timeoutMs, cleanup)
  const authorities = { trusted: () => [], system: () => [], own: [root.cert] }
  const world: DoctorPorts = { clock: systemClock, dns, send: http.send, authorities, ...ports }
  const signal = options.signal ?? new AbortController().signal
  for await (const event of examine(all, world, { signal })) events.push(event)
  const done = events.at(-1)
  if (done?.event !== 'done') throw new Error('the last event is not the examination')
  return { events, examination: done.examination }
}

async function resolvers(
  server: string,
  anchor: string,
  timeoutMs: number,
  cleanup: Cleanup,
): Promise<DoctorPorts['dns']> {
  const open = async (dnssec: 'validate' | 'off') => {
    const made = createDnsResolver(await systemDnsPorts({ cache: false }), {
      servers: [server],
      transport: 'udp',
      dnssec,
      trustAnchors: anchor,
      timeoutMs: timeoutMs / 2,
      lifetimeMs: timeoutMs,
      maxCnameHops: 10,
      onLimit: 'wait',
    })
    cleanup.add(() => made.close())
    return made
  }
  return { plain: await open('off'), validating: await open('validate') }
}

/** Codes of a host's findings, in the order of the steps; of some steps only, if wanted. */
export const codesOf = (host: HostReport | undefined, ...names: readonly StepName[]): readonly string[] =>
  (host?.steps ?? [])
    .filter(({ name }) => names.length === 0 || names.includes(name))
    .flatMap(({ findings }) => findings.map(({ code }) => code))

/** A step of a host. */
export function stepOf(host: HostReport | undefined, name: StepName): Step {
  const found = host?.steps.find((step) => step.name === name)
  if (!found) throw new Error(`no step ${name}`)
  return found
}
