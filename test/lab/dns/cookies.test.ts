import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readStrict } from '../../../lib/dns/dnssec/message.ts'
import { encodeQuery } from '../../../lib/dns/query.ts'
import { createDnsResolver, type DnsResolver } from '../../../lib/dns/resolver.ts'
import { parseServer } from '../../../lib/dns/servers.ts'
import { systemDnsPorts } from '../../../lib/dns/system-ports.ts'
import { createUdpTransport } from '../../../lib/dns/transport/udp.ts'
import type { CookieState } from '../../../lib/dns/transport/transport.ts'
import { systemClock, systemRandom, systemSoon } from '../../../lib/system.ts'
import { freePort, missingPrograms, programPath, startServer, startUnbound } from '../../support/dns-lab.ts'
import { request } from '../../lib/dns/fakes.ts'

const BADCOOKIE = 23
const missing = missingPrograms('named', 'unbound')
const ZONE = `$TTL 300
@ SOA ns.test. admin.test. 1 3600 600 86400 60
@ NS ns
ns A 127.0.0.1
one A 192.0.2.1
two A 192.0.2.2
`

/** BIND, which takes no question over UDP from a client that does cookies but shows no good one. */
async function startBind(): Promise<{ port: number; close(): Promise<void> }> {
  const port = await freePort()
  return startServer(
    'named',
    async (folder) => {
      const options = `directory "${folder}"; pid-file none; session-keyfile none; recursion no; listen-on port ${port} { 127.0.0.1; }; listen-on-v6 { none; }; require-server-cookie yes;`
      await writeFile(join(folder, 'test.zone'), ZONE)
      await writeFile(
        join(folder, 'named.conf'),
        `options { ${options} };\ncontrols { };\nzone "test." { type primary; file "test.zone"; };\n`,
      )
      return ['-f', '-c', join(folder, 'named.conf')]
    },
    port,
  )
}

/** unbound answers cookies from 1.18 on. */
function unboundDoesCookies(): boolean {
  const said = execFileSync(programPath('unbound')!, ['-V'], { encoding: 'utf8' })
  const [, major, minor] = /Version (\d+)\.(\d+)/.exec(said) ?? []
  return Number(major) > 1 || Number(minor) >= 18
}

describe('DNS cookies, with real servers', () => {
  if (missing.length > 0) {
    it(`are not tried: ${missing.join(', ')} not installed`)
    return
  }
  const closers: (() => Promise<void> | void)[] = []
  let bind: number

  before(async function () {
    this.timeout(60_000)
    const server = await startBind()
    closers.push(() => server.close())
    bind = server.port
  })
  after(async () => {
    for (const close of closers.reverse()) await close()
  })

  async function resolverFor(port: number): Promise<DnsResolver> {
    const resolver = createDnsResolver(await systemDnsPorts({ cache: false }), {
      servers: [`127.0.0.1:${port}`],
      transport: 'udp',
      dnssec: 'off',
      timeoutMs: 5000,
      lifetimeMs: 10_000,
      maxCnameHops: 10,
      onLimit: 'fail',
    })
    closers.push(() => resolver.close())
    return resolver
  }

  it('BIND demands its cookie once, and takes it from then on', async () => {
    const resolver = await resolverFor(bind)
    const first = await resolver.resolve({ ...request, domain: 'one.test' })
    const next = await resolver.resolve({ ...request, domain: 'two.test' })
    assert.deepEqual([first.records.A, first.queries, first.transport], [['192.0.2.1'], 2, 'udp'])
    assert.deepEqual([next.records.A, next.queries, next.transport], [['192.0.2.2'], 1, 'udp'])
  })

  /** The rcode and what the cookie says, of one message to a server. */
  async function exchangesWith(port: number, count: number): Promise<[number, CookieState][]> {
    const udp = createUdpTransport({ clock: systemClock, random: systemRandom, soon: systemSoon })
    closers.push(() => udp.close())
    const seen: [number, CookieState][] = []
    for (let n = 0; n < count; n += 1) {
      await udp.exchange({
        server: parseServer(`127.0.0.1:${port}`)!,
        query: encodeQuery({ name: 'one.test', type: 'A' }, { authenticated: false, edns: true }),
        read: (message, cookie) => seen.push([readStrict(message).rcode, cookie]),
        timeoutMs: 5000,
      })
    }
    return seen
  }

  it('BIND finds our cookies well-formed, and its own in them', async () => {
    assert.deepEqual(await exchangesWith(bind, 3), [
      [BADCOOKIE, 'right'],
      [0, 'right'],
      [0, 'right'],
    ])
  })

  it('unbound answers with cookies where it knows them, and without them all the same', async function () {
    this.timeout(60_000)
    const cookies = unboundDoesCookies()
    const unbound = await startUnbound(bind, '', ['test.'], cookies ? ['answer-cookie: yes'] : [])
    closers.push(() => unbound.close())
    const states = (await exchangesWith(unbound.port, 3)).map(([, state]) => state)
    assert.deepEqual(states, cookies ? ['right', 'right', 'right'] : ['unknown', 'none', 'none'])
    const { records } = await (await resolverFor(unbound.port)).resolve({ ...request, domain: 'two.test' })
    assert.deepEqual(records, { A: ['192.0.2.2'] })
  })
})
