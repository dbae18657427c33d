import assert from 'node:assert/strict'
import { lifeOf, readTokenAnswer } from '../../../lib/auth/grant.ts'

const jwt = (claims: object): string =>
  `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.s`
const lifetime = (answer: object): number | undefined =>
  readTokenAnswer({ access_token: 'opaque', ...answer })?.lifetimeS

describe('Token answer', () => {
  it('lives as long as expires_in says, as a number or as text', () => {
    assert.equal(lifetime({ expires_in: 1800 }), 1800)
    assert.equal(lifetime({ expires_in: '1800' }), 1800)
    assert.equal(lifetime({ expires_in: 0.5 }), 0.5)
  })

  it('lives as long as its claims say, else an hour, when expires_in is missing or of no use', () => {
    for (const expires_in of [undefined, null, '', 'soon', -5, 0, {}, NaN]) {
      assert.equal(lifetime({ expires_in }), 3600)
      assert.equal(lifetime({ expires_in, access_token: jwt({ iat: 100, exp: 700 }) }), 600)
    }
  })

  it('lives a day at most', () => {
    assert.equal(lifetime({ expires_in: 1e12 }), 86_400)
  })

  it('tells scopes and the claims of the id token', () => {
    const answer = readTokenAnswer({
      access_token: 'opaque',
      scope: 'a:read  b:write',
      id_token: jwt({
        tenantId: 't-1',
        tenant: 'acme',
        icBUId: 4711,
        icClusterId: 'c1',
        area: 'na1',
        iss: 'https://i',
      }),
    })
    assert.deepEqual(answer?.scopes, ['a:read', 'b:write'])
    assert.deepEqual(answer.claims, {
      tenant: 'acme',
      tenantId: 't-1',
      area: 'na1',
      cluster: 'c1',
      businessUnit: '4711',
      issuer: 'https://i',
    })
  })

  it('is none without a token that fits into a header', () => {
    for (const access_token of [undefined, '', 7, 'a b', 'a\r\nX: y', 'ä'])
      assert.equal(readTokenAnswer({ access_token }), undefined, String(access_token))
    for (const json of [undefined, null, 'text', []]) assert.equal(readTokenAnswer(json), undefined)
  })

  it('survives an id token that is none', () => {
    for (const id_token of ['', 'x', 'a.b.c', `a.${Buffer.from('[1]').toString('base64url')}.c`, 7, null])
      assert.deepEqual(readTokenAnswer({ access_token: 'x', id_token })?.claims, {})
  })

  it('is renewed before its end by the buffer, or after half its life where it is shorter', () => {
    const clock = { monotonic: () => 1000 }
    assert.deepEqual(lifeOf(3600, 30, clock), { refreshAt: 3_571_000, expiresAt: 3_601_000 })
    assert.deepEqual(lifeOf(30, 30, clock), { refreshAt: 16_000, expiresAt: 31_000 })
    assert.deepEqual(lifeOf(10, 30, clock), { refreshAt: 6000, expiresAt: 11_000 })
    assert.deepEqual(lifeOf(10, 0, clock), { refreshAt: 11_000, expiresAt: 11_000 })
  })
})
