import { randomBytes } from 'node:crypto'
import type { Answer } from 'dns-packet'
import { keyTag } from '../../lib/dns/dnssec/keys.ts'
import { wireName } from '../../lib/dns/dnssec/name.ts'
import { TYPE } from '../../lib/dns/dnssec/records.ts'
import type { SignHook } from '../../lib/sandbox/dns-signed-zone.ts'
import {
  dsRdata,
  KEY_FLAGS,
  makeSigningKey,
  type SigningKey,
  type ZoneRecord,
} from '../../lib/sandbox/dns-signer.ts'
import { a, cname, createTree, dname, ns, txt, type DnsTree, type ZoneSpec } from './dns-tree.ts'

const isAt = (name: string, type: number, set: readonly ZoneRecord[]): boolean =>
  set[0]?.owner === wireName(name) && set[0].type === type

/** Changes the last octet: of a signature, or of what is signed. */
export const flipped = (record: ZoneRecord): ZoneRecord => {
  const rdata = Buffer.from(record.rdata)
  rdata[rdata.length - 1]! ^= 1
  return { ...record, rdata }
}

const only = (type: number, change: (...args: Parameters<SignHook>) => readonly ZoneRecord[]): SignHook => {
  return (set, make) => (set[0]?.type === type ? change(set, make) : [make()])
}

const noSalt = { iterations: 0, salt: Buffer.alloc(0), optOut: false }
const mx = (name: string, exchange: string): Answer => ({
  type: 'MX',
  name,
  ttl: 300,
  data: { preference: 5, exchange },
})

/** A DS whose digest fits nothing. */
const strayDs = (key: SigningKey, digestType = 2): Buffer => {
  const rdata = Buffer.from(dsRdata(wireName('stray.test'), key, digestType))
  return rdata
}

/** RSA keys that nobody has the other half of, all with one tag. */
function keysOfTag(tag: number, count: number): ZoneRecord[] {
  return Array.from({ length: count }, () => {
    const rdata = Buffer.concat([Buffer.from([1, 0, 3, 8, 3, 1, 0, 1]), randomBytes(128)])
    rdata[8] = 0xc1
    rdata[rdata.length - 3]! |= 1
    // The last two octets move the tag to where it is wanted; a carry may take one more step.
    rdata.writeUInt16BE(0, rdata.length - 2)
    for (let at = (tag - keyTag(rdata)) & 0xffff; keyTag(rdata) !== tag; at = (at + 0xffff) & 0xffff) {
      rdata.writeUInt16BE(at, rdata.length - 2)
    }
    return { owner: wireName('keytrap.test'), type: TYPE.DNSKEY, ttl: 300, rdata }
  })
}

function keytrap(): ZoneSpec {
  const key = makeSigningKey(8)
  return {
    origin: 'keytrap.test',
    keys: [key],
    records: [a('www.keytrap.test'), ...keysOfTag(key.tag, 40)],
    sign: (set, make) =>
      isAt('www.keytrap.test', 1, set)
        ? Array.from({ length: 40 }, () => {
            const { rdata, ...rest } = make()
            return { ...rest, rdata: Buffer.concat([rdata.subarray(0, -128), randomBytes(128)]) }
          })
        : [make()],
  }
}

function twoAlgorithms(): ZoneSpec {
  const keys = [makeSigningKey(8), makeSigningKey(13)]
  return {
    origin: 'twoalg.test',
    keys,
    records: [a('www.twoalg.test')],
    ds: () => keys.map((key) => dsRdata(wireName('twoalg.test'), key)),
    // Only the second signs anything.
    sign: (_, make) => [make({}, keys[1])],
  }
}

/** A zone signed by an algorithm that nobody knows: its own signatures say nothing. */
function unknownAlgorithm(): ZoneSpec {
  const { rdata, ...key } = makeSigningKey(13)
  const strange = {
    ...key,
    algorithm: 250,
    rdata: Buffer.concat([rdata.subarray(0, 3), Buffer.from([250]), rdata.subarray(4)]),
  }
  return {
    origin: 'unkalg.test',
    keys: [{ ...strange, tag: keyTag(strange.rdata) }],
    records: [a('www.unkalg.test')],
  }
}

