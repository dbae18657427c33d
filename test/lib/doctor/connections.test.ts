import assert from 'node:assert/strict'
import { createServer as createHttp } from 'node:http'
import { connect, createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import type { Duplex } from 'node:stream'
import type { HostReport } from '../../../lib/doctor/examination.ts'
import { actionTarget, hostTarget } from '../../../lib/doctor/targets.ts'
import { until } from '../../support/until.ts'
import type { DnsTree } from '../../support/dns-tree.ts'
import { blackhole } from './blackhole.ts'
import {
  certificateFor,
  Cleanup,
  codesOf,
  examineIn,
  labTree,
  listen,
  listenHttps,
  listenTcp,
  serveDns,
  stepOf,
  type LabOptions,
} from './lab.ts'

const HOST = 'acme.good.test'

describe('the doctor on names and connections', () => {
  const cleanup = new Cleanup()
  let tree: DnsTree
  before(() => {
    tree = labTree()
  })
  afterEach(() => cleanup.run())

  const examineHost = async (place: string, options: LabOptions = {}): Promise<HostReport> => {
    const dns = await serveDns(tree, cleanup)
    const lab = { dns, anchor: tree.anchor, ...options }
    const { examination } = await examineIn([hostTarget(place)], lab, cleanup)
    const [host] = examination.hosts
    assert.ok(host)
    return host
  }
  const refused = async (): Promise<number> => {
    const own = new Cleanup()
    const port = await listenTcp(() => undefined, own)
    await own.run()
    return port
  }

  const names: readonly (readonly [name: string, codes: readonly string[], says: RegExp])[] = [
    ['nothing.good.test', ['HOST_NXDOMAIN'], /does not exist \(NXDOMAIN\); good\.test does$/],
    [
      'api.nowhere.example',
      ['HOST_NXDOMAIN'],
      /neither does nowhere\.example: this DNS knows nothing of the whole domain$/,
    ],
    ['text.good.test', ['HOST_NO_ADDRESS'], /neither A nor AAAA/],
    ['loop.good.test', ['HOST_ALIAS_LOOP'], /loop/],
    ['servfail.good.test', ['DNS_FAILED'], /failed to resolve/],
    ['silent.good.test', ['DNS_UNREACHABLE'], /silent\.good\.test/],
  ]
  for (const [name, codes, says] of names) {
    it(`tells ${codes.join()} of ${name}`, async () => {
      const host = await examineHost(name, { timeoutMs: 600 })
      assert.deepEqual(codesOf(host), codes)
      assert.match(stepOf(host, 'name').findings[0]?.message ?? '', says)
      assert.equal(host.verdict, 'failed')
      assert.deepEqual(
        host.steps.map(({ mark }) => mark),
        ['failed', 'skipped', 'skipped', 'skipped', 'skipped'],
      )
    })
  }

  it('tells secure, unsigned and bogus names apart, each with its address', async () => {
    const statuses: unknown[] = []
    for (const name of [HOST, 'acme.open.test', 'acme.bogus.test']) {
      const { facts, findings, mark } = stepOf(await examineHost(`${name}:${await refused()}`), 'name')
      statuses.push([
        (facts['dnssec'] as { status: string }).status,
        facts['addresses'],
        findings.map(({ code }) => code),
        mark,
      ])
    }
    assert.deepEqual(statuses, [
      ['secure', ['127.0.0.1'], [], 'ok'],
      ['insecure', ['127.0.0.1'], [], 'ok'],
      ['bogus', ['127.0.0.1'], ['DNSSEC_BOGUS'], 'warning'],
    ])
  })

  it('says that the server strips signatures rather than that a name is forged', async () => {
    const other = labTree()
    const step = stepOf(await examineHost(HOST, { anchor: other.anchor }), 'name')
    assert.deepEqual(
      step.findings.map(({ code, level }) => [code, level]),
      [['DNSSEC_UNAVAILABLE', 'note']],
    )
    assert.equal(step.mark, 'ok')
  })

  it('follows aliases, and shows them', async () => {
    const step = stepOf(await examineHost(`www.good.test:${await refused()}`), 'name')
    assert.equal(step.text, 'www.good.test = acme.good.test., DNSSEC secure')
  })

  it('takes the addresses of this machine, and notes where DNS has others', async () => {
    const lookup = (): Promise<string[]> => Promise.resolve(['127.0.0.9'])
    const port = await refused()
    const host = await examineHost(`${HOST}:${port}`, { ports: { lookup } })
    assert.deepEqual(codesOf(host), ['HOST_LOOKUP_DIFFERS', 'HOST_REFUSED'])
    assert.match(stepOf(host, 'tcp').text, /^127\.0\.0\.9: refused/)
    const hosts = await examineHost(`only-here.good.test:${port}`, { ports: { lookup } })
    assert.deepEqual(codesOf(hosts), ['HOST_LOOKUP_DIFFERS', 'HOST_REFUSED'])
  })

  it('does without DNS servers', async () => {
    const lookup = (name: string): Promise<string[]> =>
      name === 'localhost' ? Promise.resolve(['127.0.0.1']) : Promise.reject(new Error('ENOTFOUND'))
    const run = async (place: string) =>
      (await examineIn([hostTarget(place)], { ports: { lookup } }, cleanup)).examination.hosts[0]
    assert.deepEqual(codesOf(await run(`localhost:${await refused()}`)), ['HOST_REFUSED'])
    assert.deepEqual(codesOf(await run('crm')), ['HOST_NXDOMAIN'])
  })

  it('warns of an endpoint for CXone with a private address', async () => {
    const dns = await serveDns(tree, cleanup)
    const target = actionTarget(`https://${HOST}:${await refused()}/lookup`)
    const { examination } = await examineIn([target], { dns, anchor: tree.anchor }, cleanup)
    assert.deepEqual(codesOf(examination.hosts[0], 'address'), ['HOST_PRIVATE_ADDRESS'])
  })

  it('tells a refused port', async () => {
    const port = await refused()
    const host = await examineHost(`${HOST}:${port}`)
    assert.deepEqual(codesOf(host), ['HOST_REFUSED'])
    const [problem] = stepOf(host, 'tcp').findings
    assert.equal(
      problem?.message,
      `No TCP connection to ${HOST}:${port} (127.0.0.1:${port}): refused (ECONNREFUSED)`,
    )
    assert.match(problem.advice, new RegExp(`allow outgoing TCP from this machine to ${HOST} port ${port}`))
  })

  it('tells a port that drops what comes', async () => {
    const port = await blackhole(cleanup)
    const host = await examineHost(`${HOST}:${port}`, { timeoutMs: 400 })
    assert.deepEqual(codesOf(host), ['HOST_TIMEOUT'])
    assert.match(stepOf(host, 'tcp').text, /^127\.0\.0\.1: no answer within 400 ms$/)
    assert.equal(stepOf(host, 'tls').mark, 'skipped')
  })

  it('goes on with the address that answers, and tells those that do not', async () => {
    const port = await listenHttps(certificateFor(['two.good.test']), cleanup)
    const host = await examineHost(`two.good.test:${port}`)
    assert.deepEqual(codesOf(host), ['ADDRESS_DOWN'])
    assert.equal(host.verdict, 'warning')
    assert.equal(stepOf(host, 'http').mark, 'ok')
  })

  it('tells broken IPv6 from IPv6 that this machine does not have', async () => {
    const hasIpv6 = Object.values(networkInterfaces()).some((all) =>
      all?.some(({ address }) => address === '::1'),
    )
    const port = await listenHttps(certificateFor(['six.good.test']), cleanup)
    const host = await examineHost(`six.good.test:${port}`)
    assert.deepEqual(codesOf(host), hasIpv6 ? ['IPV6_BROKEN'] : [])
    assert.equal(stepOf(host, 'http').mark, 'ok')
  })

  describe('through a proxy', () => {
    const proxyAnswering = async (
      answer: (socket: Duplex, place: string) => void,
    ): Promise<[number, string[]]> => {
      const asked: string[] = []
      const server = createHttp().on('connect', (request, socket) => {
        asked.push(`${request.url} ${request.headers['proxy-authorization'] ?? 'no login'}`)
        socket.on('error', () => undefined)
        answer(socket, request.url ?? '')
      })
      return [await listen(server, cleanup), asked]
    }
    const route = (port: number, more: object = {}) => ({
      task: { route: { proxy: { url: `http://127.0.0.1:${port}`, ...more } } },
    })
    const pipe = (target: number) => (socket: Duplex) => {
      const to = connect(target, '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n')
        socket.pipe(to).pipe(socket)
      })
      to.on('error', () => undefined)
      cleanup.add(() => to.destroy())
    }

    it('examines the host behind it, whose name this machine need not know', async () => {
      const target = await listenHttps(certificateFor(['inner.example']), cleanup)
      const [port, asked] = await proxyAnswering(pipe(target))
      const host = await examineHost('inner.example', route(port, { username: 'u', password: 'p' }))
      assert.deepEqual(
        stepOf(host, 'name').findings.map(({ code, level }) => [code, level]),
        [['HOST_NXDOMAIN', 'note']],
      )
      assert.equal(host.verdict, 'ok')
      assert.equal(host.proxy, `127.0.0.1:${port}`)
      assert.equal(stepOf(host, 'http').text, 'HEAD /: 400')
      assert.equal(asked[0], `inner.example:443 Basic ${Buffer.from('u:p').toString('base64')}`)
    })

    for (const [status, code] of [
      [407, 'PROXY_CREDENTIALS'],
      [403, 'PROXY_REFUSED'],
      [502, 'PROXY_REFUSED'],
    ] as const) {
      it(`tells ${code} of a proxy that answers ${status}`, async () => {
        const [port] = await proxyAnswering((socket) => socket.end(`HTTP/1.1 ${status} No\r\n\r\n`))
        const host = await examineHost('inner.example', route(port))
        assert.deepEqual(codesOf(host, 'tcp'), [code])
        assert.match(stepOf(host, 'tcp').text, new RegExp(`127\\.0\\.0\\.1:${port}.*${status}`))
      })
    }

    it('tells a proxy that is not there, and one that says nothing', async () => {
      assert.deepEqual(codesOf(await examineHost('inner.example', route(await refused())), 'tcp'), [
        'PROXY_UNREACHABLE',
      ])
      const silent = await listenTcp(() => undefined, cleanup)
      const host = await examineHost('inner.example', { ...route(silent), timeoutMs: 300 })
      assert.deepEqual(codesOf(host, 'tcp'), ['PROXY_REFUSED'])
    })

    it('notes a proxy of the environment that was not used where the direct way is blocked', async () => {
      const task = { unusedProxy: 'http://proxy.example:3128/' }
      const host = await examineHost(`${HOST}:${await refused()}`, { task })
      assert.deepEqual(codesOf(host), ['HOST_REFUSED', 'PROXY_UNUSED'])
    })
  })

  it('ends at once when it is stopped', async () => {
    const stop = new AbortController()
    let connected = false
    const port = await listen(
      createServer(() => {
        connected = true
      }),
      cleanup,
    )
    const running = examineHost(`${HOST}:${port}`, { timeoutMs: 60_000, signal: stop.signal })
    await Promise.all([
      assert.rejects(running, { code: 'ABORTED' }),
      until(() => connected).then(() => stop.abort()),
    ])
  })

  it('examines hosts side by side, and tells each step as it comes', async () => {
    const dns = await serveDns(tree, cleanup)
    const slow = await listenTcp(() => undefined, cleanup)
    const quick = await listenHttps(certificateFor([HOST]), cleanup)
    const targets = [hostTarget(`${HOST}:${slow}`), hostTarget(`${HOST}:${quick}`)]
    const { events, examination } = await examineIn(
      targets,
      { dns, anchor: tree.anchor, timeoutMs: 1500 },
      cleanup,
    )
    const verdicts = events.flatMap((event) => (event.event === 'verdict' ? [event.report.port] : []))
    assert.deepEqual(verdicts, [quick, slow], 'the quick one need not wait')
    assert.deepEqual(
      examination.hosts.map(({ port }) => port),
      [slow, quick],
      'the examination keeps the order',
    )
    assert.equal(examination.verdict, 'failed')
  })
})
