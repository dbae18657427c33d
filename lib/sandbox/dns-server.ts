import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { systemClock } from '../system.ts'
import { answerDns, type Arrival } from './dns-answer.ts'
import { SandboxCookies } from './dns-cookies.ts'
import { sandboxZone, type SandboxZone } from './dns-zone.ts'

const HOST = '127.0.0.1'
const PORT_TRIES = 20
const IDLE_MS = 10_000
const MAX_CONNECTIONS = 256

/** A running DNS server of the sandbox. */
export interface SandboxDns {
  /** `127.0.0.1:<port>`, UDP and TCP. */
  readonly address: string
  /** What a validator has to start from, see `parseTrustAnchors`; the keys are made anew at each start. */
  readonly trustAnchor: string
  close(): Promise<void>
}

/**
 * Starts the sandbox's DNS server: UDP and TCP on one loopback port. It plays a validating resolver for
 * `sandbox.test` (AD bit, EDNS, EDE, cookies), signed from a root of its own down, and refuses every other name.
 * Malformed messages get FORMERR or nothing.
 *
 * @param options `port`: 0 or left out takes a free one; `httpPort`: where SRV records point; `cookies`: `required`
 * refuses UDP clients that show no good one (BADCOOKIE), `none` knows no DNS cookies.
 */
export async function startSandboxDns(
  options: { port?: number; httpPort?: number; cookies?: 'required' | 'none' } = {},
): Promise<SandboxDns> {
  const { default: codec } = await import('dns-packet')
  const zone = sandboxZone(codec, options.httpPort ?? 0, () => systemClock.now())
  const cookies = options.cookies === 'none' ? undefined : new SandboxCookies(() => systemClock.now() / 1000)
  const mustShowCookie = options.cookies === 'required'
  const answer = remembering((message, transport, address) =>
    answerSafely(zone, message, { transport, address, cookies, mustShowCookie }),
  )
  const { tcp, udp, port } = await listen(options.port ?? 0)
  const connections = serveTcp(tcp, answer)
  serveUdp(udp, answer)
  let closing: Promise<void> | undefined
  return {
    address: `${HOST}:${port}`,
    trustAnchor: zone.trustAnchor,
    close: () => (closing ??= closeAll(tcp, udp, connections)),
  }
}

type Answerer = (message: Buffer, transport: 'udp' | 'tcp', address: string) => Buffer | undefined

const MAX_REMEMBERED = 500
const REMEMBERED_MS = 10_000

/** Gives the same answer to the same question for a while: loads are many equal questions. */
function remembering(answer: Answerer): Answerer {
  const known = new Map<string, { readonly reply: Buffer; readonly until: number }>()
  return (message, transport, address) => {
    const key = transport + address + message.toString('latin1', 2)
    const found = known.get(key)
    const now = systemClock.monotonic()
    if (found && now < found.until) {
      const reply = Buffer.from(found.reply)
      message.copy(reply, 0, 0, 2)
      return reply
    }
    const reply = answer(message, transport, address)
    if (known.size >= MAX_REMEMBERED) known.clear()
    if (reply && message.length >= 2) known.set(key, { reply, until: now + REMEMBERED_MS })
    return reply
  }
}

/** A test server must outlive every question. */
function answerSafely(zone: SandboxZone, message: Buffer, arrival: Arrival) {
  try {
    return answerDns(zone, message, arrival)
  } catch {
    return undefined
  }
}

/** Binds both on one port. With port 0, a port whose UDP side is taken is given back and another one tried. */
async function listen(port: number): Promise<{ tcp: Server; udp: UdpSocket; port: number }> {
  for (let tries = 1; ; tries += 1) {
    const tcp = createServer()
    tcp.listen(port, HOST)
    await once(tcp, 'listening')
    const bound = (tcp.address() as { port: number }).port
    const udp = createSocket('udp4')
    try {
      udp.bind(bound, HOST)
      await once(udp, 'listening')
      return { tcp, udp, port: bound }
    } catch (error) {
      udp.close()
      await new Promise((resolve) => tcp.close(resolve))
      if (port !== 0 || tries >= PORT_TRIES) throw error
    }
  }
}

function serveUdp(udp: UdpSocket, answer: Answerer): void {
  udp.on('error', () => undefined) // an ICMP error of one client concerns no other
  udp.on('message', (message, from) => {
    const reply = answer(message, 'udp', from.address)
    if (reply) udp.send(reply, from.port, from.address, () => undefined)
  })
}

function serveTcp(tcp: Server, answer: Answerer): ReadonlySet<Socket> {
  const connections = new Set<Socket>()
  tcp.maxConnections = MAX_CONNECTIONS
  tcp.on('connection', (socket) => {
    connections.add(socket)
    socket.on('close', () => connections.delete(socket))
    socket.on('error', () => socket.destroy())
    socket.setTimeout(IDLE_MS, () => socket.destroy())
    let waiting: Buffer = Buffer.alloc(0)
    socket.on('data', (chunk) => {
      waiting = Buffer.concat([waiting, chunk])
      while (waiting.length >= 2 && waiting.length >= 2 + waiting.readUInt16BE(0)) {
        const end = 2 + waiting.readUInt16BE(0)
        const reply = answer(waiting.subarray(2, end), 'tcp', socket.remoteAddress ?? '')
        waiting = waiting.subarray(end)
        if (reply) socket.write(Buffer.concat([Buffer.from([reply.length >> 8, reply.length & 0xff]), reply]))
      }
    })
  })
  return connections
}

async function closeAll(tcp: Server, udp: UdpSocket, connections: ReadonlySet<Socket>): Promise<void> {
  for (const socket of connections) socket.destroy()
  const closed = new Promise((resolve) => tcp.close(resolve))
  udp.close()
  await closed
}