const DENIALS: readonly ZoneSpec[] = [
  {
    origin: 'nsecaltered.test',
    records: [a('www.nsecaltered.test')],
    sign: only(TYPE.NSEC, (_, make) => [flipped(make())]),
  },
  {
    origin: 'wild.ec256.test',
    records: [
      a('*.wild.ec256.test'),
      a('real.wild.ec256.test'),
      cname('*.alias.wild.ec256.test', 'real.wild.ec256.test'),
    ],
  },
  {
    origin: 'wild.nsec3.test',
    nsec3: { ...noSalt, salt: Buffer.from('abcd', 'hex') },
    records: [
      a('*.wild.nsec3.test'),
      a('real.wild.nsec3.test'),
      cname('*.alias.wild.nsec3.test', 'real.wild.nsec3.test'),
    ],
  },
  { origin: 'nsec3.test', nsec3: noSalt, records: [a('www.nsec3.test'), a('a.ent.nsec3.test')] },
  { origin: 'iter150.test', nsec3: { ...noSalt, iterations: 150 }, records: [a('www.iter150.test')] },
  { origin: 'iter500.test', nsec3: { ...noSalt, iterations: 500 }, records: [a('www.iter500.test')] },
  {
    origin: 'optout.test',
    nsec3: { ...noSalt, optOut: true },
    records: [a('www.optout.test'), a('*.wild.optout.test'), a('sec.only.ent.optout.test')],
  },
  { origin: 'ins.optout.test', algorithm: 0, records: [a('www.ins.optout.test')] },
  { origin: 'ins.only.ent2.optout.test', algorithm: 0, records: [a('www.ins.only.ent2.optout.test')] },
  { origin: 'sec.optout.test', records: [a('www.sec.optout.test')] },
]

const BROKEN: readonly ZoneSpec[] = [
  {
    origin: 'stripped.test',
    algorithm: 0,
    records: [a('www.stripped.test')],
    ds: () => [dsRdata(wireName('stripped.test'), makeSigningKey(13))],
  },
  { origin: 'nosig.test', records: [a('www.nosig.test')], sign: only(1, () => []) },
  { origin: 'nokeysig.test', records: [a('www.nokeysig.test')], sign: only(TYPE.DNSKEY, () => []) },
  {
    origin: 'expired.test',
    records: [a('www.expired.test')],
    sign: only(1, (_, make) => [make({ inception: 1_600_000_000, expiration: 1_600_100_000 })]),
  },
  {
    origin: 'future.test',
    records: [a('www.future.test')],
    sign: only(1, (_, make) => [make({ inception: 2_000_000_000, expiration: 2_000_100_000 })]),
  },
  {
    origin: 'wrongds.test',
    records: [a('www.wrongds.test')],
    ds: () => [dsRdata(wireName('wrongds.test'), makeSigningKey(13))],
  },
  { origin: 'altered.test', records: [a('www.altered.test')], sign: only(1, (_, make) => [flipped(make())]) },
  {
    origin: 'badsigner.test',
    records: [a('www.badsigner.test')],
    sign: only(1, (_, make) => [make({ signer: wireName('test') })]),
  },
  {
    origin: 'labels.test',
    records: [a('www.labels.test')],
    sign: only(1, (_, make) => [make({ labels: 4 })]),
  },
  {
    origin: 'sha1good256bad.test',
    records: [a('www.sha1good256bad.test')],
    ds: ([key]) => [dsRdata(wireName('sha1good256bad.test'), key!, 1), strayDs(key!)],
  },
  {
    origin: 'revoked.test',
    keys: [makeSigningKey(13, KEY_FLAGS.KSK | KEY_FLAGS.REVOKE)],
    records: [a('www.revoked.test')],
  },
  { origin: 'nonzone.test', keys: [makeSigningKey(13, 0)], records: [a('www.nonzone.test')] },
]

