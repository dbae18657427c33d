import assert from 'node:assert/strict'
import type { DoctorEvent, Examination } from '../../../lib/doctor/examination.ts'
import { runDoctor, type DoctorRequest } from '../../../lib/doctor/open-doctor.ts'
import { planTargets, targetOf, actionTarget, hostTarget } from '../../../lib/doctor/targets.ts'
import { PLACES, type Places, type Profile } from '../../../lib/auth/endpoints.ts'
import { startSandbox, type Sandbox } from '../../../lib/sandbox/sandbox.ts'
import { parseConfig, parseCredentials } from '../../../nodes/cxone-auth/config.ts'
import { loginStep } from '../../../lib/doctor/steps/login.ts'
import { systemClock } from '../../../lib/system.ts'
import { codesOf, stepOf } from './lab.ts'

const SECRET = 'S3CRET-of-nobody'
const RIGHT = { clientId: 'sandbox', clientSecret: 'sandbox-secret' }

/** Everything that a doctor told, and the examination. */
async function run(request: Partial<DoctorRequest>): Promise<Examination & { readonly all: string }> {
  const events: DoctorEvent[] = []
  const whole = { software: 'test', route: {}, isDnssec: true, timeoutMs: 2000, ...request }
  for await (const event of runDoctor(whole, { signal: new AbortController().signal })) events.push(event)
  const done = events.at(-1)
  assert.ok(done?.event === 'done')
  return { ...done.examination, all: JSON.stringify(events) }
}

describe('the doctor with a tenant', () => {
  let sandbox: Sandbox
  before(async () => {
    sandbox = await startSandbox()
  })
  after(() => sandbox.close())

  const tenant = (more: object, credentials: object = {}) => ({
    settings: parseConfig({
      profile: 'custom',
      tokenUrl: `${sandbox.info.url}/oauth/token`,
      apiBaseUrl: sandbox.info.url,
      ...more,
    }),
    credentials: parseCredentials(credentials),
  })

  it('finds the sandbox well, with a token and the host of a data action', async () => {
    const { hosts, verdict, origin } = await run({
      tenant: tenant({ profile: 'sandbox' }),
      action: 'order-status',
    })
    assert.equal(verdict, 'ok')
    assert.equal(origin.subject, 'profile sandbox')
    assert.deepEqual(
      hosts.map(({ roles, caller }) => [roles, caller]),
      [
        [['token', 'api'], 'machine'],
        [['action'], 'cxone'],
      ],
    )
    assert.equal(hosts[1]?.id, 'orders.sandbox.test:80')
    const name = stepOf(hosts[1], 'name')
    assert.equal((name.facts['dnssec'] as { status: string }).status, 'secure')
    assert.match(
      stepOf(hosts[0], 'login').text,
      /^token of sandbox, sandbox, valid until \d{4}-\d\d-\d\d \d\d:\d\d UTC$/,
    )
  })

  it('does not log in without credentials', async () => {
    sandbox.reset()
    const { hosts, verdict } = await run({ tenant: tenant({}) })
    assert.equal(verdict, 'ok')
    assert.deepEqual(
      hosts[0]?.steps.map(({ name }) => name),
      ['name', 'address', 'tcp', 'tls', 'http'],
    )
    assert.deepEqual(
      sandbox.requests().map(({ status }) => status),
      [401],
    )
  })

  it('tells a wrong secret, and never shows a secret or a token', async () => {
    const wrong = await run({ tenant: tenant({}, { clientId: 'sandbox', clientSecret: SECRET }) })
    assert.deepEqual(codesOf(wrong.hosts[0]), ['CREDENTIALS_REFUSED'])
    assert.ok(!wrong.all.includes(SECRET))
    const right = await run({ tenant: tenant({}, RIGHT) })
    assert.deepEqual(codesOf(right.hosts[0]), [])
    assert.ok(!/sandbox-secret|eyJ/.test(right.all))
  })

  it('finds the API of an access key by the discovery document', async () => {
    const request = { tenant: tenant({ profile: 'access-key', area: sandbox.info.url }) }
    const { hosts } = await run(request)
    assert.deepEqual(hosts[0]?.roles, ['token', 'api'])
    assert.equal(
      stepOf(hosts[0], 'http').text,
      'POST /authentication/v1/token/access-key: 401; GET /.well-known/cxone-configuration: 200',
    )
  })

  for (const [area, apiBase, codes] of [
    ['na1', 'https://api-au1.niceincontact.com', ['REGION_OTHER_AREA']],
    [undefined, 'https://api-na1.niceincontact.com', ['REGION_OTHER_AREA']],
    ['au1', 'https://api-au1.niceincontact.com', []],
    [undefined, 'https://gateway.example', []],
  ] as const) {
    it(`compares the area of the token with ${area ?? apiBase}`, async () => {
      const facts = {
        tokenHost: 'x',
        apiBase,
        expiresAt: '2026-01-01T00:00:00.000Z',
        claims: { area: 'AU1' },
      }
      const ports = { login: () => Promise.resolve(facts), endpointOf: () => Promise.resolve(null) }
      const call = { clock: systemClock, timeoutMs: 1000, signal: new AbortController().signal }
      const { step } = await loginStep(ports, area, call)
      assert.deepEqual(
        step.findings.map(({ code }) => code),
        codes,
      )
    })
  }

  it('tells a token endpoint that is out of order', async () => {
    sandbox.reset()
    sandbox.fault('token:200,503*forever')
    const { hosts } = await run({ tenant: tenant({}, RIGHT) })
    sandbox.reset()
    assert.deepEqual(codesOf(hosts[0]), ['LOGIN_FAILED'])
  })

  it('tells an API that refuses the token, an action that is unknown, and one without a permission', async () => {
    const ask = async (fault: string | undefined, action = 'order-status', credentials: object = RIGHT) => {
      sandbox.reset()
      if (fault !== undefined) sandbox.fault(fault)
      const { hosts } = await run({ tenant: tenant({}, credentials), action })
      return codesOf(hosts[0], 'action')
    }
    assert.deepEqual(await ask('lookup:401*forever'), ['REGION_TOKEN_REFUSED'])
    assert.deepEqual(await ask(undefined, 'nothing-like-this'), ['ACTION_UNKNOWN'])
    assert.deepEqual(await ask('lookup:403'), ['ACTION_UNKNOWN'])
    sandbox.reset()
  })

  it('refuses what is no host or no URL, without a password in the message', async () => {
    for (const [more, field] of [
      [{ hosts: ['a b'] }, 'hosts'],
      [{ hosts: ['ftp://x'] }, 'hosts'],
      [{ hosts: [`https://u:${SECRET}@x.example`] }, 'hosts'],
      [{ action: 'ftp://x/' }, 'action'],
    ] as const) {
      const failing = run(more)
      await assert.rejects(failing, (error: Error & { code: string; details: object }) => {
        assert.deepEqual([error.code, error.details], ['CONFIG_INVALID', { field }])
        assert.ok(!error.message.includes(SECRET))
        return true
      })
    }
  })
})

