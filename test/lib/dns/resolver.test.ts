import assert from 'node:assert/strict'
import packet from 'dns-packet'
import fc from 'fast-check'
import { ERROR_TABLE } from '../../../lib/errors.ts'
import { encodeQuery, readReply } from '../../../lib/dns/query.ts'
import type { RecordType } from '../../../lib/dns/record-types.ts'
import { readRequest } from '../../../lib/dns/request.ts'
import { a, cname, failure, reply, request, scripted, soa, type Script } from './fakes.ts'

const address: Script = ({ name, type }) => ({ answers: type === 'A' ? [a(name, '192.0.2.1')] : [] })
const SERVFAIL = packet.RECURSION_DESIRED | 2
const NXDOMAIN = packet.RECURSION_DESIRED | packet.AUTHENTIC_DATA | 3
const REFUSED = packet.RECURSION_DESIRED | 5
const RD = packet.RECURSION_DESIRED
const ede = (code: number) =>
  ({
    type: 'OPT',
    name: '.',
    udpPayloadSize: 1232,
    extendedRcode: 0,
    ednsVersion: 0,
    flags: 0,
    flag_do: false,
    options: [{ code: 15, data: Buffer.from([0, code]) }],
  }) as never

describe('the resolver', () => {
  it('gives a result with everything that the contract names', async () => {
    const { resolver } = await scripted(({ name, type }) => ({
      answers:
        type === 'A'
          ? [cname(name, 'edge.test', 100), a('edge.test', '8.8.8.8'), a('edge.test', '10.0.0.1')]
          : [],
      authorities: type === 'A' ? [] : [soa('example.test')],
    }))
    const result = await resolver.resolve({ ...request, recordTypes: ['A', 'MX'] })
    assert.deepEqual(result, {
      domain: 'www.example.test',
      records: { A: ['8.8.8.8', '10.0.0.1'], MX: [] },
      ttl: 60,
      expiresAt: new Date(1_800_000_060_000).toISOString(),
      cacheHit: false,
      cnameChain: ['www.example.test.', 'edge.test.'],
      dnssec: { status: 'secure', reason: 'validated by 192.0.2.1:53 (AD bit)', ede: null },
      server: '192.0.2.1:53',
      transport: 'udp',
      queries: 2,
      latencyMs: 0,
      addresses: { public: ['8.8.8.8'], private: ['10.0.0.1'] },
    })
  })

  it('asks for all types at the same time, and for a repeated one once', async () => {
    const { resolver, udp } = await scripted(address)
    await resolver.resolve({ ...request, recordTypes: ['A', 'A', 'MX', 'TXT'] as RecordType[] })
    assert.deepEqual(udp.asked.toSorted(), [
      'www.example.test A',
      'www.example.test MX',
      'www.example.test TXT',
    ])
  })

  it('waits for no type before it asks for the next', async () => {
    const waiting: (() => void)[] = []
    const { resolver, udp } = await scripted(address)
    const { exchange } = udp
    Object.assign(udp, {
      exchange: async (given: Parameters<typeof exchange>[0]) => {
        // Nobody gets an answer before all three have asked.
        if (waiting.length < 2) await new Promise<void>((resolve) => waiting.push(resolve))
        for (const go of waiting) go()
        return await exchange(given)
      },
    })
    const { queries } = await resolver.resolve({ ...request, recordTypes: ['A', 'MX', 'TXT'] })
    assert.equal(queries, 3)
  })

  it('takes every name as absolute: nothing is added to it, and a name that does not exist is not asked in other ways', async () => {
    const { resolver, udp } = await scripted(() => ({ flags: NXDOMAIN, authorities: [soa('test')] }))
    for (const domain of ['intranet', 'www.example.test']) {
      assert.equal((await failure(resolver.resolve({ ...request, domain }))).code, 'DNS_NXDOMAIN')
    }
    assert.deepEqual(udp.asked, ['intranet A', 'www.example.test A'])
  })

  it('asks equal questions that come at the same time once', async () => {
    const { resolver, udp } = await scripted(address, {}, false)
    const results = await Promise.all(Array.from({ length: 100 }, () => resolver.resolve(request)))
    assert.equal(udp.asked.length, 1)
    assert.equal(
      results.reduce((sum, result) => sum + result.queries, 0),
      1,
    )
    assert.deepEqual(results[99]?.records, { A: ['192.0.2.1'] })
  })

  it('hands out values that a flow may change without changing the next answer', async () => {
    const mx = {
      type: 'MX',
      name: 'www.example.test',
      ttl: 300,
      data: { preference: 1, exchange: 'mx.test' },
    } as const
    const { resolver } = await scripted(() => ({ answers: [mx] }))
    const mxRequest = { ...request, recordTypes: ['MX'] as RecordType[] }
    const first = (await resolver.resolve(mxRequest)).records.MX as { preference: number }[]
    first[0]!.preference = 99
    first.push({ preference: 100 })
    assert.deepEqual((await resolver.resolve(mxRequest)).records.MX, [{ preference: 1, exchange: 'mx.test' }])
  })

  it('refuses to start without servers, or with wrong ones', async () => {
    for (const servers of [[], ['dns.example'], ['192.0.2.1', '']]) {
      const error = await failure(scripted(address, { servers }))
      assert.equal(error.code, 'CONFIG_INVALID')
      assert.equal(error.details.field, 'servers')
    }
  })

  it('ends with ABORTED when it is stopped', async () => {
    const { resolver } = await scripted(address)
    const stop = new AbortController()
    stop.abort()
    assert.equal((await failure(resolver.resolve(request, { signal: stop.signal }))).code, 'ABORTED')
  })
})

