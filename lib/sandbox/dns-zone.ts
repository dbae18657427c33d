import type { Answer } from 'dns-packet'

/** Name under which the sandbox serves everything; `.test` is reserved and never delegated (RFC 2606). */
const SANDBOX_ORIGIN = 'sandbox.test'

/** What the server does with a name instead of answering from the records. */
export type Behaviour =
  | { readonly kind: 'servfail'; readonly ede: readonly [code: number, text: string] }
  | { readonly kind: 'refused' }
  | { readonly kind: 'silent' }

/** The names that the sandbox's DNS server knows. Owner names are lower case, without a trailing dot. */
export interface SandboxZone {
  readonly records: ReadonlyMap<string, readonly Answer[]>
  readonly behaviours: ReadonlyMap<string, Behaviour>
  /** Names whose answers never carry the AD bit. */
  readonly unsigned: ReadonlySet<string>
  /** Authority for a name inside the served zones: goes into negative answers. Undefined outside of them. */
  readonly soaOf: (name: string) => Answer | undefined
}

const TTL = 300
/** Seconds that a negative answer may be kept (RFC 2308: the last SOA field). */
const NEGATIVE_TTL = 60
const HOSTS = ['crm', 'orders', 'calendar', 'api', 'sink']
const WITH_IPV6 = new Set(['crm', 'api'])
const LONG_CHAIN = 12
const ORIGINS = [SANDBOX_ORIGIN, '127.in-addr.arpa']
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
    { type: 'PTR', name: '1.0.0.127.in-addr.arpa', ttl: TTL, data: under(label) },
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
    soa('127.in-addr.arpa'),
    { type: 'NS', name: SANDBOX_ORIGIN, ttl: TTL, data: under('ns1') },
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
    a(under('unsigned'), '127.0.0.1'),
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

/** The sandbox's zone. `httpPort` is where its HTTP side listens; SRV records point there. */
export function sandboxZone(httpPort: number): SandboxZone {
  const records = new Map<string, Answer[]>()
  for (const record of [...apex(httpPort), ...hosts(), ...aliases(), ...odd()]) {
    const owner = record.name
    records.set(owner, [...(records.get(owner) ?? []), record])
  }
  return {
    records,
    behaviours: new Map<string, Behaviour>([
      [under('servfail'), { kind: 'servfail', ede: [22, 'no reachable authority'] }],
      [under('bogus'), { kind: 'servfail', ede: [6, 'signature does not verify'] }],
      [under('refused'), { kind: 'refused' }],
      [under('silent'), { kind: 'silent' }],
    ]),
    unsigned: new Set([under('unsigned')]),
    soaOf: (name) => {
      const origin = ORIGINS.find((zone) => name === zone || name.endsWith(`.${zone}`))
      return origin === undefined ? undefined : { ...soa(origin), ttl: NEGATIVE_TTL }
    },
  }
}
