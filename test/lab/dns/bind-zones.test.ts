import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { readStrict } from '../../../lib/dns/dnssec/message.ts'
import { wireName } from '../../../lib/dns/dnssec/name.ts'
import { encodeQuestion } from '../../../lib/dns/query.ts'
import { RECORD_TYPE_CODES, type RecordType } from '../../../lib/dns/record-types.ts'
import { createDnsResolver, type DnsResolver } from '../../../lib/dns/resolver.ts'
import { systemDnsPorts } from '../../../lib/dns/system-ports.ts'
import {
  exchange,
  freePort,
  missingPrograms,
  programPath,
  startServer,
  startUnbound,
} from '../../support/dns-lab.ts'
import { request } from '../../lib/dns/fakes.ts'

const run = promisify(execFile)
const missing = missingPrograms('named', 'unbound', 'dnssec-keygen', 'dnssec-signzone')

/** Zone files, as BIND signs them. `nsec3`: options of dnssec-signzone. */
const ZONES: readonly { origin: string; algorithm?: string; nsec3?: readonly string[]; records: string }[] = [
  { origin: '.', records: 'ns.test. A 127.0.0.1' },
  { origin: 'test.', records: 'ns A 127.0.0.1' },
  {
    origin: 'nsec.test.',
    records: `
www A 192.0.2.1
www AAAA 2001:db8::1
Mixed MX 10 Mail.Nsec.TEST.
Mixed SRV 1 2 443 Target.Nsec.Test.
Mixed NAPTR 10 20 "s" "SIP+D2T" "" _sip._tcp.Nsec.TEST.
svc SVCB 1 Svc.Target.Nsec.TEST. alpn=h2,h3 port=8443
web HTTPS 1 . alpn=h2 ipv4hint=192.0.2.9
text TXT "one" "two"
caa CAA 0 issue "ca.test"
tlsa TLSA 3 1 1 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
alias CNAME www
far CNAME www.nsec3.test.
tounsigned CNAME www.unsigned.test.
dn DNAME nsec3.test.
*.wild A 192.0.2.7
real.wild A 192.0.2.8
a.b.ent A 192.0.2.2
${Array.from({ length: 40 }, (_, at) => `big TXT "${'x'.repeat(60)} ${at}"`).join('\n')}`,
  },
  {
    origin: 'nsec3.test.',
    algorithm: 'RSASHA256',
    nsec3: ['-3', 'abcd', '-H', '5'],
    records: 'www A 192.0.2.1\n*.wild A 192.0.2.7\nreal.wild A 192.0.2.8\na.b.ent A 192.0.2.2',
  },
  {
    origin: 'optout.test.',
    algorithm: 'ED25519',
    nsec3: ['-3', '-', '-A', '-H', '0'],
    records: 'www A 192.0.2.1\nins NS ns.test.\nins.only.ent NS ns.test.\n*.wild A 192.0.2.7',
  },
  { origin: 'many.test.', nsec3: ['-3', '-', '-H', '150'], records: 'www A 192.0.2.1' },
  ...['RSASHA512', 'ECDSAP384SHA384', 'ED448'].map((algorithm) => ({
    origin: `${algorithm.toLowerCase()}.test.`,
    algorithm,
    records: 'www A 192.0.2.1',
  })),
]

const QUESTIONS: readonly (readonly [name: string, ...types: RecordType[]])[] = [
  ['www.nsec.test', 'A', 'AAAA', 'MX', 'DS'],
  ['mixed.nsec.test', 'MX', 'SRV', 'NAPTR'],
  ['svc.nsec.test', 'SVCB'],
  ['web.nsec.test', 'HTTPS'],
  ['text.nsec.test', 'TXT'],
  ['caa.nsec.test', 'CAA'],
  ['tlsa.nsec.test', 'TLSA'],
  ['big.nsec.test', 'TXT'],
  ['alias.nsec.test', 'A', 'CNAME', 'TXT'],
  ['far.nsec.test', 'A', 'TXT'],
  ['tounsigned.nsec.test', 'A'],
  ['www.dn.nsec.test', 'A', 'MX'], // unbound takes the CNAME that it makes itself for bogus
  ['any.wild.nsec.test', 'A', 'TXT'],
  ['a.b.any.wild.nsec.test', 'A'],
  ['b.ent.nsec.test', 'A'],
  ['ent.nsec.test', 'A'],
  ['nope.nsec.test', 'A'],
  ['x.real.wild.nsec.test', 'A'],
  ['nsec.test', 'SOA', 'NS', 'DNSKEY', 'DS', 'A'],
  ['www.nsec3.test', 'A', 'AAAA'],
  ['any.wild.nsec3.test', 'A', 'TXT'],
  ['x.real.wild.nsec3.test', 'A'],
  ['ent.nsec3.test', 'A'],
  ['nope.nsec3.test', 'A'],
  ['nsec3.test', 'DS', 'DNSKEY', 'MX'],
  ['www.optout.test', 'A', 'TXT'],
  ['nope.optout.test', 'A'],
  ['any.wild.optout.test', 'A'],
  ['ins.optout.test', 'DS'],
  ['www.many.test', 'A'],
  ['nope.many.test', 'A'],
  ['www.unsigned.test', 'A', 'MX'],
  ['nope.unsigned.test', 'A'],
  ['unsigned.test', 'DS', 'SOA'],
  ['www.rsasha512.test', 'A'],
  ['www.ecdsap384sha384.test', 'A', 'MX'],
  ['www.ed448.test', 'A'],
  ['nope.test', 'A'],
  ['nope', 'A'],
]