describe('aliases', () => {
  const chain =
    (links: number): Script =>
    ({ name }) => {
      const at = Number(name.split('.')[0])
      return { answers: at < links ? [cname(name, `${at + 1}.test`)] : [a(name, '192.0.2.1')] }
    }
  const from0 = { ...request, domain: '0.test' }

  it('are followed by asking on, ten of them by default and not eleven', async () => {
    const ten = await (await scripted(chain(10))).resolver.resolve(from0)
    assert.equal(ten.cnameChain.length, 11)
    assert.deepEqual(ten.records.A, ['192.0.2.1'])
    const eleven = await failure((await scripted(chain(11))).resolver.resolve(from0))
    assert.equal(eleven.code, 'DNS_CNAME_TOO_LONG')
    assert.equal(eleven.details.domain, '0.test')
    assert.equal(eleven.details.cnameChain.length, 12)
    assert.equal(
      (await failure((await scripted(chain(1), { maxCnameHops: 0 })).resolver.resolve(from0))).code,
      'DNS_CNAME_TOO_LONG',
    )
  })

  it('that loop are found, whatever the case and through the first name too', async () => {
    const loop: Script = ({ name }) => ({
      answers: [name === 'a.test' ? cname('a.test', 'B.test') : cname('b.test', 'A.TEST')],
    })
    const error = await failure((await scripted(loop)).resolver.resolve({ ...request, domain: 'a.test' }))
    assert.equal(error.code, 'DNS_CNAME_LOOP')
    assert.deepEqual(error.details.cnameChain, ['a.test.', 'b.test.', 'a.test.'])
    const self = await failure(
      (await scripted(({ name }) => ({ answers: [cname(name, name)] }))).resolver.resolve(request),
    )
    assert.equal(self.code, 'DNS_CNAME_LOOP')
  })

  it('that loop are found with the trailing dot and in capitals too', async () => {
    const { domain } = readRequest('A.Test.', 'msg.payload', { ...request, dnssec: 'ad' })
    const { resolver } = await scripted(({ name }) => ({
      answers: [cname(name.toUpperCase(), name === 'a.test' ? 'B.TEST.' : 'a.Test.')],
    }))
    const error = await failure(resolver.resolve({ ...request, domain }))
    assert.equal(error.code, 'DNS_CNAME_LOOP')
    assert.deepEqual(error.details.cnameChain, ['a.test.', 'b.test.', 'a.test.'])
  })

  it('are no loop because several types, or one type twice, lead over them', async () => {
    const { resolver } = await scripted(({ name, type }) => {
      if (name === 'a.test') return { answers: [cname(name, 'b.test')] }
      return type === 'A' ? { answers: [a(name, '192.0.2.1')] } : { authorities: [soa('test')] }
    })
    const recordTypes: RecordType[] = ['CNAME', 'CNAME', 'A', 'MX']
    const { records } = await resolver.resolve({ ...request, domain: 'a.test', recordTypes })
    assert.deepEqual(records, { CNAME: ['b.test'], A: ['192.0.2.1'], MX: [] })
  })

  it('that the server gives up on with SERVFAIL are walked one by one to tell why', async () => {
    const upstream: Script = ({ name, type }) =>
      type === 'CNAME'
        ? { answers: [cname(name, name === 'a.test' ? 'b.test' : 'a.test')] }
        : { flags: SERVFAIL }
    const { resolver } = await scripted(upstream)
    const error = await failure(
      resolver.resolve({ ...request, domain: 'a.test', recordTypes: ['A', 'AAAA'] }),
    )
    assert.equal(error.code, 'DNS_CNAME_LOOP')
    assert.deepEqual(error.details.cnameChain, ['a.test.', 'b.test.', 'a.test.'])
  })

  it('are themselves the answer to a question for CNAME, with the whole chain', async () => {
    const upstream: Script = ({ name, type }) => ({
      answers:
        type === 'CNAME' && name !== 'c.test' ? [cname(name, name === 'a.test' ? 'b.test' : 'c.test')] : [],
      authorities: [soa('test')],
    })
    const { resolver } = await scripted(upstream)
    const result = await resolver.resolve({ ...request, domain: 'a.test', recordTypes: ['CNAME'] })
    assert.deepEqual(result.records, { CNAME: ['b.test'] })
    assert.deepEqual(result.cnameChain, ['a.test.', 'b.test.', 'c.test.'])
  })

  it('to a name that does not exist fail with the chain up to there', async () => {
    const { resolver } = await scripted(({ name }) => ({
      flags: NXDOMAIN,
      answers: [cname(name, 'gone.test')],
      authorities: [soa('test')],
    }))
    const error = await failure(resolver.resolve(request))
    assert.equal(error.code, 'DNS_NXDOMAIN')
    assert.match(error.message, /gone\.test\./)
    assert.deepEqual(error.details.cnameChain, ['www.example.test.', 'gone.test.'])
  })
})

