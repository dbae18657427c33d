import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createSecureServer, type Http2SecureServer, type ServerHttp2Session } from 'node:http2'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TLSSocket } from 'node:tls'
import packet from 'dns-packet'
import { encodeQuery, readReply, type Reply } from '../../../lib/dns/query.ts'
import { createHttpsTransport } from '../../../lib/dns/transport/https.ts'
import { createTcpTransport, createTlsTransport } from '../../../lib/dns/transport/stream.ts'
import type { DnsTransport, Exchange } from '../../../lib/dns/transport/transport.ts'
import { systemClock, systemRandom, systemSoon } from '../../../lib/system.ts'
import { selfSigned } from '../http/self-signed.ts'
import { a, failure, reply } from './fakes.ts'

const NAME = 'dns.example.test'
const question = { name: 'www.example.test', type: 'A' } as const
const query = encodeQuery(question, { authenticated: false, edns: true })
const certificate = selfSigned(NAME)
const world = { clock: systemClock, random: systemRandom, soon: systemSoon, ca: certificate.cert }

const answerTo = (message: Buffer, address = '192.0.2.1'): Buffer =>
  reply(packet.decode(message), { answers: [a(question.name, address)] })
const framed = (message: Buffer): Buffer =>
  Buffer.concat([Buffer.from([message.length >> 8, message.length & 255]), message])
const exchange = (port: number, more: Partial<Exchange<Reply>> = {}): Exchange<Reply> => ({
  server: { address: '127.0.0.1', port, family: 4, name: NAME },
  query,
  read: (message) => readReply(packet, message, question),
  timeoutMs: 3000,
  ...more,
})
const portOf = async (server: Server): Promise<number> => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** Calls back with each message of a connection. */
function onMessages(socket: Socket, take: (message: Buffer) => void): void {
  let held = Buffer.alloc(0)
  socket.on('error', () => undefined)
  socket.on('data', (data) => {
    held = Buffer.concat([held, data])
    while (held.length >= 2 && held.length >= 2 + held.readUInt16BE(0)) {
      take(held.subarray(2, 2 + held.readUInt16BE(0)))
      held = held.subarray(2 + held.readUInt16BE(0))
    }
  })
}

describe('DNS over one TCP connection', () => {
  let server: Server
  let tcp: DnsTransport
  let sockets: Socket[]
  let take: (message: Buffer, socket: Socket) => void
  let port: number

  beforeEach(async () => {
    sockets = []
    server = createServer((socket) => {
      sockets.push(socket)
      onMessages(socket, (message) => take(message, socket))
    })
    port = await portOf(server)
    tcp = createTcpTransport(world)
  })
  afterEach(async () => {
    tcp.close()
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })

  it('many questions are under way, and answered in any order', async () => {
    const asked: Buffer[] = []
    take = (message, socket) => {
      asked.push(message)
      if (asked.length < 50) return
      for (const [at, one] of asked.reverse().entries()) socket.write(framed(answerTo(one, `192.0.2.${at}`)))
    }
    const replies = await Promise.all(Array.from({ length: 50 }, () => tcp.exchange(exchange(port))))
    assert.equal(new Set(replies.map(({ values }) => values[0])).size, 50)
    assert.equal(sockets.length, 1)
  })

  it('a question is repeated on a new one when the server hangs up an old one', async () => {
    take = (message, socket) => {
      if (sockets.length === 1 && socket.bytesWritten > 0) socket.destroy()
      else socket.write(framed(answerTo(message)))
    }
    await tcp.exchange(exchange(port))
    assert.deepEqual((await tcp.exchange(exchange(port))).values, ['192.0.2.1'])
    assert.equal(sockets.length, 2)
  })

  it('an answer that comes too late disturbs no other question', async () => {
    take = (late) => {
      take = (next, on) => {
        on.write(framed(answerTo(late, '192.0.2.9')))
        on.write(framed(answerTo(next)))
      }
    }
    assert.equal((await failure(tcp.exchange(exchange(port, { timeoutMs: 30 })))).code, 'DNS_TIMEOUT')
    assert.deepEqual((await tcp.exchange(exchange(port))).values, ['192.0.2.1'])
  })
})

