import assert from 'node:assert/strict'
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import packet from 'dns-packet'
import fc from 'fast-check'
import { readStrict } from '../../../lib/dns/dnssec/message.ts'
import { encodeQuery } from '../../../lib/dns/query.ts'
import { createDnsResolver, type DnsOptions, type DnsResolver } from '../../../lib/dns/resolver.ts'
import { parseServer } from '../../../lib/dns/servers.ts'
import { systemDnsPorts } from '../../../lib/dns/system-ports.ts'
import { Cookies, findCookie, takesCookie } from '../../../lib/dns/transport/cookies.ts'
import { startSandboxDns } from '../../../lib/sandbox/dns-server.ts'
import { optRecord } from '../../../lib/sandbox/dns-message.ts'
import { systemRandom } from '../../../lib/system.ts'
import { a, failure, ManualClock, reply, request } from './fakes.ts'

const QUESTION = { name: 'www.example.test', type: 'A' } as const
const COOKIE = 10
const FORMERR = 1
const BADCOOKIE = { low: 7, high: 1 }

/** An answer with an OPT record of our own making. */
function answer(
  query: Buffer,
  given: { cookie?: Buffer | undefined; address?: string; rcode?: number; highRcode?: number } = {},
): Buffer {
  const { cookie, address = '192.0.2.1', rcode = 0, highRcode = 0 } = given
  const asked = packet.decode(query)
  const answers = rcode === 0 ? [a(QUESTION.name, address)] : []
  const plain = reply({ id: asked.id, questions: asked.questions }, { answers })
  plain.writeUInt16BE((plain.readUInt16BE(2) & 0xfff0) | rcode, 2)
  plain.writeUInt16BE(1, 10)
  const options = cookie ? [[COOKIE, cookie] as const] : []
  return Buffer.concat([
    plain,
    optRecord({ udpOctets: 1232, dnssecOk: false, extendedRcode: highRcode, options }),
  ])
}

const cookieOf = (query: Buffer): Buffer | undefined => readStrict(query).cookie
const clientOf = (query: Buffer): Buffer => cookieOf(query)!.subarray(0, 8)
const whole = (query: Buffer, server = 'server cookie 16'): Buffer =>
  Buffer.concat([clientOf(query), Buffer.from(server)])

