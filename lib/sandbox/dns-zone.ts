import type { Answer } from 'dns-packet'
import type * as DnsPacket from 'dns-packet'
import { ROOT, wireName, type WireName } from '../dns/dnssec/name.ts'
import { RECORD_TYPE_CODES } from '../dns/record-types.ts'
import { SignedZone, type SignHook } from './dns-signed-zone.ts'
import { anchorText, dsRdata, makeSigningKey, type SigningKey, type ZoneRecord } from './dns-signer.ts'

/** The codec, handed in because it is loaded on first use. */
export type DnsCodec = typeof DnsPacket

/** Name under which the sandbox serves everything; `.test` is reserved and never delegated (RFC 2606). */
const SANDBOX_ORIGIN = 'sandbox.test'

/** What the server does with a name instead of answering from the records. */
export type Behaviour =
  | { readonly kind: 'servfail' | 'bogus'; readonly ede: readonly [code: number, text: string] }
  | { readonly kind: 'refused' }
  | { readonly kind: 'silent' }

/** The names that the sandbox's DNS server knows. */
export interface SandboxZone {
  /** From the root down. */
  readonly zones: readonly SignedZone[]
  /** Names below these, and those above them, are answered; others are refused. */
  readonly served: readonly WireName[]
  readonly behaviours: ReadonlyMap<WireName, Behaviour>
  /** What a validator has to start from, as the `trustAnchors` of the palette. */
  readonly trustAnchor: string
}

const TTL = 300
/** Seconds that a negative answer may be kept (RFC 2308: the last SOA field). */
const NEGATIVE_TTL = 60
const HOSTS = ['crm', 'orders', 'calendar', 'api', 'sink']
const WITH_IPV6 = new Set(['crm', 'api'])
const LONG_CHAIN = 12
const REVERSE_ORIGIN = '127.in-addr.arpa'
const UNSIGNED_ORIGIN = `unsigned.${SANDBOX_ORIGIN}`
/** ECDSA P-256 with SHA-256: small signatures. */
const ALGORITHM = 13
const under = (label: string): string => `${label}.${SANDBOX_ORIGIN}`

const a = (name: string, data: string): Answer => ({ type: 'A', name, ttl: TTL, data })
const aaaa = (name: string, data: string): Answer => ({ type: 'AAAA', name, ttl: TTL, data })
const cname = (name: string, data: string): Answer => ({ type: 'CNAME', name, ttl: TTL, data })
const txt = (name: string, data: string[]): Answer => ({ type: 'TXT', name, ttl: TTL, data })
const soa = (name: string): Answer => ({
  type: 'SOA',
  name,
  ttl: TTL,
  data: {
    mname: under('ns1'),
    rname: under('hostmaster'),
    serial: 2026112101,
    refresh: 7200,
    retry: 900,
    expire: 1_209_600,
    minimum: NEGATIVE_TTL,
  },
})

const ns = (name: string): Answer => ({ type: 'NS', name, ttl: TTL, data: under('ns1') })

// RFC 9460: priority, target (root: the owner itself), then alpn=h2,http/1.1. dns-packet knows no type HTTPS.
const httpsRecord = (name: string): Answer =>
  ({
    type: 'UNKNOWN_65',
    name,
    ttl: TTL,
    data: Buffer.from('\x00\x01\x00' + '\x00\x01\x00\x0c' + '\x02h2\x08http/1.1', 'latin1'),
  }) as unknown as Answer

function hosts(): Answer[] {
  return HOSTS.flatMap((label) => [
    a(under(label), '127.0.0.1'),
    ...(WITH_IPV6.has(label) ? [aaaa(under(label), '::1')] : []),
  ])
}

function aliases(): Answer[] {
  const chain = Array.from({ length: LONG_CHAIN }, (_, at) =>
    cname(under(`hop${at + 1}`), under(at + 1 === LONG_CHAIN ? 'api' : `hop${at + 2}`)),
  )
  return [
    cname(under('www'), under('edge')),
    cname(under('edge'), under('pop-1.edge')),
    cname(under('pop-1.edge'), under('api')),
    cname(under('loop1'), under('loop2')),
    cname(under('loop2'), under('loop1')),
    cname(under('self'), under('self')),
    cname(under('dangling'), under('missing')),
    ...chain,
  ]
}

function apex(httpPort: number): Answer[] {
  return [
    soa(SANDBOX_ORIGIN),
    ns(SANDBOX_ORIGIN),
    a(under('ns1'), '127.0.0.1'),
    { type: 'MX', name: SANDBOX_ORIGIN, ttl: TTL, data: { preference: 10, exchange: under('mx1') } },
    { type: 'MX', name: SANDBOX_ORIGIN, ttl: TTL, data: { preference: 20, exchange: under('mx2') } },
    a(under('mx1'), '127.0.0.1'),
    a(under('mx2'), '127.0.0.1'),
    txt(SANDBOX_ORIGIN, ['v=spf1 -all']),
    txt(under('split'), ['one ', 'text ', 'in three parts']),
    {
      type: 'CAA',
      name: SANDBOX_ORIGIN,
      ttl: TTL,
      data: { flags: 0, tag: 'issue', value: 'ca.sandbox.test' },
    },
    {
      type: 'SRV',
      name: under('_api._tcp'),
      ttl: TTL,
      data: { priority: 10, weight: 5, port: httpPort, target: under('api') },
    },
    httpsRecord(under('api')),
  ]
}