describe('the cache', () => {
  it('answers until the TTL is over, with the time that is left', async () => {
    const { resolver, clock, udp } = await scripted(address)
    await resolver.resolve(request)
    clock.time += 299_000
    const hit = await resolver.resolve(request)
    assert.equal(hit.cacheHit, true)
    assert.equal(hit.queries, 0)
    assert.equal(hit.ttl, 1)
    clock.time += 1000
    assert.equal((await resolver.resolve(request)).cacheHit, false)
    assert.equal(udp.asked.length, 2)
  })

  it('counts ttlOverrideS instead of the TTL, shorter and longer, for the message that asks so', async () => {
    const { resolver, clock, udp } = await scripted(address)
    assert.equal((await resolver.resolve({ ...request, ttlOverrideS: 30 })).ttl, 30)
    clock.time += 31_000
    assert.equal((await resolver.resolve(request)).cacheHit, true)
    assert.equal((await resolver.resolve({ ...request, ttlOverrideS: 30 })).cacheHit, false)
    clock.time += 3_000_000
    const long = await resolver.resolve({ ...request, ttlOverrideS: 86_400 })
    assert.equal(long.cacheHit, true)
    assert.equal(long.ttl, 86_400 - 3000)
    assert.equal(udp.asked.length, 2)
  })

  it('keeps that a name does not exist as long as the SOA says, whatever the override', async () => {
    const { resolver, clock, udp } = await scripted(() => ({
      flags: NXDOMAIN,
      authorities: [soa('test', 20)],
    }))
    for (let n = 0; n < 3; n += 1) {
      assert.equal((await failure(resolver.resolve({ ...request, ttlOverrideS: 3600 }))).code, 'DNS_NXDOMAIN')
    }
    assert.equal(udp.asked.length, 1)
    clock.time += 20_000
    await failure(resolver.resolve({ ...request, ttlOverrideS: 3600 }))
    assert.equal(udp.asked.length, 2)
  })

  it('does not keep a denial without SOA, TTL 0, or a failure', async () => {
    const scripts: Script[] = [
      () => ({ flags: NXDOMAIN }),
      ({ name }) => ({ answers: [a(name, '192.0.2.1', 0)] }),
      () => ({ flags: REFUSED }),
    ]
    for (const script of scripts) {
      const { resolver, udp } = await scripted(script, { servers: ['192.0.2.1'] })
      for (let n = 0; n < 2; n += 1) await resolver.resolve(request).catch(() => undefined)
      assert.equal(udp.asked.length, 2)
    }
  })

  it('asks for what is often wanted before it is over, so that nobody has to wait', async () => {
    const { resolver, udp, clock } = await scripted(address)
    await resolver.resolve(request)
    clock.time += 200_000
    for (let n = 0; n < 5; n += 1) await resolver.resolve(request)
    assert.equal(udp.asked.length, 1, 'it is good for long')
    clock.time += 80_000
    for (let n = 0; n < 5; n += 1) assert.equal((await resolver.resolve(request)).cacheHit, true)
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(udp.asked.length, 2, 'asked once, beside')
    clock.time += 100_000
    const { cacheHit, ttl } = await resolver.resolve(request)
    assert.deepEqual({ cacheHit, ttl }, { cacheHit: true, ttl: 200 })
    resolver.close()
  })

  it('does not ask ahead for what is seldom wanted', async () => {
    const { resolver, udp, clock } = await scripted(address)
    await resolver.resolve(request)
    clock.time += 290_000
    await resolver.resolve(request)
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(udp.asked.length, 1)
  })

  it('gives what is over when no server answers, where that is wanted, and says so', async () => {
    let isDown = false
    const flaky: Script = (asked) => (isDown ? { flags: SERVFAIL } : address(asked))
    const { resolver, clock } = await scripted(flaky, { serveStaleS: 3600 })
    await resolver.resolve(request)
    isDown = true
    clock.time += 301_000
    const { stale, ttl, records, queries } = await resolver.resolve(request)
    assert.deepEqual(
      { stale, ttl, records, queries },
      { stale: true, ttl: 30, records: { A: ['192.0.2.1'] }, queries: 0 },
    )
    clock.time += 3_600_000
    assert.equal((await failure(resolver.resolve(request))).code, 'DNS_SERVFAIL')
    const strict = await scripted(flaky)
    isDown = false
    await strict.resolver.resolve(request)
    isDown = true
    strict.clock.time += 301_000
    assert.equal((await failure(strict.resolver.resolve(request))).code, 'DNS_SERVFAIL')
  })

  it('does not believe an entry from the future after the clock was set back', async () => {
    const { resolver, clock, udp } = await scripted(address)
    await resolver.resolve(request)
    clock.time -= 3_600_000
    await resolver.resolve(request)
    assert.equal(udp.asked.length, 2)
  })

  it('can be left out', async () => {
    const { resolver, udp } = await scripted(address, {}, false)
    for (let n = 0; n < 2; n += 1) await resolver.resolve(request)
    assert.equal(udp.asked.length, 2)
  })
})