describe('the targets of a profile', () => {
  const none = Object.fromEntries(PLACES.map((name) => [name, ''])) as Record<string, string> as Places
  const plan = (profile: Profile, places: Partial<Places>): unknown => {
    const { targets, area } = planTargets(profile, { ...none, ...places })
    return [
      targets.map(
        ({ id, roles, probes }) => `${id} ${roles.join('+')} ${probes.map(({ kind }) => kind).join('+')}`,
      ),
      area,
    ]
  }
  it('are its token host, or issuer, and its API', () => {
    assert.deepEqual(plan('tenant', { tenant: 'acme' }), [
      ['acme.api.niceincontact.com:443 token+api token'],
      undefined,
    ])
    assert.deepEqual(plan('access-key', { area: 'na1' }), [
      ['na1.nice-incontact.com:443 token token+configuration', 'api-na1.niceincontact.com:443 api any'],
      'na1',
    ])
    assert.deepEqual(plan('access-key', { area: 'na1', apiBaseUrl: 'https://gw.example:8443/x' }), [
      ['na1.nice-incontact.com:443 token token+configuration', 'gw.example:8443 api any'],
      'na1',
    ])
    assert.deepEqual(plan('backend-app', { issuer: 'https://cxone.niceincontact.com' }), [
      ['cxone.niceincontact.com:443 discovery openid+configuration'],
      undefined,
    ])
    assert.deepEqual(
      plan('custom', { tokenUrl: 'https://id.example/t', apiBaseUrl: 'https://api.example' }),
      [['id.example:443 token token', 'api.example:443 api any'], undefined],
    )
  })

  it('never call the path of a data action, and take no user names', () => {
    assert.deepEqual(actionTarget('https://crm.example/orders/delete?all=1')?.probes, [
      { kind: 'any', method: 'HEAD', url: 'https://crm.example/' },
    ])
    assert.equal(targetOf('https://u:p@x.example/', 'host', []), undefined)
    assert.equal(hostTarget('[::1]:8443')?.id, '[::1]:8443')
    assert.equal(hostTarget('crm.example')?.port, 443)
  })
})
