import assert from 'node:assert/strict'
import { isBelow, ROOT, wireName } from '../../../../lib/dns/dnssec/name.ts'
import { nsec3Hash, TYPE } from '../../../../lib/dns/dnssec/records.ts'
import type { Validated } from '../../../../lib/dns/dnssec/validator.ts'
import { base32Hex, signRecords, typeBitmaps, makeSigningKey } from '../../../../lib/sandbox/dns-signer.ts'
import { flipped, hardTree } from '../../../support/dns-hard-cases.ts'
import { a, createTree, dname, txt, type Tamper, type ZoneSpec } from '../../../support/dns-tree.ts'
import { judgeOf } from './judge.ts'

const tree = hardTree()
const judge = async (name: string, type?: number, tamper?: Tamper, from = tree): Promise<Validated> =>
  (await judgeOf(from)).judge(name, type, tamper)
const status = async (...args: Parameters<typeof judge>): Promise<string> =>
  (await judge(...args)).security.status
const NS = 2
const TXT = 16

describe('tampering with answers', () => {
  const on =
    (type: number, change: Tamper): Tamper =>
    (found, asked) =>
      asked.type === type ? change(found, asked) : found
  const empty = (rcode: 0 | 3): Tamper =>
    on(TYPE.DS, (found) => ({ ...found, rcode, answers: [], authorities: [] }))
  const without =
    (...types: number[]): Tamper =>
    (found) => ({
      ...found,
      answers: found.answers.filter(({ type }) => !types.includes(type)),
      authorities: found.authorities.filter(({ type }) => !types.includes(type)),
    })
  const noAuthority: Tamper = (found) => ({ ...found, authorities: [] })

  it('never makes a signed zone insecure', async () => {
    for (const tamper of [empty(0), empty(3), without(TYPE.RRSIG)]) {
      assert.equal(await status('www.ec256.test', 1, tamper), 'bogus')
      assert.equal(await status('www.unsigned.test', 1, tamper), 'bogus')
      assert.equal(await status('nope.ec256.test', 1, tamper), 'bogus')
    }
    const unsigned: Tamper = (found, { type }) =>
      type === 1 ? without(TYPE.RRSIG)(found, { name: '', type }) : found
    assert.equal(await status('www.ec256.test', 1, unsigned), 'bogus')
    assert.equal((await judge('www.ec256.test', 1, unsigned)).security.ede?.code, 10)
  })

  it('cannot leave out the proof of a denial, of a wildcard, or of an unsigned delegation', async () => {
    for (const name of [
      'nope.ec256.test',
      'any.wild.ec256.test',
      'any.wild.nsec3.test',
      'www.unsigned.test',
    ]) {
      assert.equal(await status(name, 1, noAuthority), 'bogus', name)
    }
    assert.equal(await status('www.ec256.test', TXT, noAuthority), 'bogus')
  })

  it('cannot replay a wildcard for a name that exists, or a denial for another name', async () => {
    const wildcard = tree.zone('wild.ec256.test')
    const replay: Tamper = (found, { name, type }) =>
      name === wireName('real.wild.ec256.test') && type === 1
        ? {
            ...found,
            answers: wildcard
              .signed(wireName('*.wild.ec256.test'), 1)
              .map((record) => ({ ...record, owner: name })),
            authorities: wildcard.denial(wireName('zzz.wild.ec256.test'), 'wildcard'),
          }
        : found
    assert.equal(await status('real.wild.ec256.test', 1, replay), 'bogus')
    const { denial, soa } = { denial: tree.zone('ec256.test'), soa: tree.zone('ec256.test') }
    const deny: Tamper = (found, { name, type }) =>
      name === wireName('www.ec256.test') && type === 1
        ? {
            ...found,
            rcode: 3,
            answers: [],
            authorities: [
              ...soa.signed(wireName('ec256.test'), 6),
              ...denial.denial(wireName('nope.ec256.test'), 'nxdomain'),
            ],
          }
        : found
    assert.equal(await status('www.ec256.test', 1, deny), 'bogus')
  })

  it('with sixty wrong signatures ends soon', async () => {
    const junk: Tamper = (found) => ({
      ...found,
      answers: found.answers.flatMap((record) =>
        record.type === TYPE.RRSIG ? Array.from({ length: 60 }, () => flipped(record)) : [record],
      ),
    })
    // The signatures of keys are left alone, so that it comes down to those of the answer.
    const judging = await judgeOf(tree)
    const { security } = await judging.judge('www.alg8.test', 1, on(1, junk))
    assert.equal(security.status, 'bogus')
    // And one more: that no unsigned zone begins at the name.
    assert.equal(judging.spent.checks, 8 + 5 + 1, 'eight of the answer, and the chain of five')
    assert.equal(await status('www.alg8.test', 1, junk), 'bogus')
  })

  it('with 41 keys of one tag ends soon', async () => {
    const judging = await judgeOf(tree)
    const { security } = await judging.judge('www.keytrap.test')
    assert.equal(security.status, 'bogus')
    assert.ok(judging.spent.checks <= 8 + 8 + 4, `${judging.spent.checks} checks`)
  })

  it('with a longer TTL is cut to the one that was signed', async () => {
    const inflate: Tamper = (found) => ({
      ...found,
      answers: found.answers.map((record) => ({ ...record, ttl: 2_000_000_000 })),
      authorities: found.authorities.map((record) => ({ ...record, ttl: 2_000_000_000 })),
    })
    assert.equal((await judge('www.ec256.test', 1, inflate)).ttl, 300)
    assert.ok((await judge('nope.ec256.test', 1, inflate)).ttl <= 60)
  })

  it('of any record of a secure answer is found', async () => {
    for (const name of ['www.ec256.test', 'any.wild.nsec3.test', 'nope.nsec3.test', 'tosec.alias.test']) {
      const { judge: fresh } = await judgeOf(tree)
      const honest = await fresh(name)
      assert.equal(honest.security.status, 'secure')
      for (const section of ['answers', 'authorities'] as const) {
        const change: Tamper = (found, asked) =>
          asked.name === wireName(name) && asked.type === 1
            ? { ...found, [section]: found[section].map(flipped) }
            : found
        const { security } = await judge(name, 1, change)
        const isTouched = section === 'answers' ? !name.startsWith('nope') : !/www|tosec/.test(name)
        assert.equal(security.status, isTouched ? 'bogus' : 'secure', `${name} ${section}`)
      }
    }
  })

  it('of the alias in an answer is found, whatever else is secure', async () => {
    const redirect: Tamper = (found, { name, type }) =>
      name === wireName('www.dn.alias.test') && type === 1
        ? {
            ...found,
            answers: found.answers.map((record) =>
              record.type === 5
                ? { ...record, rdata: Buffer.from(wireName('www.alg15.test'), 'latin1') }
                : record,
            ),
          }
        : found
    // The alias that counts is the one that follows from the signed DNAME.
    const { path, security } = await judge('www.dn.alias.test', 1, redirect)
    assert.equal(path.at(-1), wireName('www.ec256.test'))
    assert.equal(security.status, 'secure')
    assert.equal(await status('www.dn.alias.test', 5, on(5, redirect)), 'secure')
    const other: Tamper = (found, asked) => redirect(found, { ...asked, type: 1 })
    assert.equal(await status('www.dn.alias.test', 5, other), 'bogus')
  })
})