describe('DNS over TLS', () => {
  let server: ReturnType<typeof createTlsServer>
  let sockets: TLSSocket[]
  let port: number
  const open: DnsTransport[] = []
  const tls = (ca = certificate.cert): DnsTransport => {
    const transport = createTlsTransport({ ...world, ca })
    open.push(transport)
    return transport
  }

  beforeEach(async () => {
    sockets = []
    server = createTlsServer({ ...certificate, ALPNProtocols: ['dot'] }, (socket) => {
      sockets.push(socket)
      onMessages(socket, (message) => socket.write(framed(answerTo(message))))
    })
    server.on('tlsClientError', () => undefined)
    port = await portOf(server)
  })
  afterEach(async () => {
    for (const transport of open.splice(0)) transport.close()
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })

  it('asks and gets an answer, and resumes its session when it connects again', async () => {
    const transport = tls()
    assert.deepEqual((await transport.exchange(exchange(port))).values, ['192.0.2.1'])
    await transport.exchange(exchange(port))
    assert.equal(sockets.length, 1)
    assert.equal(sockets[0]!.alpnProtocol, 'dot')
    sockets[0]!.destroy()
    await new Promise((resolve) => setTimeout(resolve, 50))
    await transport.exchange(exchange(port))
    assert.equal(sockets.length, 2)
    assert.equal(sockets[1]!.isSessionReused(), true)
  })

  it('asks nothing where the certificate is of another name, or of an authority that is not trusted', async () => {
    const { address, family } = { address: '127.0.0.1', family: 4 as const }
    for (const [transport, name] of [
      [tls(), 'other.example.test'],
      [tls(), undefined],
      [tls(selfSigned(NAME).cert), NAME],
    ] as const) {
      const to = { address, port, family, ...(name === undefined ? {} : { name }) }
      const error = await failure(transport.exchange(exchange(port, { server: to })))
      assert.equal(error.code, 'DNS_TIMEOUT')
      assert.match(error.message, /certificate|altnames|self-signed/i)
    }
  })
})

describe('DNS over HTTPS', () => {
  let server: Http2SecureServer
  let sessions: ServerHttp2Session[]
  let port: number
  let https: DnsTransport
  let say: (message: Buffer) => { status: number; body: Buffer }

  beforeEach(async () => {
    sessions = []
    say = (message) => ({ status: 200, body: answerTo(message) })
    server = createSecureServer({ ...certificate })
    server.on('session', (session) => sessions.push(session))
    server.on('stream', (stream, headers) => {
      const chunks: Buffer[] = []
      stream.on('error', () => undefined)
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        assert.equal(headers[':path'], '/dns-query')
        assert.equal(headers['content-type'], 'application/dns-message')
        const { status, body } = say(Buffer.concat(chunks))
        if (stream.destroyed) return
        stream.respond({ ':status': status, 'content-type': 'application/dns-message' })
        stream.end(body)
      })
    })
    port = await portOf(server)
    https = createHttpsTransport(world)
  })
  afterEach(async () => {
    https.close()
    for (const session of sessions) session.destroy()
    await new Promise((resolve) => server.close(resolve))
  })

  it('asks over one HTTP/2 connection', async () => {
    const replies = await Promise.all(Array.from({ length: 20 }, () => https.exchange(exchange(port))))
    assert.ok(replies.every(({ values }) => values[0] === '192.0.2.1'))
    assert.equal(sessions.length, 1)
  })

  it('connects again after the server has gone', async () => {
    await https.exchange(exchange(port))
    sessions[0]?.close()
    await new Promise((resolve) => setTimeout(resolve, 50))
    assert.deepEqual((await https.exchange(exchange(port))).values, ['192.0.2.1'])
    assert.equal(sessions.length, 2)
  })

  it('fails for a refused request, another answer, an answer too long, silence, and a wrong certificate', async () => {
    say = () => ({ status: 503, body: Buffer.from('busy') })
    assert.match((await failure(https.exchange(exchange(port)))).message, /HTTP status 503/)
    say = () => ({ status: 200, body: Buffer.from('no DNS message') })
    assert.equal((await failure(https.exchange(exchange(port)))).code, 'DNS_MALFORMED')
    say = () => ({ status: 200, body: Buffer.alloc(70_000) })
    assert.match((await failure(https.exchange(exchange(port)))).message, /too long/)
    const stop = new AbortController()
    say = (message) => {
      stop.abort()
      return { status: 200, body: answerTo(message) }
    }
    assert.equal((await failure(https.exchange(exchange(port, { signal: stop.signal })))).code, 'ABORTED')
    const other = { address: '127.0.0.1', port, family: 4, name: 'other.example.test' } as const
    assert.match((await failure(https.exchange(exchange(port, { server: other })))).message, /altnames/)
  })
})