describe('a server that does DNS cookies', () => {
  let udp: Socket
  let tcp: Server
  let address: string
  let asked: Buffer[]
  let overTcp: Buffer[]
  let take: (query: Buffer, from: RemoteInfo) => void
  const open: DnsResolver[] = []

  beforeEach(async () => {
    asked = []
    overTcp = []
    tcp = createServer((socket) => {
      socket.on('error', () => undefined)
      socket.on('data', (data) => {
        overTcp.push(data.subarray(2))
        const said = answer(data.subarray(2), { address: '192.0.2.99' })
        socket.end(Buffer.concat([Buffer.from([said.length >> 8, said.length & 255]), said]))
      })
    })
    tcp.listen(0, '127.0.0.1')
    await once(tcp, 'listening')
    const { port } = tcp.address() as { port: number }
    udp = createSocket('udp4')
    udp.on('message', (query, from) => {
      asked.push(query)
      take(query, from)
    })
    udp.bind(port, '127.0.0.1')
    await once(udp, 'listening')
    address = `127.0.0.1:${port}`
  })
  afterEach(async () => {
    for (const resolver of open.splice(0)) resolver.close()
    udp.close()
    await new Promise((resolve) => tcp.close(resolve))
  })
  const send = (message: Buffer, to: RemoteInfo): void => udp.send(message, to.port, to.address)
  async function resolver(options: Partial<DnsOptions> = {}): Promise<DnsResolver> {
    const made = createDnsResolver(await systemDnsPorts({ cache: false }), {
      servers: [address],
      transport: 'udp',
      dnssec: 'off',
      timeoutMs: 2000,
      lifetimeMs: 4000,
      maxCnameHops: 10,
      onLimit: 'fail',
      ...options,
    })
    open.push(made)
    return made
  }
  const addressesOf = async (dns: DnsResolver) => (await dns.resolve(request)).records.A

  it('gets a client cookie, and from then on its own cookie too, always the last', async () => {
    take = (query, from) =>
      send(answer(query, { cookie: whole(query, `cookie no ${asked.length} ....`) }), from)
    const dns = await resolver()
    for (let n = 0; n < 3; n += 1) assert.deepEqual(await addressesOf(dns), ['192.0.2.1'])
    const cookies = asked.map((query) => cookieOf(query)!)
    assert.deepEqual(
      cookies.map(({ length }) => length),
      [8, 24, 24],
    )
    assert.equal(cookies[1]!.toString('latin1', 8), 'cookie no 1 ....')
    assert.equal(cookies[2]!.toString('latin1', 8), 'cookie no 2 ....')
    assert.equal(new Set(asked.map((query) => clientOf(query).toString('hex'))).size, 1)
  })

  it('is not mistaken for a forger with another cookie, or one of no legal length', async () => {
    take = (query, from) => {
      const wrong = Buffer.from(whole(query))
      wrong[3]! ^= 1
      const forged = { address: '6.6.6.6' }
      send(answer(query, { ...forged, cookie: wrong }), from)
      for (const length of [0, 7, 9, 15, 41]) {
        send(
          answer(query, {
            ...forged,
            cookie: Buffer.concat([clientOf(query), Buffer.alloc(40)]).subarray(0, length),
          }),
          from,
        )
      }
      send(answer(query, { cookie: whole(query) }), from)
    }
    const dns = await resolver()
    for (let n = 0; n < 2; n += 1) assert.deepEqual(await addressesOf(dns), ['192.0.2.1'])
    assert.equal(overTcp.length, 0)
  })

  it('is asked over TCP when an answer comes without its cookie, which is not believed', async () => {
    take = (query, from) => send(answer(query, { cookie: whole(query) }), from)
    const dns = await resolver()
    await addressesOf(dns)
    take = (query, from) => {
      send(answer(query, { address: '6.6.6.6' }).subarray(0, 40), from) // nor does it end the question
      send(answer(query, { address: '6.6.6.6' }), from)
    }
    const { records, transport, queries } = await dns.resolve(request)
    assert.deepEqual(
      { records, transport, queries },
      { records: { A: ['192.0.2.99'] }, transport: 'tcp', queries: 2 },
    )
    assert.equal(cookieOf(overTcp[0]!), undefined)
    take = (query, from) => send(answer(query, { cookie: whole(query) }), from)
    assert.equal((await dns.resolve(request)).transport, 'udp')
  })

  it('that wants another one is asked again with it, and then over TCP', async () => {
    take = (query, from) => {
      const isGood = cookieOf(query)!.length === 24
      const bad = { rcode: BADCOOKIE.low, highRcode: BADCOOKIE.high }
      send(answer(query, { cookie: whole(query), ...(isGood ? {} : bad) }), from)
    }
    const dns = await resolver()
    const first = await dns.resolve(request)
    assert.deepEqual([first.queries, first.transport, first.records.A], [2, 'udp', ['192.0.2.1']])
    assert.equal((await dns.resolve(request)).queries, 1)
    take = (query, from) =>
      send(answer(query, { cookie: whole(query), rcode: BADCOOKIE.low, highRcode: BADCOOKIE.high }), from)
    const never = await dns.resolve(request)
    assert.deepEqual([never.queries, never.transport, never.records.A], [3, 'tcp', ['192.0.2.99']])
  })

  it('counts each of these messages against the limit', async () => {
    take = (query, from) =>
      send(answer(query, { cookie: whole(query), rcode: BADCOOKIE.low, highRcode: BADCOOKIE.high }), from)
    const dns = await resolver()
    const limited = { ...request, maxQueriesPerMinute: 10 }
    for (let n = 0; n < 3; n += 1) await dns.resolve(limited)
    assert.equal((await failure(dns.resolve(limited))).code, 'DNS_RATE_LIMITED')
    assert.equal(asked.length + overTcp.length, 10)
  })

  describe('or rather does not', () => {
    it('is asked without them after its first answer', async () => {
      take = (query, from) => send(answer(query), from)
      const dns = await resolver()
      for (let n = 0; n < 3; n += 1) assert.deepEqual(await addressesOf(dns), ['192.0.2.1'])
      assert.deepEqual(
        asked.map((query) => cookieOf(query)?.length),
        [8, undefined, undefined],
      )
    })

    it('and chokes on them is asked again without, with EDNS all the same', async () => {
      take = (query, from) => send(answer(query, { rcode: cookieOf(query) ? FORMERR : 0 }), from)
      const dns = await resolver()
      assert.equal((await dns.resolve(request)).queries, 2)
      assert.equal((await dns.resolve(request)).queries, 1)
      assert.ok(asked.every((query) => readStrict(query).edns))
    })

    it('and knows no EDNS at all is asked without that too', async () => {
      take = (query, from) => {
        const isPlain = readStrict(query).edns === undefined
        send(
          isPlain
            ? reply(packet.decode(query), { answers: [a(QUESTION.name, '192.0.2.1')] })
            : formErr(query),
          from,
        )
      }
      const dns = await resolver()
      assert.deepEqual([(await dns.resolve(request)).queries, (await dns.resolve(request)).queries], [3, 2])
    })

    it('and is behind a firewall that drops them is reached by the repeat', async () => {
      take = (query, from) => {
        if (!cookieOf(query)) send(answer(query), from)
      }
      const dns = await resolver({ timeoutMs: 300 })
      assert.deepEqual(await addressesOf(dns), ['192.0.2.1'])
      assert.equal((await dns.resolve(request)).queries, 1)
    })
  })

  it('gets none where the query has no EDNS, and none over TCP', async () => {
    assert.equal(takesCookie(encodeQuery(QUESTION, { authenticated: false, edns: false })), false)
    assert.equal(takesCookie(encodeQuery(QUESTION, { authenticated: false, edns: true })), true)
    assert.equal(
      takesCookie(encodeQuery({ name: '', type: 'A' }, { authenticated: false, edns: false })),
      false,
    )
    await addressesOf(await resolver({ transport: 'tcp' }))
    assert.equal(cookieOf(overTcp[0]!), undefined)
  })
})

