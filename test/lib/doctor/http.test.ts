import assert from 'node:assert/strict'
import type { RequestListener, ServerResponse } from 'node:http'
import type { HostReport } from '../../../lib/doctor/examination.ts'
import { targetOf, type Probe } from '../../../lib/doctor/targets.ts'
import type { DnsTree } from '../../support/dns-tree.ts'
import { certificateFor, Cleanup, codesOf, examineIn, labTree, listenHttps, serveDns, stepOf } from './lab.ts'

const HOST = 'acme.good.test'
const DAY_S = 86_400

describe('the doctor on HTTP', () => {
  const cleanup = new Cleanup()
  let tree: DnsTree
  before(() => {
    tree = labTree()
  })
  afterEach(() => cleanup.run())

  const examineAt = async (
    answer: RequestListener,
    probes: (base: string) => readonly Probe[],
    area?: string,
    timeoutMs = 2000,
  ): Promise<readonly HostReport[]> => {
    const port = await listenHttps(certificateFor([HOST, 'www.good.test']), cleanup, answer)
    const base = `https://${HOST}:${port}`
    const dns = await serveDns(tree, cleanup)
    const target = targetOf(base, 'token', probes(base))
    const lab = { dns, anchor: tree.anchor, timeoutMs, task: { area } }
    return (await examineIn([target], lab, cleanup)).examination.hosts
  }
  const token = (base: string): readonly Probe[] => [
    { kind: 'token', method: 'POST', url: `${base}/oauth/token`, body: '' },
  ]
  const json = (response: ServerResponse, status: number, body: object, headers: object = {}): void => {
    response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(body))
  }
  const page = (response: ServerResponse, status: number): void => {
    response.writeHead(status, { 'Content-Type': 'text/html; charset=utf-8' }).end('<h1>Please log in</h1>')
  }

  const answers: readonly (readonly [
    what: string,
    answer: RequestListener,
    codes: readonly string[],
    says?: RegExp,
  ])[] = [
    [
      'a token endpoint that wants credentials',
      (_, response) => json(response, 401, { error: 'invalid_client' }),
      [],
    ],
    [
      'a host of another region that sends callers on',
      (_, response) => json(response, 307, {}, { Location: 'https://au1.nice-incontact.com/token' }),
      ['REGION_REDIRECT'],
      /sends callers to au1\.nice-incontact\.com \(307\)/,
    ],
    ['a redirect to itself', (_, response) => json(response, 308, {}, { Location: '/token/' }), []],
    [
      'a host without this token endpoint',
      (_, response) => json(response, 404, {}),
      ['REGION_NOT_HERE'],
      /has no token endpoint at \/oauth\/token \(404\)/,
    ],
    ['a captive portal', (_, response) => page(response, 200), ['HTTP_CAPTIVE_PORTAL'], /web page \(200\)/],
    ['a block page', (_, response) => page(response, 403), ['HTTP_CAPTIVE_PORTAL'], /web page \(403\)/],
    [
      'a network that wants a login',
      (_, response) => json(response, 511, {}),
      ['HTTP_CAPTIVE_PORTAL'],
      /511/,
    ],
    [
      'a server that is out of order',
      (_, response) => json(response, 503, {}),
      ['HTTP_SERVER_ERROR'],
      /answers 503/,
    ],
    ['a server that wants fewer calls', (_, response) => json(response, 429, {}), ['HTTP_RATE_LIMITED']],
    ['a connection that is cut', (request) => request.socket.destroy(), ['HTTP_NO_ANSWER']],
  ]
  for (const [what, answer, codes, says] of answers) {
    it(`tells ${what}`, async () => {
      const [host] = await examineAt(answer, token)
      assert.deepEqual(codesOf(host), codes)
      if (says) assert.match(stepOf(host, 'http').findings[0]?.message ?? '', says)
    })
  }

  it('tells silence after the handshake', async () => {
    const [host] = await examineAt(() => undefined, token, undefined, 500)
    assert.deepEqual(codesOf(host), ['HTTP_NO_ANSWER'])
  })

  it('sends nothing but a question without credentials', async () => {
    const seen: unknown[] = []
    await examineAt((request, response) => {
      seen.push([
        request.method,
        request.url,
        request.headers.authorization,
        request.headers.host?.split(':')[0],
      ])
      json(response, 401, {})
    }, token)
    assert.deepEqual(seen, [['POST', '/oauth/token', undefined, HOST]])
  })

  for (const [aheadS, mark] of [
    [-20, 'ok'],
    [90, 'warning'],
    [-90, 'warning'],
    [DAY_S, 'failed'],
  ] as const) {
    it(`measures the clock: ${aheadS} s is ${mark}`, async () => {
      const [host] = await examineAt((_, response) => {
        response.sendDate = false
        json(response, 401, {}, { Date: new Date(Date.now() - aheadS * 1000).toUTCString() })
      }, token)
      const { facts, findings } = stepOf(host, 'http')
      assert.equal(stepOf(host, 'http').mark, mark)
      assert.ok(Math.abs(Number(facts['clockAheadMs']) - aheadS * 1000) < 3000, String(facts['clockAheadMs']))
      const way = aheadS > 0 ? /ahead of that|s ahead of/ : /s behind/
      if (mark !== 'ok') assert.match(findings[0]?.message ?? '', way)
    })
  }

  it('does not take the date of a kept answer for the time', async () => {
    const [host] = await examineAt((_, response) => {
      response.sendDate = false
      json(response, 401, {}, { Date: 'Sat, 01 Jan 2000 00:00:00 GMT', Age: '60' })
    }, token)
    assert.equal(stepOf(host, 'http').facts['clockAheadMs'], null)
  })

  describe('with discovery documents', () => {
    const documents = (base: string): readonly Probe[] => [
      { kind: 'openid', method: 'GET', url: `${base}/.well-known/openid-configuration` },
      { kind: 'configuration', method: 'GET', url: `${base}/.well-known/cxone-configuration` },
    ]
    const serving =
      (openid: object, configuration: object): RequestListener =>
      (request, response) =>
        json(response, 200, request.url?.includes('openid') ? openid : configuration)

    it('goes on to the hosts that they name', async () => {
      const own = new Cleanup()
      cleanup.add(() => own.run())
      const api = await listenHttps(certificateFor(['two.good.test']), own)
      const hosts = await examineAt((request, response) => {
        const base = `https://${request.headers.host}`
        if (request.method === 'POST') json(response, 400, {})
        else
          serving({ token_endpoint: `${base}/auth/token` }, { api_endpoint: `https://two.good.test:${api}` })(
            request,
            response,
          )
      }, documents)
      assert.deepEqual(
        hosts.map(({ host, roles }) => [host, roles]),
        [
          [HOST, ['token']],
          ['two.good.test', ['api']],
        ],
      )
      assert.equal(stepOf(hosts[1], 'http').text, 'GET /: 400')
    })

    it('tells an area that is not the one of the settings', async () => {
      const answer = serving(
        { token_endpoint: `https://${HOST}/t` },
        { area: 'AU1', api_endpoint: 'https://x.y' },
      )
      const [host] = await examineAt(answer, (base) => documents(base).slice(1), 'na1')
      assert.deepEqual(codesOf(host), ['REGION_OTHER_AREA'])
      assert.match(stepOf(host, 'http').findings[0]?.message ?? '', /its area is `au1`, not `na1`/)
      assert.deepEqual(codesOf((await examineAt(answer, (base) => documents(base).slice(1), 'au1'))[0]), [])
    })

    it('tells an issuer without a document, or with one that is none', async () => {
      const openid = (base: string): readonly Probe[] => documents(base).slice(0, 1)
      const [missing] = await examineAt((_, response) => json(response, 404, {}), openid)
      assert.deepEqual(codesOf(missing), ['REGION_NOT_HERE'])
      const [broken] = await examineAt((_, response) => response.end('{"token_endpoint": '), openid)
      assert.deepEqual(codesOf(broken), ['REGION_NOT_HERE'])
    })

    for (const url of [
      'http://elsewhere.example/',
      'https://user:secret@elsewhere.example/',
      'file:///etc/passwd',
      7,
      null,
    ]) {
      it(`does not follow a document to ${String(url)}`, async () => {
        const hosts = await examineAt(serving({ token_endpoint: url }, { api_endpoint: url }), documents)
        assert.equal(hosts.length, 1)
      })
    }
  })
})
