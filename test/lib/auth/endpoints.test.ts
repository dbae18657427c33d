import assert from 'node:assert/strict'
import { checkPlace, planTokens, urlReason, type Place, type Places } from '../../../lib/auth/endpoints.ts'

const none: Places = {
  tenant: '',
  baseUrl: '',
  environment: '',
  org: '',
  region: '',
  area: '',
  issuer: '',
  tokenUrl: '',
  apiBaseUrl: '',
}

describe('Profiles', () => {
  it('lead to the token URL and API base of the contract', () => {
    const table: [Parameters<typeof planTokens>[0], Partial<Places>, object][] = [
      [
        'tenant',
        { tenant: 'acme' },
        {
          tokenUrl: 'https://acme.api.niceincontact.com/api/v2/oauth/token',
          apiBase: 'https://acme.api.niceincontact.com',
        },
      ],
      [
        'base-url',
        { baseUrl: 'https://api.cxone.com/' },
        { tokenUrl: 'https://api.cxone.com/oauth/token', apiBase: 'https://api.cxone.com' },
      ],
      [
        'environment',
        { environment: 'api.nicecxone.com' },
        { tokenUrl: 'https://api.nicecxone.com/oauth2/token', apiBase: 'https://api.nicecxone.com' },
      ],
      [
        'org',
        { org: 'acme' },
        {
          tokenUrl: 'https://acme.api.nicecxone.com/api/v2/oauth/token',
          apiBase: 'https://acme.api.nicecxone.com',
        },
      ],
      [
        'region',
        { region: 'api-us-1.cxone.com' },
        { tokenUrl: 'https://api-us-1.cxone.com/api/v2/oauth/token', apiBase: 'https://api-us-1.cxone.com' },
      ],
      [
        'custom',
        { tokenUrl: 'https://id.example/t?x=1', apiBaseUrl: 'https://gw.example/cxone/' },
        { tokenUrl: 'https://id.example/t?x=1', apiBase: 'https://gw.example/cxone' },
      ],
    ]
    for (const [profile, places, expected] of table)
      assert.deepEqual(planTokens(profile, { ...none, ...places }), {
        kind: 'client-credentials',
        ...expected,
      })
    assert.deepEqual(planTokens('sandbox', none, 'http://127.0.0.1:9'), {
      kind: 'client-credentials',
      tokenUrl: 'http://127.0.0.1:9/api/v2/oauth/token',
      apiBase: 'http://127.0.0.1:9',
    })
    assert.deepEqual(planTokens('access-key', { ...none, area: 'na1' }), {
      kind: 'access-key',
      tokenUrl: 'https://na1.nice-incontact.com/authentication/v1/token/access-key',
      areaUrl: 'https://na1.nice-incontact.com',
    })
    assert.deepEqual(planTokens('backend-app', { ...none, issuer: 'https://cxone.niceincontact.com' }), {
      kind: 'backend-app',
      issuer: 'https://cxone.niceincontact.com',
    })
  })

  it('take a whole URL as environment, region or area', () => {
    assert.deepEqual(planTokens('environment', { ...none, environment: 'http://127.0.0.1:8089/' }), {
      kind: 'client-credentials',
      tokenUrl: 'http://127.0.0.1:8089/oauth2/token',
      apiBase: 'http://127.0.0.1:8089',
    })
    for (const place of ['environment', 'region', 'area'] as const)
      assert.equal(checkPlace(place, 'http://127.0.0.1:8089'), undefined)
  })

  it('refuse places that would lead elsewhere', () => {
    const wrong: [Place, string][] = [
      ['tenant', 'evil.example/x'],
      ['tenant', 'a.b'],
      ['tenant', '-a'],
      ['org', 'acme@evil.example'],
      ['area', 'na1/../..'],
      ['environment', 'api.example/?x'],
      ['environment', 'user@evil.example'],
      ['region', 'http://api.example.com'],
      ['baseUrl', 'api.cxone.com'],
      ['baseUrl', 'https://u:p@api.cxone.com'],
      ['baseUrl', 'ftp://api.cxone.com'],
      ['issuer', 'http://cxone.niceincontact.com'],
      ['tokenUrl', 'javascript:alert(1)'],
      ['tokenUrl', 'https://id.example/#x'],
      ['apiBaseUrl', 'https://gw.example/?x=1'],
      ['apiBaseUrl', 'http://127.0.0.1.evil.example'],
    ]
    for (const [place, value] of wrong) assert.ok(checkPlace(place, value), `${place} ${value}`)
  })

  it('accept plain http for this machine only, and say what to do', () => {
    for (const host of ['localhost:1', '127.0.0.1', '[::1]:8089'])
      assert.equal(urlReason(`http://${host}/x`), undefined)
    assert.match(urlReason('http://api.example.com/x') ?? '', /use https:\/\/api\.example\.com/)
  })
})