describe('the rate limit', () => {
  const many = { ...request, maxQueriesPerMinute: 10 }
  const ask = (n: number) => ({ ...many, domain: `${n}.example.test` })

  it('lets exactly so many questions through in any minute', async () => {
    const { resolver, clock, udp } = await scripted(address)
    for (let n = 0; n < 10; n += 1) {
      await resolver.resolve(ask(n))
      clock.time += 1000
    }
    const error = await failure(resolver.resolve(ask(10)))
    assert.equal(error.code, 'DNS_RATE_LIMITED')
    assert.equal(error.details.retryAfterMs, 50_000)
    assert.equal(error.details.domain, '10.example.test')
    assert.equal((await resolver.resolve(ask(3))).cacheHit, true)
    clock.time += 50_000
    await resolver.resolve(ask(11))
    assert.equal((await failure(resolver.resolve(ask(12)))).code, 'DNS_RATE_LIMITED')
    assert.equal(udp.asked.length, 11)
  })

  it('can make messages wait; the wait costs neither lifetime nor latency', async () => {
    const { resolver, clock } = await scripted(address, { onLimit: 'wait' })
    for (let n = 0; n < 10; n += 1) await resolver.resolve(ask(n))
    let waited = 0
    const result = await resolver.resolve(ask(10), { onWait: () => (waited += 1) })
    assert.deepEqual(clock.slept, [60_000])
    assert.equal(waited, 1)
    assert.equal(result.latencyMs, 0)
    assert.deepEqual(result.records.A, ['192.0.2.1'])
  })

  it('takes the limit of the message', async () => {
    const { resolver } = await scripted(address)
    for (let n = 0; n < 10; n += 1) await resolver.resolve(ask(n))
    await resolver.resolve({ ...ask(10), maxQueriesPerMinute: 1000 })
    assert.equal((await failure(resolver.resolve(ask(11)))).code, 'DNS_RATE_LIMITED')
  })

  it('of another message does not count for one that joined its question', async () => {
    const { resolver, udp } = await scripted(address, {}, false)
    const ask = (domain: string, maxQueriesPerMinute: number) =>
      resolver.resolve({ ...request, domain, maxQueriesPerMinute })
    for (let i = 0; i < 10; i += 1) await ask(`n${i}.test`, 10)
    const [first, joined] = await Promise.allSettled([ask('a.test', 10), ask('a.test', 1000)])
    assert.equal(first.status === 'rejected' && (first.reason as { code: string }).code, 'DNS_RATE_LIMITED')
    assert.equal(joined.status, 'fulfilled')
    assert.equal(udp.asked.length, 11)
  })

  it('counts repeats too', async () => {
    const { resolver, udp } = await scripted(() => undefined, { timeoutMs: 1, servers: ['192.0.2.1'] })
    for (let n = 0; n < 4; n += 1) await resolver.resolve(ask(n)).catch(() => undefined)
    assert.equal(udp.asked.length, 10)
  })
})