describe('denials that prove nothing', () => {
  const child = createTree([
    { origin: '' },
    { origin: 'test', records: [dname('moved.test', 'ec.test'), a('z.test')] },
    { origin: 'sub.test', records: [a('www.sub.test')] },
    {
      origin: 'n3.test',
      nsec3: { iterations: 0, salt: Buffer.alloc(0), optOut: false },
      records: [a('www.n3.test')],
    },
    { origin: 'sub.n3.test', records: [a('www.sub.n3.test')] },
    { origin: 'open.test', algorithm: 0, records: [a('www.open.test')] },
  ])
  const replace =
    (
      at: string,
      type: number,
      records: ReturnType<(typeof child.zones)[0]['denial']>,
      rcode: 0 | 3 = 3,
    ): Tamper =>
    (found, asked) =>
      asked.name === wireName(at) && asked.type === type
        ? { ...found, rcode, answers: [], authorities: records }
        : found

  it('the record of a delegation denies no data of the zone below it', async () => {
    for (const [zone, name] of [
      ['test', 'sub.test'],
      ['n3.test', 'sub.n3.test'],
    ] as const) {
      const records = child.zone(zone).denial(wireName(name), 'nodata')
      assert.ok(records.length >= 2)
      assert.equal(await status(name, TXT, replace(name, TXT, records, 0), child), 'bogus')
      assert.equal(await status(`www.${name}`, 1, replace(`www.${name}`, 1, records), child), 'bogus')
    }
  })

  it('the record at the apex of a zone does not deny its DS records', async () => {
    const records = child.zone('sub.test').denial(wireName('sub.test'), 'nodata')
    assert.equal(await status('sub.test', TYPE.DS, replace('sub.test', TYPE.DS, records, 0), child), 'bogus')
    // In the chain of trust it would make a signed zone unsigned.
    assert.equal(await status('www.sub.test', 1, replace('sub.test', TYPE.DS, records, 0), child), 'bogus')
  })

  it('the record at a DNAME denies no name below it', async () => {
    const records = child.zone('test').denial(wireName('moved.test'), 'nodata')
    assert.equal(await status('x.moved.test', 1, replace('x.moved.test', 1, records), child), 'bogus')
  })

  it('the record of a name with an alias denies no other type of it', async () => {
    const aliased = hardTree()
    const records = aliased.zone('alias.test').denial(wireName('tosec.alias.test'), 'nodata')
    assert.equal(
      await status('tosec.alias.test', TXT, replace('tosec.alias.test', TXT, records, 0), aliased),
      'bogus',
    )
  })

  it('the record that was made from a wildcard denies nothing', async () => {
    const wild = createTree([{ origin: '' }, { origin: 'w.test', records: [a('*.w.test'), a('a.w.test')] }])
    const records = wild
      .zone('w.test')
      .denial(wireName('*.w.test'), 'nodata')
      .map((record) => ({ ...record, owner: wireName('x.w.test') }))
    assert.equal(await status('x.w.test', 1, replace('x.w.test', 1, records, 0), wild), 'bogus')
  })

  it('NSEC3 records of unknown flags or hash algorithms do not count', async () => {
    const key = makeSigningKey(13)
    for (const [hash, flags] of [
      [2, 0],
      [1, 2],
    ] as const) {
      const label = base32Hex(nsec3Hash(wireName('odd.test'), '', 0))
      const next = Buffer.from(nsec3Hash(wireName('other.test'), '', 0), 'latin1')
      const rdata = Buffer.concat([Buffer.from([hash, flags, 0, 0, 0, 20]), next, typeBitmaps([NS, 6, 46])])
      const record = { owner: `\x20${label}${wireName('odd.test')}`, type: TYPE.NSEC3, ttl: 60, rdata }
      const odd = createTree([
        { origin: '' },
        { origin: 'odd.test', keys: [key], records: [a('www.odd.test')] },
      ])
      const times = { inception: Date.now() / 1000 - 60, expiration: Date.now() / 1000 + 60 }
      const signed = [record, signRecords([record], key, { signer: wireName('odd.test'), ...times })]
      assert.equal(await status('odd.test', TXT, replace('odd.test', TXT, signed, 0), odd), 'bogus')
    }
  })

  it('are not looked for with endless hashing', async () => {
    const deep = 'a.'.repeat(100)
    const name = `${deep}nsec3.test`
    const { security } = await judge(name, 1, (found, asked) =>
      asked.name === wireName(name) ? { ...found, authorities: found.authorities.slice(0, 4) } : found,
    )
    assert.equal(security.status, 'bogus')
    assert.match(security.reason, /more than 40 NSEC3 hashes/)
  })
})