const RIGHT: readonly ZoneSpec[] = [
  { origin: 'ec256.test', records: [a('www.ec256.test'), a('ent.below.ec256.test')] },
  { origin: 'x.deep.ec256.test', records: [a('www.x.deep.ec256.test')] },
  ...[8, 10, 14, 15, 16].map((algorithm) => ({
    origin: `alg${algorithm}.test`,
    algorithm,
    records: [a(`www.alg${algorithm}.test`)],
  })),
  {
    origin: 'sha1ds.test',
    records: [a('www.sha1ds.test')],
    ds: ([key]) => [dsRdata(wireName('sha1ds.test'), key!, 1)],
  },
  {
    origin: 'sha384ds.test',
    records: [a('www.sha384ds.test')],
    ds: ([key]) => [dsRdata(wireName('sha384ds.test'), key!, 4)],
  },
  {
    origin: 'extrads.test',
    records: [a('www.extrads.test')],
    ds: ([key]) => [dsRdata(wireName('extrads.test'), key!), strayDs(makeSigningKey(13))],
  },
  {
    origin: 'split.test',
    keys: [makeSigningKey(13, KEY_FLAGS.KSK), makeSigningKey(15, KEY_FLAGS.ZSK)],
    records: [a('www.split.test')],
  },
  {
    origin: 'unkdigest.test',
    records: [a('www.unkdigest.test')],
    ds: ([key]) => [
      Buffer.concat([dsRdata(wireName('unkdigest.test'), key!).subarray(0, 3), Buffer.from([250, 1, 2, 3])]),
    ],
  },
  {
    origin: 'unsigned.test',
    algorithm: 0,
    records: [
      a('www.unsigned.test'),
      cname('tosec.unsigned.test', 'www.ec256.test'),
      cname('tobogus.unsigned.test', 'www.altered.test'),
    ],
  },
  { origin: 'island.unsigned.test', records: [a('www.island.unsigned.test')] },
]

const ALIASES: ZoneSpec = {
  origin: 'alias.test',
  records: [
    cname('tosec.alias.test', 'www.ec256.test'),
    cname('toinsec.alias.test', 'www.unsigned.test'),
    cname('tobogus.alias.test', 'www.altered.test'),
    cname('nowhere.alias.test', 'nope.ec256.test'),
    cname('loop1.alias.test', 'loop2.alias.test'),
    cname('loop2.alias.test', 'LOOP1.alias.test'),
    cname('self.alias.test', 'self.alias.test'),
    cname('two.alias.test', 'www.ec256.test'),
    cname('two.alias.test', 'www.alg15.test'),
    dname('dn.alias.test', 'ec256.test'),
    dname('dnloop.alias.test', 'dnloop.alias.test'),
    a('below.dnamed.alias.test'),
    ...Array.from({ length: 40 }, (_, at) => cname(`l${at + 1}.alias.test`, `l${at + 2}.alias.test`)),
    a('l41.alias.test'),
  ],
}

const lower = (record: ZoneRecord): Buffer =>
  Buffer.from(record.rdata.toString('latin1').toLowerCase(), 'latin1')

const ODD: ZoneSpec = {
  origin: 'odd.test',
  records: [
    ...[mx('mixed.odd.test', 'Mail.Odd.TEST')].map((record) => {
      const { data } = record as { data: { exchange: string } }
      const rdata = Buffer.concat([Buffer.from([0, 5]), wire(data.exchange)])
      const raw = { owner: wireName('mixed.odd.test'), type: 15, ttl: 300, rdata }
      return { ...raw, canonical: lower(raw) }
    }),
    // SVCB is younger than RFC 4034: its name keeps the case when it is signed.
    {
      owner: wireName('svcb.odd.test'),
      type: 64,
      ttl: 300,
      rdata: Buffer.concat([Buffer.from([0, 1]), wire('Target.Odd.TEST')]),
    },
    { owner: wireName('dot\\.ted.odd.test'), type: 1, ttl: 300, rdata: Buffer.from([192, 0, 2, 1]) },
    { owner: wireName('bin\\255\\000x.odd.test'), type: 1, ttl: 300, rdata: Buffer.from([192, 0, 2, 1]) },
    { owner: wireName('raw.odd.test'), type: 65_400, ttl: 300, rdata: Buffer.from('any octets') },
    ...Array.from({ length: 60 }, (_, at) => mx('big.odd.test', `mail-exchange-number-${at}.odd.test`)),
    txt('big.odd.test', 'x'.repeat(200)),
  ],
}

function wire(name: string): Buffer {
  return Buffer.concat([
    ...name.split('.').map((label) => Buffer.from(`${String.fromCharCode(label.length)}${label}`, 'latin1')),
    Buffer.alloc(1),
  ])
}

let made: DnsTree | undefined

/** The tree of all hard cases. */
export const hardTree = (): DnsTree => (made ??= makeTree())

const makeTree = (): DnsTree =>
  createTree([
    { origin: '' },
    { origin: 'test', records: [ns('delegated.test'), a('www.test')] },
    ...RIGHT,
    ...BROKEN,
    ...DENIALS,
    ALIASES,
    ODD,
    keytrap(),
    twoAlgorithms(),
    unknownAlgorithm(),
  ])

/** A question and the verdict that it must have; `ede`: any of these codes. */
export interface HardCase {
  readonly name: string
  readonly type?: number
  readonly status: 'secure' | 'insecure' | 'bogus' | 'indeterminate'
  readonly ede?: readonly number[]
  readonly exists?: boolean
  /** Where unbound and BIND are of another opinion: why we follow neither. */
  readonly differs?: string
}

