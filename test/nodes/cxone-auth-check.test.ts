import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import type { DoctorEvent, Examination } from '../../lib/doctor/examination.ts'
import { codesOf, stepOf } from '../lib/doctor/lab.ts'
import { answerJson, startServer, type StubServer } from '../lib/http/stub-server.ts'
import { makeUserDir, startNodeRed } from '../support/node-red-process.ts'
import { until } from '../support/until.ts'
import { loadFlow, unloadFlow, type LoadedFlow } from './harness.ts'

const SECRET = 'S3CRET-of-the-client'
const CREDENTIALS = { clientId: 'client', clientSecret: SECRET }

type Line = DoctorEvent & { readonly report?: string }

describe('the Check button of cxone-auth', () => {
  const servers: StubServer[] = []
  const tokenServer = async (): Promise<StubServer> => {
    const server = await startServer((request, response) => {
      const isClient = request.body.includes(SECRET)
      answerJson(
        response,
        isClient ? 200 : 401,
        isClient ? { access_token: 'TOKEN-1' } : { error: 'invalid_client' },
      )
    })
    servers.push(server)
    return server
  }
  afterEach(async () => {
    await unloadFlow()
    for (const server of servers.splice(0)) await server.close()
  })

  const formOf = ({ url }: StubServer): object => ({
    profile: 'custom',
    tokenUrl: `${url}/t`,
    apiBaseUrl: url,
  })
  const deploy = (auth: object, credentials: Record<string, string> = CREDENTIALS): Promise<LoadedFlow> =>
    loadFlow([{ id: 'auth', type: 'cxone-auth', ...auth }], { credentials: { auth: credentials } })
  const check = async (
    loaded: LoadedFlow,
    body: unknown,
  ): Promise<{ status: number; type: string; text: string }> => {
    const {
      status,
      text,
      body: raw,
      type,
    } = await loaded.request().post('/cxone/auth/check').send(body).buffer(true)
    return { status, type, text: text ?? String(raw) }
  }
  const linesOf = (text: string): Line[] =>
    text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Line)
  const examinationOf = (lines: readonly Line[]): Examination => {
    const done = lines.at(-1)
    assert.ok(done?.event === 'done')
    assert.match(done.report ?? '', /^CXone connection report\n/)
    return done.examination
  }

  it('examines the form as it is, and needs no node that is deployed', async () => {
    const server = await tokenServer()
    const loaded = await deploy({ profile: 'tenant', tenant: 'acme' })
    const { status, type, text } = await check(loaded, { id: 'not-deployed-yet', ...formOf(server) })
    assert.deepEqual([status, type], [200, 'application/x-ndjson'])
    const lines = linesOf(text)
    assert.deepEqual(
      lines.map(({ event }) => event),
      ['host', 'step', 'step', 'step', 'step', 'step', 'verdict', 'done'],
    )
    const [host] = examinationOf(lines).hosts
    assert.deepEqual([host?.verdict, host?.roles], ['ok', ['token', 'api']])
    assert.ok(
      server.received.every(({ body }) => !body.includes(SECRET)),
      'no secret leaves for a form that is not deployed',
    )
  })

  it('logs in with the stored credentials where the form is as it was deployed, and shows no secret', async () => {
    const server = await tokenServer()
    const loaded = await deploy(formOf(server))
    const { text } = await check(loaded, { id: 'auth', ...formOf(server) })
    const [host] = examinationOf(linesOf(text)).hosts
    assert.equal(stepOf(host, 'login').mark, 'ok')
    assert.ok(!/S3CRET|TOKEN-1/.test(text + loaded.log()))
  })

  it('never sends stored credentials to a host that the form was changed to', async () => {
    const [own, other] = [await tokenServer(), await tokenServer()]
    const loaded = await deploy(formOf(own))
    const { text } = await check(loaded, { id: 'auth', ...formOf(other) })
    const [host] = examinationOf(linesOf(text)).hosts
    assert.equal(
      host?.steps.some(({ name }) => name === 'login'),
      false,
    )
    assert.ok(other.received.length > 0)
    assert.ok(!JSON.stringify(other.received).includes(SECRET))
  })

  it('tries credentials that were typed into the form', async () => {
    const server = await tokenServer()
    const loaded = await deploy({ profile: 'sandbox' }, {})
    const typed = { clientId: 'client', clientSecret: 'WR0NG-secret' }
    const { text } = await check(loaded, { ...formOf(server), credentials: typed })
    assert.deepEqual(codesOf(examinationOf(linesOf(text)).hosts[0]), ['CREDENTIALS_REFUSED'])
    assert.ok(!text.includes('WR0NG'))
  })

  it('finds the host of a data action of the sandbox', async () => {
    const loaded = await deploy({ profile: 'sandbox' }, {})
    const { text } = await check(loaded, { profile: 'sandbox', action: ' order-status ' })
    const { hosts, verdict } = examinationOf(linesOf(text))
    assert.equal(verdict, 'ok')
    assert.equal(hosts[1]?.host, 'orders.sandbox.test')
  })

  it('takes places from the environment, as a deploy does', async () => {
    const server = await tokenServer()
    process.env['CXONE_TEST_PLACE'] = server.url
    const loaded = await deploy({ profile: 'sandbox' }, {})
    const form = { profile: 'custom', tokenUrl: '${CXONE_TEST_PLACE}', apiBaseUrl: '${CXONE_TEST_PLACE}' }
    const { text } = await check(loaded, form)
    delete process.env['CXONE_TEST_PLACE']
    assert.equal(examinationOf(linesOf(text)).hosts[0]?.id, new URL(server.url).host)
  })

  for (const [what, body, field] of [
    ['a place that is wrong', { profile: 'tenant', tenant: 'a.b/c' }, 'tenant'],
    [
      'plain http beyond this machine',
      { profile: 'custom', tokenUrl: 'http://10.0.0.1/t', apiBaseUrl: 'https://x.y' },
      'tokenUrl',
    ],
    ['an unknown profile', { profile: 'nowhere' }, 'profile'],
    ['a proxy that is not deployed', { profile: 'tenant', tenant: 'acme', proxy: 'missing' }, 'proxy'],
    ['an action that is no URL of the web', { profile: 'sandbox', action: 'ftp://x/y' }, 'action'],
    ['a list', [], 'profile'],
  ] as const) {
    it(`refuses ${what} before it connects anywhere`, async () => {
      const loaded = await deploy({ profile: 'sandbox' }, {})
      const { status, text } = await check(loaded, body)
      assert.equal(status, 400)
      const { code, details } = JSON.parse(text) as { code: string; details: unknown }
      assert.deepEqual([code, details], ['CONFIG_INVALID', { field }])
    })
  }

  it('stops when the editor no longer listens', async () => {
    const open = new Set<Socket>()
    const silent = createServer((socket) => {
      open.add(socket)
      socket
        .on('close', () => open.delete(socket))
        .on('error', () => undefined)
        .resume()
    })
    silent.listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const { port } = silent.address() as AddressInfo
    const loaded = await deploy({ profile: 'sandbox' }, {})
    const form = {
      profile: 'custom',
      tokenUrl: `https://localhost:${port}/t`,
      apiBaseUrl: `https://localhost:${port}`,
    }
    const asked = loaded.request().post('/cxone/auth/check').send(form)
    asked.end(() => undefined)
    await until(() => open.size > 0)
    asked.abort()
    await until(() => open.size === 0)
    silent.close()
  })

  it('needs the permission cxone.write', async () => {
    const settings = "adminAuth: { type: 'credentials', users: [], default: { permissions: 'cxone.read' } },"
    const red = await startNodeRed('5.0', await makeUserDir([], { linkPalette: true, settings }))
    const answer = await fetch(`${red.url}cxone/auth/check`, { method: 'POST' }).finally(() => red.stop())
    assert.equal(answer.status, 401)
  }).timeout(30_000)
})