describe('servers', () => {
  it('that are silent are passed over, and asked again while there is time', async () => {
    const { resolver, udp, clock } = await scripted(() => undefined)
    const started = clock.time
    const error = await failure(resolver.resolve(request))
    assert.equal(error.code, 'DNS_TIMEOUT')
    assert.equal(clock.time - started, 5000)
    assert.equal(udp.asked.length, 5)
  })

  it('that fail or refuse are passed over, and not asked again', async () => {
    const asked: string[] = []
    const { resolver } = await scripted(({ name, server }) => {
      asked.push(server)
      return server === '192.0.2.1:53' ? { flags: REFUSED } : { answers: [a(name, '192.0.2.1')] }
    })
    assert.equal((await resolver.resolve(request)).server, '192.0.2.2:5353')
    assert.deepEqual(asked, ['192.0.2.1:53', '192.0.2.2:5353'])
  })

  it('that all fail give the code of what they said', async () => {
    const codes: [Script, string][] = [
      [() => ({ flags: REFUSED }), 'DNS_REFUSED'],
      [() => ({ flags: SERVFAIL, additionals: [ede(22)] }), 'DNS_SERVFAIL'],
      [({ server }) => (server === '192.0.2.1:53' ? { flags: REFUSED } : undefined), 'DNS_REFUSED'],
      [
        ({ query }) =>
          Buffer.concat([reply(query).subarray(0, 6), Buffer.from([0, 9]), reply(query).subarray(8)]),
        'DNS_MALFORMED',
      ],
    ]
    for (const [script, code] of codes) {
      const error = await failure((await scripted(script, { timeoutMs: 10 })).resolver.resolve(request))
      assert.equal(error.code, code)
      assert.equal(error.details.domain, 'www.example.test')
      assert.deepEqual(error.details.cnameChain, [])
      assert.ok('ede' in error.details)
    }
  })

  it('that know no EDNS are asked without', async () => {
    const { resolver, udp } = await scripted(({ name, query }) =>
      (query.additionals?.length ?? 0) > 0 ? { flags: RD | 1 } : { answers: [a(name, '192.0.2.1')] },
    )
    assert.deepEqual((await resolver.resolve(request)).records.A, ['192.0.2.1'])
    assert.equal(udp.asked.length, 2)
  })

  it('that truncate are asked over TCP', async () => {
    const { resolver, tcp, udp } = await scripted(({ name }) => {
      const truncated = tcp.asked.length === 0
      return truncated ? { flags: RD | packet.TRUNCATED_RESPONSE } : { answers: [a(name, '192.0.2.1')] }
    })
    const result = await resolver.resolve(request)
    assert.equal(result.transport, 'tcp')
    assert.equal(result.queries, 2)
    assert.equal(udp.asked.length, 1)
  })

  it('that truncate over TCP too have malformed answers', async () => {
    const { resolver } = await scripted(() => ({ flags: RD | packet.TRUNCATED_RESPONSE }), {
      transport: 'tcp',
    })
    assert.equal((await failure(resolver.resolve(request))).code, 'DNS_MALFORMED')
  })
})