const bogus = (name: string, ...ede: number[]): HardCase => ({
  name,
  status: 'bogus',
  ...(ede.length > 0 ? { ede } : {}),
})
const secure = (name: string, more: Partial<HardCase> = {}): HardCase => ({ name, status: 'secure', ...more })
const insecure = (name: string, more: Partial<HardCase> = {}): HardCase => ({
  name,
  status: 'insecure',
  ...more,
})
const absent = { exists: false }

/** The hard cases of the design, each with its verdict. */
export const HARD_CASES: readonly HardCase[] = [
  bogus('www.stripped.test', 9),
  bogus('www.nosig.test', 10),
  bogus('www.nokeysig.test', 10),
  bogus('www.expired.test', 7),
  bogus('www.future.test', 8),
  bogus('www.wrongds.test', 9),
  bogus('www.altered.test', 6),
  bogus('www.badsigner.test'),
  bogus('www.labels.test'),
  { ...bogus('www.sha1good256bad.test', 9), differs: 'unbound takes any digest; RFC 4509, section 3' },
  { ...bogus('www.revoked.test'), differs: 'unbound takes revoked keys; RFC 5011, section 2.1' },
  bogus('www.nonzone.test'),
  bogus('www.keytrap.test', 6),
  insecure('www.unkalg.test', { ede: [1] }),
  insecure('www.unkdigest.test', { ede: [2] }),
  insecure('www.unsigned.test'),
  insecure('nope.unsigned.test', absent),
  insecure('www.island.unsigned.test'),
  // The zone above a delegation has nothing to say about names below it, signed or not.
  insecure('x.delegated.test', absent),
  ...[8, 10, 14, 15, 16].map((algorithm) => secure(`www.alg${algorithm}.test`)),
  ...['ec256', 'twoalg', 'extrads', 'sha1ds', 'sha384ds', 'split'].map((zone) => secure(`www.${zone}.test`)),
  secure('www.test'),
  secure('www.x.deep.ec256.test'),
  secure('deep.ec256.test'),
  secure('below.ec256.test'),
  secure('nope.ec256.test', absent),
  secure('a.b.c.nope.ec256.test', absent),
  secure('www.ec256.test', { type: 16 }),
  secure('ec256.test', { type: 43 }),
  secure('www.ec256.test', { type: 43 }),
  secure('unsigned.test', { type: 43 }),
  secure('ec256.test', { type: 48 }),
  { name: 'www.nsecaltered.test', type: 16, status: 'bogus', ede: [6, 12] },
  // Wildcards by NSEC and NSEC3.
  ...['wild.ec256.test', 'wild.nsec3.test'].flatMap((zone) => [
    secure(`any.${zone}`),
    secure(`a.b.c.${zone}`),
    secure(`any.${zone}`, { type: 16 }),
    secure(`x.real.${zone}`, absent),
    secure(`any.alias.${zone}`),
    secure(`*.${zone}`),
  ]),
  secure('nope.nsec3.test', absent),
  secure('ent.nsec3.test'),
  secure('www.nsec3.test', { type: 16 }),
  secure('nope.iter150.test', absent),
  insecure('nope.iter500.test', { ...absent, ede: [27] }),
  secure('www.iter500.test'),
  insecure('nope.optout.test', { ...absent, differs: 'RFC 5155, section 9.2' }),
  insecure('any.wild.optout.test'),
  insecure('www.ins.optout.test'),
  insecure('www.ins.only.ent2.optout.test'),
  insecure('ins.optout.test', { type: 43, differs: 'RFC 5155, section 9.2' }),
  secure('www.sec.optout.test'),
  secure('www.optout.test', { type: 16 }),
  secure('tosec.alias.test'),
  secure('nowhere.alias.test', absent),
  secure('www.dn.alias.test'),
  insecure('toinsec.alias.test'),
  insecure('tosec.unsigned.test'),
  bogus('tobogus.alias.test', 6),
  bogus('tobogus.unsigned.test', 6),
  bogus('two.alias.test'),
  secure('mixed.odd.test', { type: 15 }),
  secure('svcb.odd.test', { type: 64 }),
  secure('dot\\.ted.odd.test'),
  secure('bin\\255\\000x.odd.test'),
  secure('raw.odd.test', { type: 65_400 }),
  secure('big.odd.test', { type: 15 }),
]