describe('the times of signatures', () => {
  const spec = (times: { inception: number; expiration: number }): ZoneSpec[] => [
    { origin: '' },
    {
      origin: 'wrap.test',
      records: [txt('www.wrap.test', 'x')],
      sign: (set, make) => [set[0]?.type === TXT ? make(times) : make()],
    },
  ]

  it('go on beyond 2^32 seconds', async () => {
    // 2106-02-07T06:28:16Z is the end of 32 bits.
    const end = 2 ** 32
    const now = (): number => (end + 100) * 1000
    const { judge: later } = await judgeOf(
      createTree(spec({ inception: end - 100, expiration: end + 1000 }), now),
      { now },
    )
    assert.equal((await later('www.wrap.test', TXT)).security.status, 'secure')
    const { judge: over } = await judgeOf(
      createTree(spec({ inception: end - 100, expiration: end + 50 }), now),
      { now },
    )
    assert.equal((await over('www.wrap.test', TXT)).security.ede?.code, 7)
    const { judge: early } = await judgeOf(
      createTree(spec({ inception: end + 200, expiration: end + 500 }), now),
      { now },
    )
    assert.equal((await early('www.wrap.test', TXT)).security.ede?.code, 8)
    const { judge: inverted } = await judgeOf(
      createTree(spec({ inception: end + 90, expiration: end - 10 }), now),
      { now },
    )
    assert.equal((await inverted('www.wrap.test', TXT)).security.ede?.code, 25)
  })

  it('bound how long an answer may be used', async () => {
    const now = (): number => 1_800_000_000_000
    const tree = createTree(spec({ inception: 1_799_999_000, expiration: 1_800_000_040 }), now)
    const { judge: soon } = await judgeOf(tree, { now })
    const { ttl, validUntil } = await soon('www.wrap.test', TXT)
    assert.equal(ttl, 40)
    assert.equal(validUntil, 1_800_000_040_000)
  })
})