async function sign(folder: string): Promise<string> {
  const head = (origin: string): string =>
    `$ORIGIN ${origin}\n$TTL 300\n@ SOA ns.test. admin.test. 1 3600 600 86400 60\n@ NS ns.test.\n`
  const children = (origin: string): string =>
    origin === 'test.'
      ? ZONES.slice(2)
          .map((zone) => `${zone.origin} NS ns.test.\n$INCLUDE dsset-${zone.origin}`)
          .concat('unsigned NS ns.test.')
          .join('\n')
      : origin === '.'
        ? 'test. NS ns.test.\n$INCLUDE dsset-test.'
        : ''
  await writeFile(join(folder, 'unsigned.test.signed'), `${head('unsigned.test.')}www A 192.0.2.1\n`)
  for (const { origin, algorithm = 'ECDSAP256SHA256', nsec3 = [], records } of ZONES.toReversed()) {
    const size = algorithm.startsWith('RSA') ? ['-b', '1024'] : []
    for (const flag of [['-f', 'KSK'], []]) {
      await run(programPath('dnssec-keygen')!, ['-K', folder, '-a', algorithm, ...size, ...flag, origin])
    }
    const file = join(folder, origin === '.' ? 'root' : origin)
    await writeFile(file, `${head(origin)}${records}\n${children(origin)}\n`)
    const args = ['-S', '-K', folder, '-o', origin, '-f', fileOf(folder, origin), ...nsec3, file]
    await run(programPath('dnssec-signzone')!, args, { cwd: folder })
  }
  const [, , , , ...ds] = (await readFile(join(folder, 'dsset-.'), 'utf8')).split('\n')[0]!.split(/\s+/)
  const [tag, algorithm, type, ...digest] =
    ds[0] === 'DS'
      ? ds.slice(1)
      : (await readFile(join(folder, 'dsset-.'), 'utf8')).split(/\s+DS\s+/)[1]!.split(/\s+/)
  return `. IN DS ${tag} ${algorithm} ${type} ${digest.join('').trim()}`
}

const fileOf = (folder: string, origin: string): string =>
  join(folder, `${origin === '.' ? 'root.' : origin}signed`)

describe('zones that BIND has signed and serves, through unbound', () => {
  if (missing.length > 0) {
    it(`are not asked: ${missing.join(', ')} not installed`)
    return
  }
  const closers: (() => Promise<void> | void)[] = []
  let resolver: DnsResolver
  let port: number

  before(async function () {
    this.timeout(120_000)
    const folder = await mkdtemp(join(tmpdir(), 'dns-zones-'))
    closers.push(() => rm(folder, { recursive: true, force: true }))
    const anchor = await sign(folder)
    const named = await freePort()
    const origins = [...ZONES.map(({ origin }) => origin), 'unsigned.test.']
    const zones = origins.map(
      (origin) => `zone "${origin}" { type primary; file "${fileOf(folder, origin)}"; };`,
    )
    const server = await startServer(
      'named',
      async (own) => {
        const options = `directory "${own}"; pid-file none; session-keyfile none; recursion no; listen-on port ${named} { 127.0.0.1; }; listen-on-v6 { none; }; allow-query { any; }; minimal-responses no;`
        await writeFile(
          join(own, 'named.conf'),
          `options { ${options} };\ncontrols { };\n${zones.join('\n')}\n`,
        )
        return ['-f', '-c', join(own, 'named.conf')]
      },
      named,
    )
    closers.push(() => server.close())
    const unbound = await startUnbound(named, anchor, origins)
    closers.push(() => unbound.close())
    ;({ port } = unbound)
    resolver = createDnsResolver(await systemDnsPorts({ cache: true }), {
      servers: [`127.0.0.1:${port}`],
      trustAnchors: anchor,
      transport: 'udp',
      dnssec: 'validate',
      timeoutMs: 5000,
      lifetimeMs: 10_000,
      maxCnameHops: 10,
      onLimit: 'fail',
    })
    closers.push(() => resolver.close())
  })
  after(async () => {
    for (const close of closers.reverse()) await close()
  })

  async function ours(domain: string, type: RecordType): Promise<string> {
    try {
      const asked = { ...request, domain, recordTypes: [type], maxQueriesPerMinute: 1000 }
      return (await resolver.resolve(asked)).dnssec.status
    } catch (error) {
      const { details, code } = error as { details: { dnssec?: { status: string } }; code: string }
      assert.equal(code, 'DNS_NXDOMAIN')
      return details.dnssec?.status ?? code
    }
  }

  for (const [name, ...types] of QUESTIONS) {
    it(`${name} ${types.join(' ')}`, async () => {
      for (const type of types) {
        const query = encodeQuestion({
          name: wireName(name),
          type: RECORD_TYPE_CODES[type],
          flags: 0x0120,
          edns: { dnssecOk: true },
        })
        const message = await exchange(port, query)
        assert.ok(message)
        const { rcode, flags } = readStrict(message)
        const theirs = rcode === 2 ? 'bogus' : (flags & 0x20) !== 0 ? 'secure' : 'insecure'
        assert.notEqual(theirs, 'bogus', `unbound on ${type}: ${JSON.stringify(readStrict(message).ede)}`)
        assert.equal(await ours(name, type), theirs, type)
      }
    })
  }
})
