import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runCli, type ExitCode } from '../../cli/program.ts'
import type { Examination } from '../../lib/doctor/examination.ts'
import { startSandbox, type Sandbox } from '../../lib/sandbox/sandbox.ts'

async function run(...args: readonly string[]): Promise<{ code: ExitCode; out: string; err: string }> {
  let [out, err] = ['', '']
  const code = await runCli(['doctor', ...args], {
    version: '1.2.3',
    print: (line) => (out += `${line}\n`),
    printError: (text) => (err += text),
    untilInterrupted: () => new AbortController().signal,
  })
  return { code, out, err }
}

const NAMES = [
  'CXONE_CLIENT_ID',
  'CXONE_CLIENT_SECRET',
  'HTTPS_PROXY',
  'https_proxy',
  'NO_PROXY',
  'TENANT_URL',
]

describe('cxone-flows doctor', () => {
  let sandbox: Sandbox
  let folder: string
  let custom: readonly string[]
  const before_: Record<string, string | undefined> = {}
  before(async () => {
    sandbox = await startSandbox()
    folder = await mkdtemp(join(tmpdir(), 'cxone-doctor-'))
    const { url } = sandbox.info
    custom = ['--profile', 'custom', '--token-url', `${url}/oauth/token`, '--api-base-url', url]
    for (const name of NAMES) before_[name] = process.env[name]
  })
  afterEach(() => {
    for (const name of NAMES) {
      if (before_[name] === undefined) Reflect.deleteProperty(process.env, name)
      else process.env[name] = before_[name]
    }
  })
  after(async () => {
    await sandbox.close()
    await rm(folder, { recursive: true })
  })

  it('ends with 0 and a tree where all is well', async () => {
    const { code, out, err } = await run(...custom)
    assert.deepEqual([code, err], [0, ''])
    assert.match(out, /^✔ 127\.0\.0\.1:\d+ token, API$/m)
    assert.match(out, /All well: 1 hosts?\.$/m)
  })

  it('logs in with the credentials of the environment, and ends with 1 when they are refused', async () => {
    Object.assign(process.env, { CXONE_CLIENT_ID: 'sandbox', CXONE_CLIENT_SECRET: 'sandbox-secret' })
    assert.match((await run(...custom)).out, /✔ token .* token of sandbox/)
    process.env['CXONE_CLIENT_SECRET'] = 'S3CRET'
    const { code, out } = await run(...custom, '--action', 'order-status')
    assert.equal(code, 1)
    assert.match(out, /CREDENTIALS_REFUSED/)
    assert.ok(!out.includes('S3CRET'))
  })

  it('prints everything as JSON', async () => {
    const { code, out } = await run(...custom, '--json')
    assert.equal(code, 0)
    const { examinations } = JSON.parse(out) as { examinations: Examination[] }
    assert.equal(examinations[0]?.verdict, 'ok')
    assert.deepEqual(
      examinations[0].hosts[0]?.steps.map(({ name }) => name),
      ['name', 'address', 'tcp', 'tls', 'http'],
    )
  })

  it('writes a report to forward', async () => {
    const file = join(folder, 'report.txt')
    const { code, out } = await run('--host', 'http://127.0.0.1:9', '--report', file)
    assert.equal(code, 1)
    assert.ok(out.includes(`The report to forward is in ${file}.`))
    const text = await readFile(file, 'utf8')
    assert.match(text, /^By {7}cxone-flows 1\.2\.3, Node\.js v/m)
    assert.match(text, /HOST_REFUSED, failed/)
  })

  it('examines names by the DNS server and the anchor that are given', async () => {
    const { dnsServer, trustAnchor, port } = sandbox.info
    const dns = ['--dns-server', dnsServer, '--trust-anchor', trustAnchor]
    const right = await run('--host', `http://api.sandbox.test:${port}`, ...dns)
    assert.match(right.out, /api\.sandbox\.test, DNSSEC secure/)
    const plain = await run('--host', `http://api.sandbox.test:${port}`, ...dns, '--no-dnssec')
    assert.doesNotMatch(plain.out, /DNSSEC/)
    const missing = await run('--host', 'missing.sandbox.test', ...dns)
    assert.equal(missing.code, 1)
    assert.match(
      missing.out,
      /HOST_NXDOMAIN\n +missing\.sandbox\.test does not exist \(NXDOMAIN\); sandbox\.test does/,
    )
  })

  it('takes the tenants of a flow file, with their proxies', async () => {
    const file = join(folder, 'flows.json')
    process.env['TENANT_URL'] = sandbox.info.url
    const gateway = {
      type: 'cxone-auth',
      profile: 'custom',
      tokenUrl: '${TENANT_URL}',
      apiBaseUrl: '${TENANT_URL}',
    }
    await writeFile(
      file,
      JSON.stringify([
        { id: 'one', name: 'Gateway', ...gateway },
        { id: 'two', type: 'cxone-auth', profile: 'tenant', tenant: 'acme', proxy: 'proxy' },
        { id: 'proxy', type: 'http proxy', url: 'http://127.0.0.1:9', noproxy: [] },
      ]),
    )
    const one = await run('--flows', file, '--node', 'Gateway')
    assert.match(one.out, /REGION_NOT_HERE\n +127\.0\.0\.1:\d+ has no token endpoint/)
    const two = await run('--flows', file, '--node', 'two', '--dns-server', sandbox.info.dnsServer)
    assert.match(two.out, /PROXY_UNREACHABLE/)
    for (const [args, says] of [
      [['--node', 'three'], /has no cxone-auth node `three`/],
      [[], undefined],
    ] as const) {
      const { code, err } = await run('--flows', file, '--dns-server', sandbox.info.dnsServer, ...args)
      assert.equal(code, says ? 2 : 1)
      if (says) assert.match(err, says)
    }
  })

  it('reaches hosts through the proxy of the environment, and says so', async () => {
    process.env['HTTPS_PROXY'] = 'http://user:S3CRET@127.0.0.1:9'
    const { dnsServer } = sandbox.info
    const { out } = await run('--host', 'crm.sandbox.test', '--dns-server', dnsServer, '--json')
    const { examinations } = JSON.parse(out) as { examinations: Examination[] }
    assert.equal(examinations[0]?.origin.proxy, 'http://127.0.0.1:9/ (of the environment)')
    assert.equal(examinations[0].hosts[0]?.proxy, '127.0.0.1:9')
    assert.ok(!out.includes('S3CRET'))
    process.env['NO_PROXY'] = 'localhost, sandbox.test'
    const direct = await run('--host', 'crm.sandbox.test:9', '--dns-server', dnsServer)
    assert.match(direct.out, /HOST_REFUSED/)
  })

  it('without arguments shows the DNS of this machine and a healthy sandbox', async () => {
    const { dnsServer, trustAnchor } = sandbox.info
    const { out } = await run('--dns-server', dnsServer, '--trust-anchor', trustAnchor)
    assert.match(out, /No tenant was named/)
    assert.match(out, /✔ 127\.0\.0\.1:\d+ token, API/)
    assert.match(out, new RegExp(`${dnsServer} DNS`))
  })

  it('tells its exit codes and where credentials come from', async () => {
    const { code, out } = await run('--help')
    assert.equal(code, 0)
    assert.match(out, /Exit codes: 0 all well, 1 something was found, 2 wrong usage\./)
    assert.match(out, /CXONE_CLIENT_SECRET/)
  })

  for (const [args, says] of [
    [['--profile', 'nowhere'], /Allowed choices are sandbox, tenant/],
    [['--profile', 'tenant'], /the profile tenant needs --tenant/],
    [['--profile', 'tenant', '--tenant', 'a.b'], /`tenant`: expected one label/],
    [['--tenant', 'acme'], /--tenant needs --profile/],
    [['--node', 'x'], /--node needs --flows/],
    [['--profile', 'sandbox', '--flows', 'x'], /either --profile or --flows/],
    [['--action', 'order-status'], /needs --profile or --flows/],
    [['--timeout', '0'], /seconds up to 60/],
    [['--flows', 'does-not-exist.json'], /cannot be read as a flow file/],
    [['--flows', 'package.json'], /is no flow file/],
    [['--host', 'a b'], /Expected a host/],
    [['--host', 'x.test', '--dns-server', 'dns.example'], /`servers`/],
    [['--host', 'x.test', '--dns-server', '127.0.0.1', '--trust-anchor', 'nonsense'], /`trustAnchors`/],
    [['nonsense'], /too many arguments/],
  ] as const) {
    it(`ends with 2 on wrong usage: ${args.join(' ')}`, async () => {
      const { code, err } = await run(...args)
      assert.equal(code, 2)
      assert.match(err, says)
    })
  }
})
