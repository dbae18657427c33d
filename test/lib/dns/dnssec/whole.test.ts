import assert from 'node:assert/strict'
import packet from 'dns-packet'
import fc from 'fast-check'
import { ERROR_TABLE } from '../../../../lib/errors.ts'
import { dnsFault } from '../../../../lib/dns/faults.ts'
import { createDnsCache } from '../../../../lib/dns/cache.ts'
import { createMemo } from '../../../../lib/dns/memo.ts'
import { readStrict } from '../../../../lib/dns/dnssec/message.ts'
import { wireName } from '../../../../lib/dns/dnssec/name.ts'
import { createDnsResolver, type DnsOptions, type DnsResolver } from '../../../../lib/dns/resolver.ts'
import type { DnsRequest } from '../../../../lib/dns/request.ts'
import type { DnsTransport } from '../../../../lib/dns/transport/transport.ts'
import { hardTree } from '../../../support/dns-hard-cases.ts'
import { failure, ManualClock, request } from '../fakes.ts'

const tree = hardTree()
const A = 1
const DS = 43
const DNSKEY = 48

/** What becomes of an answer on its way; undefined: it is lost. */
type Way = (
  message: Buffer,
  asked: { name: string; type: number; transport: 'udp' | 'tcp'; flags: number; dnssecOk: boolean },
) => Buffer | undefined

async function validating(
  way: Way = (message) => message,
  options: Partial<DnsOptions> = {},
  cached = true,
): Promise<{ resolver: DnsResolver; clock: ManualClock; asked: number[] }> {
  const clock = new ManualClock()
  clock.time = Date.now()
  const asked: number[] = []
  const carrier = (transport: 'udp' | 'tcp'): DnsTransport => ({
    async exchange({ query, read, timeoutMs, signal }) {
      await Promise.resolve()
      signal?.throwIfAborted()
      const { question, flags, edns } = readStrict(query)
      const { name, type } = question!
      asked.push(type)
      const message = way(tree.answer(query), { name, type, transport, flags, dnssecOk: edns!.dnssecOk })
      const value = message && read(message, 'none')
      if (value !== undefined) return value
      clock.time += timeoutMs
      throw dnsFault('DNS_TIMEOUT', 'silence')
    },
    close: () => undefined,
  })
  const ports = {
    clock,
    codec: packet,
    transports: { udp: carrier('udp'), tcp: carrier('tcp') },
    memo: await createMemo(200),
    cache: cached ? await createDnsCache() : undefined,
  }
  const resolver = createDnsResolver(ports, {
    servers: ['192.0.2.53'],
    transport: 'udp',
    dnssec: 'validate',
    trustAnchors: tree.anchor,
    timeoutMs: 500,
    lifetimeMs: 2000,
    maxCnameHops: 10,
    onLimit: 'fail',
    ...options,
  })
  return { resolver, clock, asked }
}

const asking = (domain: string, more: Partial<DnsRequest> = {}): DnsRequest => ({
  ...request,
  domain,
  dnssecRequired: true,
  ...more,
})

