// Raw sockets rather than an HTTP client: the load must cost less than what is measured.
import { connect, type Socket } from 'node:net'
import type { Load, LoadResult } from './load.ts'

const { port, path, bodies, headers = {}, connections, seconds, rate } = JSON.parse(process.argv[2]!) as Load
const requests = bodies.map((body) => {
  const lines = Object.entries({ 'Content-Type': 'application/json', ...headers }).map(
    ([name, value]) => `${name}: ${value}`,
  )
  return Buffer.from(
    `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${lines.join('\r\n')}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  )
})

const latencies: number[] = []
const failures: Record<string, number> = {}
const started = performance.now()
const end = started + seconds * 1000
const gapMs = rate === undefined ? 0 : (connections * 1000) / rate
let next = 0

/** Length of the first whole answer in `bytes` and its status; undefined while it is not complete. */
function readAnswer(bytes: Buffer): { readonly status: number; readonly length: number } | undefined {
  const head = bytes.indexOf('\r\n\r\n')
  if (head < 0) return undefined
  const text = bytes.toString('latin1', 0, head)
  const status = Number(text.slice(9, 12))
  const size = /\r\ncontent-length: *(\d+)/i.exec(text)?.[1]
  if (size !== undefined) {
    const length = head + 4 + Number(size)
    return bytes.length >= length ? { status, length } : undefined
  }
  const last = bytes.indexOf('\r\n0\r\n\r\n', head)
  return last < 0 ? undefined : { status, length: last + 7 }
}

function worker(index: number): Promise<void> {
  return new Promise((done) => {
    let held: Buffer = Buffer.alloc(0)
    let sentAt = 0
    let due = started + (gapMs * index) / connections
    const send = (socket: Socket): void => {
      sentAt = performance.now()
      socket.write(requests[next++ % requests.length]!)
    }
    const again = (socket: Socket): void => {
      due += gapMs
      const wait = gapMs === 0 ? 0 : due - performance.now()
      if (wait > 0) setTimeout(() => send(socket), wait)
      else send(socket)
    }
    const socket = connect(port, '127.0.0.1', () => again(socket))
    socket.setNoDelay(true)
    socket.on('data', (bytes: Buffer) => {
      held = held.length === 0 ? bytes : Buffer.concat([held, bytes])
      const answer = readAnswer(held)
      if (!answer) return
      held = held.subarray(answer.length)
      const now = performance.now()
      latencies.push(now - sentAt)
      if (answer.status !== 200) failures[answer.status] = (failures[answer.status] ?? 0) + 1
      if (now < end) again(socket)
      else socket.end()
    })
    socket.on('error', () => (failures[0] = (failures[0] ?? 0) + 1))
    socket.on('close', () => done())
  })
}

await Promise.all(Array.from({ length: connections }, (_, index) => worker(index)))
latencies.sort((a, b) => a - b)
const at = (share: number): number =>
  latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? 0
const result: LoadResult = {
  requests: latencies.length,
  perSecond: latencies.length / seconds,
  failures,
  p50: at(0.5),
  p99: at(0.99),
  max: latencies.at(-1) ?? 0,
}
process.send!(result)
process.disconnect()