function odd(): Answer[] {
  return [
    a(under('bogus'), '127.0.0.1'),
    a(under('expired'), '127.0.0.1'),
    cname(under('to-unsigned'), under('unsigned')),
    a(under('short'), '127.0.0.1'),
    a(under('private'), '192.168.7.1'),
    a(under('metadata'), '169.254.169.254'),
    a(under('public'), '203.0.113.10'),
    txt(
      under('big'),
      Array.from({ length: 40 }, (_, at) => `part ${at} `.padEnd(100, '.')),
    ),
    ...Array.from({ length: 120 }, (_, at) => a(under('big'), `127.0.1.${at + 1}`)),
  ].map((record) => (record.name === under('short') ? ({ ...record, ttl: 1 } as Answer) : record))
}

const reverse = (): Answer[] =>
  HOSTS.map((label) => ({ type: 'PTR', name: '1.0.0.127.in-addr.arpa', ttl: TTL, data: under(label) }))

/** The records of each zone, from the root down. */
const contents = (httpPort: number): readonly (readonly [origin: string, records: readonly Answer[]])[] => [
  ['', []],
  ['test', []],
  [SANDBOX_ORIGIN, [...apex(httpPort), ...hosts(), ...aliases(), ...odd()]],
  [UNSIGNED_ORIGIN, [a(UNSIGNED_ORIGIN, '127.0.0.1')]],
  [REVERSE_ORIGIN, reverse()],
]

/**
 * The sandbox's zones, signed with keys that are made anew each time. `httpPort` is where its HTTP side listens; SRV
 * records point there.
 *
 * @param now Unix milliseconds.
 */
export function sandboxZone(codec: DnsCodec, httpPort: number, now: () => number): SandboxZone {
  const keys = new Map<string, SigningKey>()
  const seconds = (): number => Math.floor(now() / 1000)
  const zones = contents(httpPort)
    .map(([origin, own]) => {
      const key = origin === UNSIGNED_ORIGIN ? undefined : makeSigningKey(ALGORITHM)
      if (key) keys.set(origin, key)
      return { origin, own, key }
    })
    .map(({ origin, own, key }, _, all) => {
      const below = all.filter((zone) => zone.origin !== origin && parentOrigin(zone.origin) === origin)
      const records = [
        ...(origin === SANDBOX_ORIGIN ? own : [soa(origin), ns(origin), ...own]).map((record) =>
          rawRecord(codec, record),
        ),
        ...below.flatMap((zone) => delegation(codec, zone.origin, zone.key)),
      ]
      return new SignedZone({
        origin: wireName(origin),
        records,
        now: seconds,
        ...(key ? { keys: [key], sign: signWrongly } : {}),
      })
    })
  const rootKey = keys.get('')
  if (!rootKey) throw new TypeError('the root is signed')
  return {
    zones,
    served: [SANDBOX_ORIGIN, REVERSE_ORIGIN].map(wireName),
    behaviours: BEHAVIOURS,
    trustAnchor: anchorText('.', dsRdata(ROOT, rootKey)),
  }
}

const PARENTS: Readonly<Record<string, string>> = {
  test: '',
  [SANDBOX_ORIGIN]: 'test',
  [UNSIGNED_ORIGIN]: SANDBOX_ORIGIN,
  [REVERSE_ORIGIN]: '',
}
const parentOrigin = (origin: string): string | undefined => PARENTS[origin]

function delegation(codec: DnsCodec, origin: string, key: SigningKey | undefined): ZoneRecord[] {
  const owner = wireName(origin)
  const ds = key && { owner, type: 43, ttl: TTL, rdata: dsRdata(owner, key) }
  return [rawRecord(codec, ns(origin)), ...(ds ? [ds] : [])]
}

/** A record with its RDATA in octets. */
export function rawRecord(codec: DnsCodec, record: Answer): ZoneRecord {
  const {
    type,
    name,
    ttl = TTL,
    data,
  } = record as { type: string; name: string; ttl?: number; data: unknown }
  // It starts with its length.
  const rdata = (codec as unknown as RdataCodecs).record(type).encode(data).subarray(2)
  return { owner: wireName(name), type: typeCode(type), ttl, rdata }
}

interface RdataCodecs {
  record(type: string): { encode(data: unknown): Buffer }
}

const TYPE_CODES: Readonly<Record<string, number>> = { ...RECORD_TYPE_CODES, DNAME: 39 }

// dns-packet knows no name for SVCB and HTTPS.
const typeCode = (type: string): number => TYPE_CODES[type] ?? Number(type.replace('UNKNOWN_', ''))

const BOGUS = wireName(under('bogus'))
const EXPIRED = wireName(under('expired'))
const BEHAVIOURS = new Map<WireName, Behaviour>([
  [wireName(under('servfail')), { kind: 'servfail', ede: [22, 'no reachable authority'] }],
  [BOGUS, { kind: 'bogus', ede: [6, 'signature does not verify'] }],
  [EXPIRED, { kind: 'bogus', ede: [7, 'signature expired'] }],
  [wireName(under('refused')), { kind: 'refused' }],
  [wireName(under('silent')), { kind: 'silent' }],
])

/** Two names have signatures that are wrong, one in its octets, one in its times. */
const signWrongly: SignHook = (set, make) => {
  const owner = set[0]?.owner
  const right = make()
  if (owner === EXPIRED) return [make({ inception: 1_700_000_000, expiration: 1_700_086_400 })]
  if (owner !== BOGUS) return [right]
  const rdata = Buffer.from(right.rdata)
  rdata.writeUInt8(rdata.readUInt8(rdata.length - 1) ^ 1, rdata.length - 1)
  return [{ ...right, rdata }]
}
