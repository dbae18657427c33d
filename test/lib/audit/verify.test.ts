import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { GENESIS, headOf, placeRecord, START, type AuditRecord } from '../../../lib/audit/record.ts'
import { verifyTrail } from '../../../lib/audit/verify.ts'

const body = (n: number) => ({
  id: `id-${n}`,
  timestamp: '2026-11-21T12:00:00.000Z',
  eventType: 'test',
  status: 'SUCCESS',
  correlationId: 'c',
  flow: 'f',
  node: 'n',
  subject: null,
  latencyMs: n / 3,
  attempts: 1,
  details: { n },
})

function chainOf(count: number, chain = true, start = START): AuditRecord[] {
  const records: AuditRecord[] = []
  let head = start
  for (let n = 1; n <= count; n += 1) {
    const record = placeRecord(body(n), head, chain)
    records.push(record)
    head = headOf(record)
  }
  return records
}

const lines = (records: readonly object[]): string[] => records.map((record) => JSON.stringify(record))

describe('placeRecord', () => {
  it('gives a record exactly the members of the contract, in their order', () => {
    const [record] = chainOf(1) as [AuditRecord]
    assert.deepEqual(Object.keys(record), [
      'v',
      'id',
      'seq',
      'timestamp',
      'eventType',
      'status',
      'correlationId',
      'flow',
      'node',
      'subject',
      'latencyMs',
      'attempts',
      'details',
      'prev',
      'hash',
    ])
    assert.equal(record.prev, '0'.repeat(64))
    assert.equal(record.seq, 1)
  })

  it('hashes the canonical JSON of the record without its hash', () => {
    const [record] = chainOf(1) as [AuditRecord]
    const canonical =
      `{"attempts":1,"correlationId":"c","details":{"n":1},"eventType":"test","flow":"f","id":"id-1",` +
      `"latencyMs":0.3333333333333333,"node":"n","prev":"${GENESIS}","seq":1,"status":"SUCCESS","subject":null,` +
      `"timestamp":"2026-11-21T12:00:00.000Z","v":1}`
    assert.equal(record.hash, createHash('sha256').update(canonical).digest('hex'))
  })

  it('leaves prev and hash out of a trail without chain', () => {
    const [record] = chainOf(1, false) as [AuditRecord]
    assert.ok(!('prev' in record) && !('hash' in record))
  })
})

describe('verifyTrail', () => {
  it('accepts a trail that nobody has changed and tells its head', async () => {
    const records = chainOf(5)
    const { seq, hash } = records[4]!
    assert.deepEqual(await verifyTrail(lines(records)), {
      ok: true,
      records: 5,
      chained: true,
      firstSeq: 1,
      head: { seq, hash },
    })
  })

  it('accepts an empty trail, and blank lines', async () => {
    assert.deepEqual(await verifyTrail([]), { ok: true, records: 0, chained: false })
    assert.equal((await verifyTrail(['', ...lines(chainOf(2)), ''])).ok, true)
  })

  it('accepts a trail whose older files were removed', async () => {
    const found = await verifyTrail(lines(chainOf(5).slice(2)))
    assert.equal(found.ok, true)
    assert.equal(found.firstSeq, 3)
  })

  it('checks the numbers alone in a trail without chain', async () => {
    const records = chainOf(3, false)
    assert.deepEqual(await verifyTrail(lines(records)), {
      ok: true,
      records: 3,
      chained: false,
      firstSeq: 1,
      head: { seq: 3, hash: undefined },
    })
    assert.equal((await verifyTrail(lines([records[0]!, records[2]!]))).ok, false)
  })

  it('accepts a chain that begins where the one without chain ended', async () => {
    const plain = chainOf(2, false)
    const records = [...plain, ...chainOf(2, true, headOf(plain[1]!))]
    assert.equal((await verifyTrail(lines(records))).ok, true)
  })

  const tampered: Record<string, [(records: AuditRecord[]) => object[], number, RegExp]> = {
    'a changed member': [(r) => r.with(2, { ...r[2]!, status: 'FAILED' }), 3, /changed after/],
    'a changed detail': [(r) => r.with(2, { ...r[2]!, details: { n: 4 } }), 3, /changed after/],
    'an added member': [(r) => r.with(2, { ...r[2]!, extra: 1 } as AuditRecord), 3, /changed after/],
    'a record changed together with its hash': [
      (r) => r.with(2, placeRecord({ ...body(3), status: 'FAILED' }, headOf(r[1]!), true)),
      4,
      /does not follow/,
    ],
    'a removed record': [(r) => r.toSpliced(2, 1), 3, /expected record 3, got record 4/],
    'a repeated record': [(r) => r.toSpliced(2, 0, r[1]!), 3, /expected record 3, got record 2/],
    'swapped records': [(r) => [r[1]!, r[0]!, ...r.slice(2)], 2, /expected record 3/],
    'a removed hash': [
      (r) => {
        return r.with(2, placeRecord(body(3), headOf(r[1]!), false))
      },
      3,
      /no hash/,
    ],
    'another version': [(r) => r.with(2, { ...r[2]!, v: 2 }), 3, /version 1/],
    'a number that is none': [(r) => [...r.slice(0, 2), { ...r[2]!, seq: '3' }], 3, /record number/],
    'a first record that follows something': [
      () => [placeRecord(body(1), { seq: 0, hash: 'f'.repeat(64) }, true)],
      1,
      /does not follow/,
    ],
  }
  for (const [what, [change, brokenAt, reason]] of Object.entries(tampered)) {
    it(`finds ${what}`, async () => {
      const found = await verifyTrail(lines(change(chainOf(5))))
      assert.equal(found.ok, false)
      assert.equal(found.brokenAt, brokenAt)
      assert.match(found.reason ?? '', reason)
      assert.equal(found.records, brokenAt - 1)
    })
  }

  for (const [what, line] of [
    ['no JSON', 'x'],
    ['no object', '1'],
    ['null', 'null'],
    [
      'nested deeper than the stack',
      `{"v":1,"seq":2,"prev":"x","hash":"x","details":${'['.repeat(50_000)}${']'.repeat(50_000)}}`,
    ],
  ] as const) {
    it(`finds a line that is ${what}`, async () => {
      const found = await verifyTrail([...lines(chainOf(1)), line])
      assert.deepEqual([found.ok, found.brokenAt], [false, 2])
    })
  }
})
