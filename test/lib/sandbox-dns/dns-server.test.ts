import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { Resolver } from 'node:dns/promises'
import { once } from 'node:events'
import { connect } from 'node:net'
import packet from 'dns-packet'
import type { DecodedPacket, OptAnswer, Packet } from 'dns-packet'
import fc from 'fast-check'
import { startSandboxDns, type SandboxDns } from '../../../lib/sandbox/dns-server.ts'

const RD = packet.RECURSION_DESIRED
const AD = packet.AUTHENTIC_DATA
const opt = {
  type: 'OPT',
  name: '.',
  udpPayloadSize: 1232,
  extendedRcode: 0,
  ednsVersion: 0,
  flags: 0,
} as OptAnswer

describe('the DNS server of the sandbox', () => {
  let dns: SandboxDns
  let port: number
  let resolver: Resolver

  before(async () => {
    dns = await startSandboxDns({ httpPort: 8089 })
    port = Number(dns.address.split(':')[1])
    resolver = new Resolver()
    resolver.setServers([dns.address])
  })
  after(() => dns.close())

  async function exchange(message: Buffer): Promise<Buffer> {
    const socket = createSocket('udp4')
    try {
      socket.send(message, port, '127.0.0.1')
      const [reply] = (await once(socket, 'message')) as [Buffer]
      return reply
    } finally {
      socket.close()
    }
  }
  const ask = async (name: string, type: string, more: Partial<Packet> = {}): Promise<DecodedPacket> =>
    packet.decode(
      await exchange(
        packet.encode({ type: 'query', id: 7, flags: RD, questions: [{ name, type: type as 'A' }], ...more }),
      ),
    )

  it('serves addresses, aliases and the other types to a stock resolver', async () => {
    assert.deepEqual(await resolver.resolve4('crm.sandbox.test'), ['127.0.0.1'])
    assert.deepEqual(await resolver.resolve6('crm.sandbox.test'), ['::1'])
    assert.deepEqual(await resolver.resolve4('www.sandbox.test'), ['127.0.0.1'])
    assert.equal((await resolver.resolveMx('sandbox.test')).length, 2)
    assert.deepEqual(await resolver.resolveTxt('split.sandbox.test'), [['one ', 'text ', 'in three parts']])
    assert.equal((await resolver.resolveSrv('_api._tcp.sandbox.test'))[0]?.port, 8089)
    assert.equal((await resolver.resolveCaa('sandbox.test'))[0]?.issue, 'ca.sandbox.test')
    assert.deepEqual(await resolver.resolveNs('sandbox.test'), ['ns1.sandbox.test'])
    assert.equal((await resolver.resolveSoa('sandbox.test')).minttl, 60)
  })

  it('answers a long answer over TCP when the client comes back because of TC', async () => {
    assert.equal((await resolver.resolveTxt('big.sandbox.test')).length, 1)
    assert.equal((await resolver.resolve4('big.sandbox.test')).length, 120)
    const short = await ask('big.sandbox.test', 'A')
    assert.equal(short.flag_tc, true)
    assert.deepEqual(short.answers, [])
  })

  it('says NXDOMAIN with the SOA in the authority section, and NOERROR for a name with others below it', async () => {
    const missing = await ask('missing.sandbox.test', 'A')
    assert.equal((missing.flags ?? 0) & 15, 3)
    assert.equal(missing.authorities?.[0]?.type, 'SOA')
    const between = await ask('_tcp.sandbox.test', 'A')
    assert.equal((between.flags ?? 0) & 15, 0)
    assert.deepEqual(between.answers, [])
  })

  it('sets AD only when asked for, and never for the unsigned name', async () => {
    assert.equal((await ask('api.sandbox.test', 'A')).flag_ad, false)
    assert.equal((await ask('api.sandbox.test', 'A', { flags: RD | AD })).flag_ad, true)
    assert.equal((await ask('unsigned.sandbox.test', 'A', { flags: RD | AD })).flag_ad, false)
    assert.equal((await ask('to-unsigned.sandbox.test', 'A', { flags: RD | AD })).flag_ad, false)
    const dnssecOk = { ...opt, flags: packet.DNSSEC_OK }
    assert.equal((await ask('api.sandbox.test', 'A', { additionals: [dnssecOk] })).flag_ad, true)
  })

  it('tells why it failed as an extended DNS error', async () => {
    const failed = await ask('servfail.sandbox.test', 'A', { additionals: [opt] })
    assert.equal((failed.flags ?? 0) & 15, 2)
    const option = (failed.additionals?.[0] as OptAnswer).options[0] as unknown as {
      code: number
      data: Buffer
    }
    assert.equal(option.code, 15)
    assert.equal(option.data.readUInt16BE(0), 22)
    assert.equal(option.data.toString('utf8', 2), 'no reachable authority')
  })

  it('refuses names of others, and its own that is made to be refused', async () => {
    for (const name of ['example.com', 'refused.sandbox.test', 'notsandbox.test']) {
      assert.equal(((await ask(name, 'A')).flags ?? 0) & 15, 5, name)
    }
  })

  it('gives the whole loop once and a chain of twelve aliases in parts', async () => {
    const loop = await ask('loop1.sandbox.test', 'A')
    assert.deepEqual(
      loop.answers?.map((record) => record.name),
      ['loop1.sandbox.test', 'loop2.sandbox.test'],
    )
    assert.equal((await ask('hop1.sandbox.test', 'A')).answers?.length, 8)
  })

  it('keeps the spelling of the question, as resolvers that mix cases check', async () => {
    const reply = await ask('CrM.sandBOX.test', 'A')
    assert.equal(reply.questions?.[0]?.name, 'CrM.sandBOX.test')
    assert.equal(reply.answers?.[0]?.name, 'CrM.sandBOX.test')
  })

  it('answers BADVERS to a newer EDNS version', async () => {
    const reply = await ask('api.sandbox.test', 'A', { additionals: [{ ...opt, ednsVersion: 1 }] })
    assert.equal((reply.additionals?.[0] as OptAnswer).extendedRcode, 1)
  })

  it('answers several questions on one TCP connection, also when they arrive in pieces', async () => {
    const query = packet.streamEncode({
      type: 'query',
      id: 9,
      flags: RD,
      questions: [{ name: 'api.sandbox.test', type: 'A' }],
    })
    const two = Buffer.concat([query, query])
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    let received = Buffer.alloc(0)
    socket.on('data', (chunk: Buffer) => (received = Buffer.concat([received, chunk])))
    for (const byte of two) socket.write(Buffer.from([byte]))
    while (received.length === 0 || received.length < 2 * (2 + received.readUInt16BE(0)))
      await once(socket, 'data')
    socket.destroy()
    assert.equal(packet.streamDecode(received.subarray(0, received.length / 2)).answers?.length, 1)
  })

  it('survives any bytes and goes on answering', async () => {
    const query = packet.encode({
      type: 'query',
      id: 1,
      questions: [{ name: 'api.sandbox.test', type: 'A' }],
    })
    const socket = createSocket('udp4')
    const replies: Buffer[] = []
    socket.on('message', (reply) => replies.push(reply))
    const mutation = fc.array(fc.tuple(fc.nat(query.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 })
    const sends: Promise<void>[] = []
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 60 }), mutation), (sample) => {
        const bytes = Buffer.from(query)
        const changed = sample instanceof Uint8Array ? Buffer.from(sample) : bytes
        if (!(sample instanceof Uint8Array)) for (const [at, value] of sample) bytes[at] = value
        sends.push(new Promise((resolve) => socket.send(changed, port, '127.0.0.1', () => resolve())))
      }),
      { numRuns: 500 },
    )
    await Promise.all(sends)
    assert.deepEqual(await resolver.resolve4('crm.sandbox.test'), ['127.0.0.1'])
    socket.close()
    for (const reply of replies) assert.equal(reply.readUInt16BE(2) & 0x8000, 0x8000)
    assert.ok(replies.length > 0)
  })

  it('takes the port it is told, and closes twice without complaint', async () => {
    const first = await startSandboxDns()
    const taken = Number(first.address.split(':')[1])
    await assert.rejects(startSandboxDns({ port: taken }), /EADDRINUSE/)
    await first.close()
    await first.close()
    const second = await startSandboxDns({ port: taken })
    assert.equal(second.address, `127.0.0.1:${taken}`)
    await second.close()
  })
})
