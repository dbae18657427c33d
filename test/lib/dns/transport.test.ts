import assert from 'node:assert/strict'
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket as TcpSocket } from 'node:net'
import packet from 'dns-packet'
import { encodeQuery, readReply, type Reply } from '../../../lib/dns/query.ts'
import { createDnsResolver, type DnsOptions, type DnsResolver } from '../../../lib/dns/resolver.ts'
import { systemDnsPorts } from '../../../lib/dns/system-ports.ts'
import { createTcpTransport } from '../../../lib/dns/transport/stream.ts'
import type { DnsTransport, Exchange } from '../../../lib/dns/transport/transport.ts'
import { createUdpTransport } from '../../../lib/dns/transport/udp.ts'
import { startSandboxDns, type SandboxDns } from '../../../lib/sandbox/dns-server.ts'
import { systemClock, systemRandom, systemSoon } from '../../../lib/system.ts'
import { a, failure, reply, request } from './fakes.ts'

const ports = { clock: systemClock, random: systemRandom, soon: systemSoon }
const question = { name: 'www.example.test', type: 'A' } as const
const query = encodeQuery(question, { authenticated: false, edns: true })
const answer = (message: Buffer, address = '192.0.2.1', name: string = question.name): Buffer => {
  const asked = packet.decode(message)
  return reply({ ...asked, questions: [{ name, type: 'A' }] }, { answers: [a(name, address)] })
}
const exchange = (port: number, more: Partial<Exchange<Reply>> = {}): Exchange<Reply> => ({
  server: { address: '127.0.0.1', port, family: 4 },
  query,
  read: (message) => readReply(packet, message, question),
  timeoutMs: 2000,
  ...more,
})

describe('DNS over UDP', () => {
  let server: Socket
  let port: number
  let udp: DnsTransport
  let onQuery: (message: Buffer, from: RemoteInfo) => void

  beforeEach(async () => {
    server = createSocket('udp4')
    server.on('message', (message, from) => onQuery(message, from))
    server.bind(0, '127.0.0.1')
    await once(server, 'listening')
    port = server.address().port
    udp = createUdpTransport(ports)
  })
  afterEach(() => {
    udp.close()
    server.close()
  })
  const send = (message: Buffer, to: RemoteInfo): void => server.send(message, to.port, to.address)

  it('ignores what has another id or answers another question, and takes the right one', async () => {
    onQuery = (message, from) => {
      const forged = answer(message, '6.6.6.6')
      forged.writeUInt16BE(message.readUInt16BE(0) ^ 1, 0)
      send(forged, from)
      send(answer(message, '6.6.6.6', 'other.example.test'), from)
      send(message, from) // the question itself, reflected
      send(Buffer.alloc(0), from)
      send(Buffer.from('junk'), from)
      send(answer(message), from)
    }
    assert.deepEqual((await udp.exchange(exchange(port))).values, ['192.0.2.1'])
  })

  it('ignores what comes from another port', async () => {
    const stranger = createSocket('udp4')
    onQuery = (message, from) => {
      stranger.send(answer(message, '6.6.6.6'), from.port, from.address, () => send(answer(message), from))
    }
    assert.deepEqual((await udp.exchange(exchange(port))).values, ['192.0.2.1'])
    stranger.close()
  })

  it('asks with random ids, and from a new port whenever nothing is under way', async () => {
    const ids = new Set<number>()
    const from = new Set<number>()
    onQuery = (message, sender) => {
      ids.add(message.readUInt16BE(0))
      from.add(sender.port)
      send(answer(message), sender)
    }
    for (let n = 0; n < 20; n += 1) await udp.exchange(exchange(port))
    assert.ok(ids.size >= 18, `${ids.size} ids`)
    assert.ok(from.size >= 15, `${from.size} ports`)
  })

  it('never has more than 64 questions on one port', async () => {
    const perPort = new Map<number, number>()
    onQuery = (message, sender) => {
      perPort.set(sender.port, (perPort.get(sender.port) ?? 0) + 1)
      send(answer(message), sender)
    }
    await Promise.all(Array.from({ length: 150 }, () => udp.exchange(exchange(port))))
    assert.equal(
      [...perPort.values()].reduce((sum, count) => sum + count, 0),
      150,
    )
    assert.ok(Math.max(...perPort.values()) <= 64)
  })

  it('gives up after timeoutMs', async () => {
    onQuery = () => undefined
    const error = await failure(udp.exchange(exchange(port, { timeoutMs: 30 })))
    assert.equal(error.code, 'DNS_TIMEOUT')
    assert.match(error.message, /127\.0\.0\.1:\d+ within 30 ms/)
  })

  it('knows at once that nobody listens', async () => {
    const gone = createSocket('udp4')
    gone.bind(0, '127.0.0.1')
    await once(gone, 'listening')
    const closedPort = gone.address().port
    gone.close()
    const error = await failure(udp.exchange(exchange(closedPort, { timeoutMs: 5000 })))
    assert.equal(error.code, 'DNS_TIMEOUT')
    assert.match(error.message, /ECONNREFUSED/)
  })

  it('stops at an abort, before and after the question is sent', async () => {
    const stop = new AbortController()
    onQuery = () => stop.abort()
    assert.equal((await failure(udp.exchange(exchange(port, { signal: stop.signal })))).code, 'ABORTED')
    assert.equal((await failure(udp.exchange(exchange(port, { signal: stop.signal })))).code, 'ABORTED')
    const early = new AbortController()
    const asked = failure(udp.exchange(exchange(port, { signal: early.signal })))
    early.abort()
    assert.equal((await asked).code, 'ABORTED')
  })

  it('fails what is under way when it is closed', async () => {
    onQuery = () => udp.close()
    assert.equal((await failure(udp.exchange(exchange(port)))).code, 'ABORTED')
    assert.equal((await failure(udp.exchange(exchange(port)))).code, 'ABORTED')
  })
})