describe('what is known of zones', () => {
  it('is asked for once, until it is over', async () => {
    const clock = { time: Date.now() }
    const judging = await judgeOf(hardTree(), { now: () => clock.time })
    await judging.judge('www.ec256.test')
    assert.equal(judging.asked, 5, 'the keys of the root, and DS and keys of test and ec256.test')
    await judging.judge('www.ec256.test')
    await judging.judge('nope.ec256.test')
    assert.equal(judging.asked, 5)
    clock.time += 301_000
    await judging.judge('www.ec256.test')
    assert.equal(judging.asked, 9, 'the keys of the root are good for an hour')
    clock.time -= 3_600_000
    await judging.judge('www.ec256.test')
    assert.equal(judging.asked, 14, 'nothing from the future is believed')
  })

  it('is asked for once by many at the same time', async () => {
    const judging = await judgeOf(hardTree())
    const names = Array.from({ length: 100 }, (_, at) => `n${at}.wild.ec256.test`)
    const all = await Promise.all(names.map((name) => judging.judge(name)))
    assert.ok(all.every(({ security }) => security.status === 'secure'))
    assert.equal(judging.asked, 7)
  })

  it('starts from the deepest anchor that covers a name', async () => {
    const [zone] = hardTree().zones.filter(({ origin }) => origin === wireName('ec256.test'))
    assert.ok(zone && isBelow(zone.origin, ROOT))
    const judging = await judgeOf(hardTree(), { anchors: 'corp.test. IN DS 1 13 2 ' + '00'.repeat(32) })
    const { security, isWithheld } = await judging.judge('www.ec256.test')
    assert.equal(security.status, 'indeterminate')
    assert.equal(isWithheld, false)
    assert.equal(judging.asked, 0)
  })
})