describe('the resolver that validates', () => {
  it('tells aliases that loop or are too many by their codes, however it is asked', async () => {
    const codes: Record<string, string> = {
      'loop1.alias.test': 'DNS_CNAME_LOOP',
      'self.alias.test': 'DNS_CNAME_LOOP',
      'x.dnloop.alias.test': 'DNS_CNAME_TOO_LONG',
      'l1.alias.test': 'DNS_CNAME_TOO_LONG',
      'two.alias.test': 'DNS_DNSSEC_BOGUS',
    }
    for (const [domain, code] of Object.entries(codes)) {
      const { resolver } = await validating()
      const { code: found, details } = await failure(resolver.resolve(asking(domain)))
      assert.ok(
        found === code || (found === 'DNS_CNAME_LOOP' && /dnloop/.test(domain)),
        `${domain}: ${found}`,
      )
      assert.equal(details.domain, domain)
      assert.ok(Array.isArray(details.cnameChain))
    }
    const { resolver } = await validating(undefined, { maxCnameHops: 100 })
    const { dnssec, records } = await resolver.resolve(asking('l30.alias.test'))
    assert.equal(dnssec.status, 'secure')
    assert.deepEqual(records, { A: ['192.0.2.1'] })
  })

  it('demands what `dnssecRequired` says, and withholds what is bogus or cannot be told', async () => {
    const lost: Way = (message, { type }) => (type === DNSKEY ? undefined : message)
    const cases = [
      ['www.ec256.test', 'secure', undefined, undefined, undefined],
      ['www.unsigned.test', 'insecure', 'DNS_DNSSEC_INSECURE', undefined, undefined],
      ['www.altered.test', 'bogus', 'DNS_DNSSEC_BOGUS', 6, undefined],
      ['www.expired.test', 'bogus', 'DNS_DNSSEC_BOGUS', 7, undefined],
      ['www.ec256.test', 'indeterminate', 'DNS_DNSSEC_INDETERMINATE', 22, lost],
    ] as const
    for (const [domain, status, code, ede, way] of cases) {
      const strict = await validating(way)
      if (code === undefined)
        assert.equal((await strict.resolver.resolve(asking(domain))).dnssec.status, status)
      else {
        const error = await failure(strict.resolver.resolve(asking(domain)))
        assert.equal(error.code, code)
        assert.equal(error.details.dnssec.status, status)
        assert.equal(error.details.domain, domain)
        assert.deepEqual(error.details.ede, error.details.dnssec.ede)
        assert.equal(error.details.ede?.code, ede)
        assert.ok(error.message.includes(error.details.dnssec.reason), error.message)
      }
      const { resolver } = await validating(way)
      const result = await resolver.resolve(asking(domain, { dnssecRequired: false }))
      assert.equal(result.dnssec.status, status)
      const isUsable = status === 'secure' || status === 'insecure'
      assert.deepEqual(result.records, { A: isUsable ? ['192.0.2.1'] : [] })
      assert.equal(result.addresses.private.length, isUsable ? 1 : 0)
    }
  })

  it('shows the records of a name that no anchor covers, unless DNSSEC is required', async () => {
    const trustAnchors = `corp.test. IN DS 1 13 2 ${'00'.repeat(32)}`
    const { resolver, asked } = await validating(undefined, { trustAnchors })
    const { dnssec, records } = await resolver.resolve(asking('www.ec256.test', { dnssecRequired: false }))
    assert.deepEqual([dnssec.status, dnssec.ede?.code, records], ['indeterminate', 5, { A: ['192.0.2.1'] }])
    assert.match(dnssec.reason, /no trust anchor covers `ec256\.test\.`/)
    const error = await failure(resolver.resolve(asking('www.ec256.test')))
    assert.equal(error.code, 'DNS_DNSSEC_INDETERMINATE')
    assert.deepEqual(asked, [A])
  })

  it('asks servers for signatures and not to check them, and keeps no forged TTL for longer than a day', async () => {
    const flags: number[] = []
    const { resolver } = await validating((message, { type, flags: asked, dnssecOk }) => {
      flags.push(asked)
      assert.equal(dnssecOk, true)
      if (type === A)
        message.writeUInt32BE(2_000_000_000, message.indexOf(Buffer.from([0, 1, 0, 1, 0, 0, 1, 44])) + 4)
      return message
    })
    const { ttl, dnssec } = await resolver.resolve(asking('www.unsigned.test', { dnssecRequired: false }))
    assert.deepEqual([dnssec.status, ttl], ['insecure', 86_400])
    const RD_CD = 0x0110
    assert.deepEqual(new Set(flags), new Set([RD_CD]))
  })

  it('gives no records of any type when those of one are bogus', async () => {
    const { resolver } = await validating((message, { type }) => {
      if (type === 16) message[message.length - 12]! ^= 1
      return message
    })
    const recordTypes = ['A', 'TXT'] as const
    const { records, dnssec } = await resolver.resolve(
      asking('www.ec256.test', { recordTypes, dnssecRequired: false }),
    )
    assert.equal(dnssec.status, 'bogus')
    assert.deepEqual(records, { A: [], TXT: [] })
  })

  it('ends in a code within its lifetime when answers fail, are lost, cut, or of another question', async () => {
    const head =
      (flags: number): Way =>
      (message) => {
        message.writeUInt16BE((message.readUInt16BE(2) & 0xfff0) | flags, 2)
        return message
      }
    const ways: Record<string, readonly [Way, string]> = {
      servfail: [head(2), 'DNS_SERVFAIL'],
      refused: [head(5), 'DNS_REFUSED'],
      formerr: [head(1), 'DNS_DNSSEC_INDETERMINATE'],
      drop: [() => undefined, 'DNS_TIMEOUT'],
      'tc-no-tcp': [
        (message, asked) => (asked.transport === 'tcp' ? undefined : head(0x200)(message, asked)),
        'DNS_TIMEOUT',
      ],
      'tc-always': [head(0x200), 'DNS_MALFORMED'],
      'truncate-packet': [(message) => message.subarray(0, message.length - 9), 'DNS_MALFORMED'],
      'wrong-question': [
        (message) => {
          message[13]! ^= 3
          return message
        },
        'DNS_TIMEOUT',
      ],
    }
    for (const [name, [way, code]] of Object.entries(ways)) {
      const { resolver, clock } = await validating(way)
      const started = clock.time
      assert.equal((await failure(resolver.resolve(asking('www.ec256.test')))).code, code, name)
      assert.ok(clock.time - started <= 2000, name)
      // The same on the way of the keys: then nothing can be told.
      const chain = await validating((message, asked) => (asked.type === A ? message : way(message, asked)))
      const error = await failure(chain.resolver.resolve(asking('www.ec256.test')))
      assert.equal(error.code, 'DNS_DNSSEC_INDETERMINATE', `${name} of keys`)
    }
  })

  it('asks for the chain of trust once for many look-ups, and does not count it against the limit', async () => {
    const { resolver, asked } = await validating()
    const names = Array.from({ length: 50 }, (_, at) => `n${at}.wild.ec256.test`)
    await Promise.all(names.map((name) => resolver.resolve(asking(name, { maxQueriesPerMinute: 50 }))))
    assert.equal(asked.filter((type) => type === A).length, 50)
    assert.equal(asked.filter((type) => type === DS || type === DNSKEY).length, 7)
  })

  it('makes one query of a thousand equal questions', async () => {
    const { resolver, asked } = await validating()
    const all = await Promise.all(
      Array.from({ length: 1000 }, () => resolver.resolve(asking('www.ec256.test'))),
    )
    assert.ok(all.every(({ dnssec }) => dnssec.status === 'secure'))
    assert.equal(asked.filter((type) => type === A).length, 1)
  })

  it('keeps no answer beyond its signatures, whatever TTL is wanted, and nothing that is bogus', async () => {
    const { resolver, clock, asked } = await validating()
    const wanted = asking('www.ec256.test', { ttlOverrideS: 86_400 })
    await resolver.resolve(wanted)
    clock.time += 6 * 86_400_000
    asked.length = 0
    await resolver.resolve(wanted).catch(() => undefined)
    assert.ok(asked.includes(A))
    for (let n = 0; n < 2; n += 1) {
      asked.length = 0
      await failure(resolver.resolve(asking('www.nosig.test')))
      assert.ok(asked.includes(A))
    }
  })

  it('ends in an answer or a code for any change of any answer, and never with forged records', async function () {
    this.timeout(120_000)
    const names = [
      'www.ec256.test',
      'any.wild.nsec3.test',
      'nope.nsec3.test',
      'tosec.alias.test',
      'www.sec.optout.test',
    ]
    const change = fc.record({
      name: fc.constantFrom(...names),
      at: fc.nat(10_000),
      octets: fc.uint8Array({ minLength: 1, maxLength: 4 }),
      on: fc.constantFrom(A, DS, DNSKEY),
      cut: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(change, async ({ name, at, octets, on, cut }) => {
        const way: Way = (message, { type }) => {
          if (type !== on) return message
          const place = at % message.length
          Buffer.from(octets).copy(message, place)
          return cut ? message.subarray(0, place) : message
        }
        const { resolver, clock, asked } = await validating(way, {}, false)
        const started = clock.time
        try {
          const { dnssec, records } = await resolver.resolve(asking(name, { dnssecRequired: false }))
          const isForged = records.A?.some((address) => address !== '192.0.2.1')
          assert.ok(!isForged, JSON.stringify(records))
          assert.notEqual(dnssec.status, 'insecure')
        } catch (error) {
          const { code } = error as { code: string }
          if (!(code in ERROR_TABLE)) throw error
        }
        assert.ok(clock.time - started <= 2000)
        assert.ok(asked.length < 80)
      }),
      { numRuns: 10_000 },
    )
  })
})

describe('a message that is read strictly', () => {
  const honest = tree.answer(
    Buffer.concat([
      Buffer.from('000101100001000000000001', 'hex'),
      Buffer.from(wireName('any.alias.wild.ec256.test'), 'latin1'),
      Buffer.from('00010001', 'hex'),
      Buffer.from('00002904d0000080000000', 'hex'),
    ]),
  )

  it('is refused or read, whatever its octets, without a crash', () => {
    fc.assert(
      fc.property(fc.nat(honest.length - 1), fc.uint8Array({ maxLength: 30 }), (at, octets) => {
        const changed = Buffer.from(honest)
        Buffer.from(octets).copy(changed, at)
        try {
          readStrict(changed)
        } catch (error) {
          if (!(error instanceof RangeError)) throw error
        }
      }),
      { numRuns: 10_000 },
    )
  })

  it('may not be cut, have more behind it, lie about its lengths, or point names in circles', () => {
    assert.ok(readStrict(honest).answers.length > 0)
    assert.throws(() => readStrict(honest.subarray(0, -1)), RangeError)
    assert.throws(() => readStrict(Buffer.concat([honest, Buffer.alloc(1)])), /left over/)
    const header = (counts: string): Buffer => Buffer.from(`00018180${counts}`, 'hex')
    const question = Buffer.concat([
      Buffer.from(wireName('a.test'), 'latin1'),
      Buffer.from('00010001', 'hex'),
    ])
    const withRecord = (record: string): Buffer =>
      Buffer.concat([header('0001000100000000'), question, Buffer.from(record, 'hex')])
    const wrong: Record<string, string> = {
      'forward pointer': 'c0ff000100010000012c0004c0000201',
      'pointer to itself': 'c018000100010000012c0004c0000201',
      'pointer into the header': 'c000000100010000012c0004c0000201',
      'RDLENGTH beyond the end': 'c00c000100010000012c0009c0000201',
      'label of 64 octets': '40' + '61'.repeat(64) + '00000100010000012c0004c0000201',
    }
    for (const [what, record] of Object.entries(wrong))
      assert.throws(() => readStrict(withRecord(record)), RangeError, what)
    assert.equal(readStrict(withRecord('c00c000100010000012c0004c0000201')).answers.length, 1)
    assert.throws(() => readStrict(header('00010fff00000000')), RangeError)
    assert.throws(
      () => readStrict(Buffer.concat([header('0002000000000000'), question, question])),
      /more than one question/,
    )
  })
})