describe('DNS over TCP', () => {
  let server: Server
  let port: number
  let tcp: DnsTransport
  let onQuery: (message: Buffer, socket: TcpSocket) => void

  beforeEach(async () => {
    server = createServer((socket) => {
      socket.on('error', () => undefined)
      socket.on('data', (data) => onQuery(data.subarray(2), socket))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    port = (server.address() as AddressInfo).port
    tcp = createTcpTransport(ports)
  })
  afterEach(async () => {
    tcp.close()
    await new Promise((resolve) => server.close(resolve))
  })
  const framed = (message: Buffer): Buffer =>
    Buffer.concat([Buffer.from([message.length >> 8, message.length & 255]), message])

  it('reads an answer that comes in pieces', async () => {
    onQuery = (message, socket) => {
      const bytes = framed(answer(message))
      void (async () => {
        for (const byte of bytes) {
          socket.write(Buffer.from([byte]))
          await new Promise((resolve) => setImmediate(resolve))
        }
      })()
    }
    assert.deepEqual((await tcp.exchange(exchange(port))).values, ['192.0.2.1'])
  })

  it('does not wait for another answer after a wrong one', async () => {
    onQuery = (message, socket) => socket.write(framed(answer(message, '6.6.6.6', 'other.test')))
    assert.equal((await failure(tcp.exchange(exchange(port)))).code, 'DNS_MALFORMED')
  })

  it('fails when the server hangs up, does not listen, or keeps silent', async () => {
    onQuery = (message, socket) => socket.end(framed(answer(message)).subarray(0, 20))
    assert.match((await failure(tcp.exchange(exchange(port)))).message, /connection was closed/)
    onQuery = () => undefined
    assert.equal((await failure(tcp.exchange(exchange(port, { timeoutMs: 30 })))).code, 'DNS_TIMEOUT')
    const error = await failure(tcp.exchange(exchange(1)))
    assert.equal(error.code, 'DNS_TIMEOUT')
    assert.match(error.message, /ECONNREFUSED/)
  })

  it('stops at an abort and when it is closed', async () => {
    const stop = new AbortController()
    onQuery = () => stop.abort()
    assert.equal((await failure(tcp.exchange(exchange(port, { signal: stop.signal })))).code, 'ABORTED')
    onQuery = () => tcp.close()
    assert.equal((await failure(tcp.exchange(exchange(port)))).code, 'ABORTED')
    assert.equal((await failure(tcp.exchange(exchange(port)))).code, 'ABORTED')
  })
})

describe('the resolver with real sockets and the DNS server of the sandbox', () => {
  let dns: SandboxDns
  const open: DnsResolver[] = []

  before(async () => {
    dns = await startSandboxDns()
  })
  after(() => dns.close())
  afterEach(() => {
    for (const resolver of open.splice(0)) resolver.close()
  })

  async function resolver(options: Partial<DnsOptions> = {}): Promise<DnsResolver> {
    const made = createDnsResolver(await systemDnsPorts({ cache: false }), {
      servers: [dns.address],
      transport: 'udp',
      dnssec: 'ad',
      timeoutMs: 2000,
      lifetimeMs: 4000,
      maxCnameHops: 10,
      onLimit: 'fail',
      ...options,
    })
    open.push(made)
    return made
  }
  const required = { ...request, dnssecRequired: true, maxQueriesPerMinute: 1000 }

  it('resolves over UDP and over TCP', async () => {
    for (const transport of ['udp', 'tcp'] as const) {
      const result = await (
        await resolver({ transport })
      ).resolve({ ...required, domain: 'www.sandbox.test' })
      assert.deepEqual(result.records, { A: ['127.0.0.1'] })
      assert.equal(result.transport, transport)
      assert.equal(result.dnssec.status, 'secure')
      assert.equal(result.cnameChain.at(-1), 'api.sandbox.test.')
    }
  })

  it('fetches a truncated answer over TCP', async () => {
    const big = await (
      await resolver()
    ).resolve({ ...required, domain: 'big.sandbox.test', recordTypes: ['A', 'TXT'] })
    assert.equal(big.transport, 'tcp')
    assert.equal(big.records.A?.length, 120)
    assert.equal(String(big.records.TXT?.[0]).length, 4000)
  })

  it('asks the next server when the first does not listen', async () => {
    const result = await (
      await resolver({ servers: ['127.0.0.1:1', dns.address] })
    ).resolve({ ...required, domain: 'crm.sandbox.test' })
    assert.equal(result.server, dns.address)
  })

  it('tells each failure of the zone by its code', async () => {
    const codes: Record<string, string> = {
      'missing.sandbox.test': 'DNS_NXDOMAIN',
      'loop1.sandbox.test': 'DNS_CNAME_LOOP',
      'hop1.sandbox.test': 'DNS_CNAME_TOO_LONG',
      'servfail.sandbox.test': 'DNS_SERVFAIL',
      'bogus.sandbox.test': 'DNS_DNSSEC_BOGUS',
      'refused.sandbox.test': 'DNS_REFUSED',
      'unsigned.sandbox.test': 'DNS_DNSSEC_INSECURE',
      'silent.sandbox.test': 'DNS_TIMEOUT',
    }
    const quick = await resolver({ timeoutMs: 100, lifetimeMs: 200 })
    for (const [domain, code] of Object.entries(codes)) {
      assert.equal((await failure(quick.resolve({ ...required, domain }))).code, code, domain)
    }
  })

  it('holds a thousand look-ups at the same time', async () => {
    const busy = await resolver()
    const names = ['crm', 'orders', 'calendar', 'api', 'sink', 'www']
    const results = await Promise.all(
      Array.from({ length: 1000 }, (_, n) =>
        busy.resolve({ ...required, domain: `${names[n % 6]!}.sandbox.test` }),
      ),
    )
    assert.ok(results.every(({ records }) => records.A?.[0] === '127.0.0.1'))
  })
})