describe('DNSSEC by the AD bit', () => {
  const unsigned: Script = ({ name }) => ({ flags: RD, answers: [a(name, '192.0.2.1')] })
  const required = { ...request, dnssecRequired: true }

  it('asks with AD, never with CD', async () => {
    const { resolver, udp } = await scripted(address)
    await resolver.resolve(required)
    assert.equal((udp.queries[0] as { flag_ad?: boolean }).flag_ad, true)
    assert.equal((udp.queries[0] as { flag_cd?: boolean }).flag_cd, false)
  })

  it('fails for an unsigned answer only where it is required', async () => {
    const { resolver } = await scripted(unsigned)
    assert.equal((await resolver.resolve(request)).dnssec.status, 'insecure')
    const error = await failure(resolver.resolve(required))
    assert.equal(error.code, 'DNS_DNSSEC_INSECURE')
    assert.equal(error.details.dnssec.status, 'insecure')
    assert.deepEqual(error.details.cnameChain, [])
  })

  it('holds for empty answers as well, and for each of the types', async () => {
    const empty = await scripted(() => ({ flags: RD, authorities: [soa('test')] }))
    assert.equal((await failure(empty.resolver.resolve(required))).code, 'DNS_DNSSEC_INSECURE')
    const half = await scripted((asked) => (asked.type === 'A' ? address(asked) : { flags: RD }))
    const both = await failure(half.resolver.resolve({ ...required, recordTypes: ['A', 'AAAA'] }))
    assert.equal(both.code, 'DNS_DNSSEC_INSECURE')
  })

  it('takes a failed validation of the server for a verdict: no other server is asked', async () => {
    for (const code of [6, 7, 8, 9, 10, 11, 12]) {
      const { resolver, udp } = await scripted(() => ({ flags: SERVFAIL, additionals: [ede(code)] }))
      const error = await failure(resolver.resolve(request))
      assert.equal(error.code, 'DNS_DNSSEC_BOGUS')
      assert.equal(error.details.ede.code, code)
      assert.equal(udp.asked.length, 1)
    }
  })

  it('is indeterminate when the server says so, and others are asked', async () => {
    const { resolver, udp } = await scripted(() => ({ flags: SERVFAIL, additionals: [ede(5)] }))
    const { code, details } = await failure(resolver.resolve(request))
    assert.equal(code, 'DNS_DNSSEC_INDETERMINATE')
    assert.deepEqual(details.ede, { code: 5, text: '' })
    assert.equal(details.domain, 'www.example.test')
    assert.equal(udp.asked.length, 2)
  })

  it('is unchecked when it is off: no AD in the question, and nothing is demanded', async () => {
    const { resolver, udp } = await scripted(unsigned, { dnssec: 'off' })
    assert.equal((await resolver.resolve(required)).dnssec.status, 'unchecked')
    assert.equal((udp.queries[0] as { flag_ad?: boolean }).flag_ad, false)
    const bogus = await scripted(() => ({ flags: SERVFAIL, additionals: [ede(6)] }), { dnssec: 'off' })
    assert.equal((await failure(bogus.resolver.resolve(request))).code, 'DNS_SERVFAIL')
  })
})

