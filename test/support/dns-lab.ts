import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { readStrict } from '../../lib/dns/dnssec/message.ts'
import type { DnsTree } from './dns-tree.ts'

/** What an oracle thinks of an answer. */
export type Opinion = 'secure' | 'insecure' | 'bogus'

const run = promisify(execFile)
const FOLDERS = ['/usr/sbin', '/usr/bin', '/usr/local/sbin', ...(process.env['PATH'] ?? '').split(delimiter)]

/** The path of a program, if it is installed. */
export const programPath = (name: string): string | undefined =>
  FOLDERS.map((folder) => join(folder, name)).find((path) => existsSync(path))

/** Those of the programs that are not installed. In CI they must be: then this throws. */
export function missingPrograms(...names: readonly string[]): readonly string[] {
  const missing = names.filter((name) => programPath(name) === undefined)
  if (missing.length > 0 && process.env['CI'] !== undefined) {
    throw new Error(
      `the DNS lab needs ${missing.join(', ')}: apt-get install bind9 bind9-utils bind9-dnsutils unbound`,
    )
  }
  return missing
}

/** A port of 127.0.0.1 that is free for UDP and TCP. */
export async function freePort(): Promise<number> {
  for (;;) {
    const tcp = createServer()
    tcp.listen(0, '127.0.0.1')
    await once(tcp, 'listening')
    const { port } = tcp.address() as AddressInfo
    const udp = createSocket('udp4')
    const isFree = await new Promise<boolean>((resolve) => {
      udp.once('error', () => resolve(false))
      udp.bind(port, '127.0.0.1', () => resolve(true))
    })
    if (isFree) udp.close()
    await new Promise((resolve) => tcp.close(resolve))
    if (isFree) return port
  }
}

/** Serves a tree as a resolver that does not check. */
export async function serveTree(tree: DnsTree): Promise<{ port: number; close(): void }> {
  const port = await freePort()
  const udp = createSocket('udp4')
  udp.on('error', () => undefined)
  udp.on('message', (query, from) => {
    const whole = tree.answer(query)
    const reply = whole.length > 1232 ? truncated(whole) : whole
    udp.send(reply, from.port, from.address)
  })
  udp.bind(port, '127.0.0.1')
  await once(udp, 'listening')
  const tcp = createServer((socket) => {
    let held = Buffer.alloc(0)
    socket.on('error', () => undefined)
    socket.on('data', (data) => {
      held = Buffer.concat([held, data])
      while (held.length >= 2 && held.length >= 2 + held.readUInt16BE(0)) {
        const reply = tree.answer(held.subarray(2, 2 + held.readUInt16BE(0)))
        held = held.subarray(2 + held.readUInt16BE(0))
        socket.write(Buffer.concat([Buffer.from([reply.length >> 8, reply.length & 255]), reply]))
      }
    })
  })
  tcp.listen(port, '127.0.0.1')
  await once(tcp, 'listening')
  return {
    port,
    close: () => {
      udp.close()
      tcp.close()
    },
  }
}

/** Header and question only, with the TC bit. */
function truncated(reply: Buffer): Buffer {
  const { question } = readStrict(reply)
  const cut = Buffer.from(reply.subarray(0, 12 + (question?.name.length ?? 0) + 4))
  cut.writeUInt16BE(cut.readUInt16BE(2) | 0x0200, 2)
  return cut.fill(0, 6, 12)
}

/** A server program with its own folder, ended by `close`. */
export async function startServer(
  program: string,
  configure: (folder: string) => Promise<readonly string[]>,
  port: number,
): Promise<{ port: number; close(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'dns-lab-'))
  const args = await configure(folder)
  const child = spawn(programPath(program) ?? program, args, {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr.setEncoding('utf8')
  child.stderr.on('data', (text: string) => (said += text))
  const close = async (): Promise<void> => {
    await end(child)
    await rm(folder, { recursive: true, force: true })
  }
  for (let tries = 0; tries < 100; tries += 1) {
    if (child.exitCode !== null) break
    if (await answers(port)) return { port, close }
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  await close()
  throw new Error(`${program} does not start: ${said.slice(-2000)}`)
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  child.kill()
  await once(child, 'exit')
}

async function answers(port: number): Promise<boolean> {
  const query = Buffer.concat([Buffer.from([0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1])])
  return (await exchange(port, query, 200)) !== undefined
}

/** One question over UDP. */
export async function exchange(port: number, query: Buffer, timeoutMs = 5000): Promise<Buffer | undefined> {
  const socket = createSocket('udp4')
  try {
    return await new Promise<Buffer | undefined>((resolve) => {
      const timer = setTimeout(() => resolve(undefined), timeoutMs)
      socket.on('error', () => resolve(undefined))
      socket.on('message', (message) => {
        clearTimeout(timer)
        resolve(message)
      })
      socket.send(query, port, '127.0.0.1')
    })
  } finally {
    socket.close()
  }
}

/**
 * unbound as a resolver that asks `upstream`: a resolver, or the authority for the zones `stubs`.
 *
 * @param anchor what it validates from; empty: it does not.
 * @param more lines of its server section.
 */
export async function startUnbound(
  upstream: number,
  anchor: string,
  stubs: readonly string[] = [],
  more: readonly string[] = [],
): Promise<{ port: number; close(): Promise<void> }> {
  const port = await freePort()
  const config = `
server:
  interface: 127.0.0.1
  port: ${port}
  do-daemonize: no
  do-ip6: no
  chroot: ""
  username: ""
  pidfile: ""
  use-syslog: no
  logfile: ""
${anchor === '' ? '' : `  trust-anchor: "${anchor}"`}
  trust-anchor-signaling: no
  module-config: "${anchor === '' ? 'iterator' : 'validator iterator'}"
${more.map((line) => `  ${line}`).join('\n')}
  do-not-query-localhost: no
  qname-minimisation: no
  ede: yes
  local-zone: "test." nodefault
  edns-buffer-size: 1232
  num-threads: 1
remote-control:
  control-enable: no
${stubs.map((zone) => `stub-zone:\n  name: "${zone}"\n  stub-addr: 127.0.0.1@${upstream}`).join('\n')}
${stubs.length > 0 ? '' : `forward-zone:\n  name: "."\n  forward-addr: 127.0.0.1@${upstream}`}
`
  return startServer(
    'unbound',
    async (folder) => {
      await writeFile(join(folder, 'unbound.conf'), config)
      return ['-d', '-c', join(folder, 'unbound.conf')]
    },
    port,
  )
}

/** What BIND's `delv` finds when it validates through a server. */
export async function askDelv(port: number, anchor: string, name: string, type: string): Promise<Opinion> {
  const folder = await mkdtemp(join(tmpdir(), 'delv-'))
  try {
    const [, , , tag, algorithm, digestType, digest] = anchor.split(' ')
    const keys = join(folder, 'anchor.conf')
    await writeFile(keys, `trust-anchors { . static-ds ${tag} ${algorithm} ${digestType} "${digest}"; };\n`)
    const args = ['@127.0.0.1', '-p', String(port), '-a', keys, '+root=.', name, type]
    const said = await run(programPath('delv') ?? 'delv', args).catch((error: unknown) => error)
    const { stdout, stderr } = said as { stdout: string; stderr: string }
    // A negative answer is a failed resolution too, but one of the cache.
    if (/resolution failed: (?!ncache)/.test(stdout + stderr)) return 'bogus'
    if (/unsigned answer/.test(stdout)) return 'insecure'
    return /fully validated/.test(stdout) ? 'secure' : 'bogus'
  } finally {
    await rm(folder, { recursive: true })
  }
}