/** A server without EDNS repeats the header only. */
function formErr(query: Buffer): Buffer {
  const header = Buffer.alloc(12)
  query.copy(header, 0, 0, 2)
  header.writeUInt16BE(0x8180 | FORMERR, 2)
  return header
}

describe('the cookies that are kept', () => {
  const query = encodeQuery(QUESTION, { authenticated: false, edns: true })
  const world = () => ({ clock: new ManualClock(), random: systemRandom })
  const server = (at: number) => parseServer(`192.0.2.${at % 250}:${5000 + at}`)!
  const hex = (option: Buffer | undefined): string => option?.toString('hex') ?? 'none'

  it('are another one for each server, and for each address of this machine', () => {
    const jar = new Cookies(world())
    const first = jar.of(server(1), '192.0.2.200')
    assert.equal(jar.of(parseServer('192.0.2.1:5001')!, '192.0.2.200'), first)
    const others = [jar.of(server(2), '192.0.2.200'), jar.of(server(1), '10.0.0.1')]
    assert.equal(new Set([first, ...others].map((each) => hex(each.option()))).size, 3)
    assert.notEqual(jar.of(server(1), '192.0.2.200'), first, 'the address was left for another')
  })

  it('are those of 64 servers at most', () => {
    const jar = new Cookies(world())
    const first = jar.of(server(0), '')
    for (let at = 1; at <= 63; at += 1) jar.of(server(at), '')
    assert.equal(jar.of(server(0), ''), first)
    jar.of(server(64), '')
    assert.notEqual(jar.of(server(0), ''), first)
  })

  it('are forgotten when a server shows none for two minutes, and tried again after an hour', () => {
    const ports = world()
    const cookies = new Cookies(ports).of(server(1), '')
    const client = cookies.option()!.subarray(4)
    const withCookie = answer(query, { cookie: Buffer.concat([client, Buffer.alloc(16, 7)]) })
    const without = answer(query)
    const right = (): void => {
      assert.equal(cookies.check(withCookie), 'right')
      cookies.learn('right', withCookie)
    }
    assert.equal(cookies.check(without), 'unknown')
    right()
    assert.equal(cookies.option()!.length, 28)
    const missing = (): void => {
      assert.equal(cookies.check(without), 'missing')
      cookies.learn('missing', without)
    }
    missing()
    ports.clock.time += 119_000
    missing()
    right()
    ports.clock.time += 119_000
    missing()
    ports.clock.time += 121_000
    missing()
    assert.equal(cookies.check(without), 'unknown')
    assert.equal(cookies.option(), undefined)
    ports.clock.time += 3_600_000
    assert.equal(hex(cookies.option()!.subarray(4)), client.toString('hex'))
  })

  it('are found in any message, or not, without a crash', () => {
    const honest = answer(query, { cookie: Buffer.alloc(24, 1) })
    assert.equal(honest.subarray(findCookie(honest)).toString('hex'), '01'.repeat(24))
    fc.assert(
      fc.property(fc.nat(honest.length), fc.uint8Array({ maxLength: 40 }), (at, octets) => {
        const hostile = Buffer.concat([honest.subarray(0, at), octets])
        const found = findCookie(hostile)
        if (found < 0) return
        assert.ok(found + hostile.readUInt16BE(found - 2) <= hostile.length)
      }),
      { numRuns: 5000 },
    )
  })
})

describe('the DNS server of the sandbox', () => {
  it('that demands cookies is resolved with all the same, validated', async () => {
    const dns = await startSandboxDns({ cookies: 'required' })
    const resolver = createDnsResolver(await systemDnsPorts({ cache: false }), {
      servers: [dns.address],
      trustAnchors: dns.trustAnchor,
      transport: 'udp',
      dnssec: 'validate',
      timeoutMs: 2000,
      lifetimeMs: 4000,
      maxCnameHops: 10,
      onLimit: 'fail',
    })
    const ask = async (domain: string) => await resolver.resolve({ ...request, domain, dnssecRequired: true })
    const first = await ask('crm.sandbox.test')
    const next = await ask('orders.sandbox.test')
    assert.equal(first.queries, 7, 'one more than the six of the chain')
    assert.equal(next.queries, 1)
    resolver.close()
    await dns.close()
  })
})