describe('hostile answers', () => {
  const question = { name: 'www.example.test', type: 'A' } as const
  const honest = reply(packet.decode(encodeQuery(question, { authenticated: true, edns: true })), {
    answers: [cname('www.example.test', 'edge.example.test'), a('edge.example.test', '192.0.2.1')],
    authorities: [soa('example.test')],
    additionals: [ede(3)],
  })

  it('end in an answer or a code, however they are changed', async () => {
    const edit = fc.oneof(
      fc.record({ at: fc.nat(honest.length - 1), byte: fc.nat(255) }),
      fc.record({ cut: fc.nat(honest.length) }),
      fc.record({ insert: fc.uint8Array({ minLength: 1, maxLength: 8 }), at: fc.nat(honest.length) }),
    )
    const mutate = (edits: readonly Record<string, any>[]): Buffer =>
      edits.reduce<Buffer>((bytes, change) => {
        if ('cut' in change) return Buffer.from(bytes.subarray(0, change['cut']))
        if ('insert' in change) {
          return Buffer.concat([
            bytes.subarray(0, change['at']),
            change['insert'],
            bytes.subarray(change['at']),
          ])
        }
        const copy = Buffer.from(bytes)
        if (change['at'] < copy.length) copy[change['at']] = change['byte']
        return copy
      }, honest)
    const endings = new Set<string>()
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 6 }), async (edits) => {
        const hostile = mutate(edits)
        const { resolver } = await scripted(() => hostile, { servers: ['192.0.2.1'], timeoutMs: 10 }, false)
        const ending = await resolver.resolve(request).then(
          ({ records }) => (assert.ok(Array.isArray(records.A)), 'answer'),
          (reason: unknown) => {
            const error = reason as { code: string; details: object }
            assert.ok(error.code in ERROR_TABLE && error.code !== 'INTERNAL_ERROR', error.code)
            assert.ok('ede' in error.details && 'cnameChain' in error.details && 'domain' in error.details)
            return error.code
          },
        )
        endings.add(ending)
      }),
      { numRuns: 5000 },
    )
    for (const seen of ['answer', 'DNS_TIMEOUT', 'DNS_MALFORMED']) assert.ok(endings.has(seen), seen)
  })

  it('of any bytes are read or refused without a crash', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const message = Buffer.concat([honest.subarray(0, 12), Buffer.from(bytes)])
        try {
          readReply(packet, message, question)
        } catch (error) {
          assert.equal((error as { code: string }).code, 'DNS_MALFORMED')
        }
      }),
      { numRuns: 2000 },
    )
  })

  it('with thousands of aliases are given up early', async () => {
    const answers = Array.from({ length: 3000 }, (_, at) =>
      cname(at === 0 ? 'www.example.test' : `${at}.t`, `${at + 1}.t`),
    )
    const { resolver } = await scripted(() => ({ answers }), { maxCnameHops: 100 })
    const error = await failure(resolver.resolve(request))
    assert.equal(error.code, 'DNS_CNAME_TOO_LONG')
    assert.equal(error.details.cnameChain.length, 102)
  })
})
