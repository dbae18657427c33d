import assert from 'node:assert/strict'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { canonicalJson } from '../../../lib/audit/canonical-json.ts'
import { createRedactor, redactText } from '../../../lib/redact/redact.ts'
import { isSecretName } from '../../../lib/redact/redact-text.ts'

describe('redactText', () => {
  const masked: Record<string, [string, string]> = {
    'a bearer token': ['Authorization: Bearer s3cret.token', 'Authorization: [redacted]'],
    'a bearer token without its header': ['sent Bearer s3cret.token to x', 'sent Bearer [redacted] to x'],
    'basic credentials': ['Basic dXNlcjpwYXNz', 'Basic [redacted]'],
    'a form parameter': [
      'grant_type=x&client_secret=abc&scope=y',
      'grant_type=x&client_secret=[redacted]&scope=y',
    ],
    'a JSON member': ['{"password":"a \\" b","x":1}', '{"password":"[redacted]","x":1}'],
    'a JSON number': ['{"secret": 12345, "x": 1}', '{"secret": [redacted], "x": 1}'],
    'a JSON list': ['{"token":["abc"]}', '{"token":["[redacted]"]}'],
    'JSON that is quoted in JSON': [
      '{\\"apiKey\\":\\"a b\\",\\"x\\":1}',
      '{\\"apiKey\\":\\"[redacted]\\",\\"x\\":1}',
    ],
    'a JSON member that was cut off': ['{"access_token":"abc', '{"access_token":"[redacted]"'],
    'a JavaScript object': ["{ accessKeySecret: 'abc' }", "{ accessKeySecret: '[redacted]' }"],
    'a connection string': [
      'Server=db;User Id=app;Password=hunter2;',
      'Server=db;User Id=app;Password=[redacted];',
    ],
    'a libpq string': ['host=db password=hunter2 port=1', 'host=db password=[redacted] port=1'],
    'a password in a URL': ['postgres://app:hunter2@db:5432/x', 'postgres://app:[redacted]@db:5432/x'],
    'a password with an @ in a URL': ['https://u:p@ss@host/', 'https://u:[redacted]@host/'],
    'a webhook secret': ['key is whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'key is [redacted]'],
    'a JWT': ['got eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxIn0.c2ln!', 'got [redacted]!'],
    'a JWT that was cut off': ['got eyJhbGciOiJIUzI1NiIsInR5cCI6Ik', 'got [redacted]'],
    cookies: ['Cookie: sid=1; other=2', 'Cookie: [redacted]'],
    'a header of a key': ['x-api-key: abc123', 'x-api-key: [redacted]'],
    'a private key': ['-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----', '[redacted]'],
    'a value that starts with a backslash': ['password=\\abc', 'password=[redacted]'],
  }
  for (const [what, [text, expected]] of Object.entries(masked)) {
    it(`masks ${what}`, () => assert.equal(redactText(text), expected))
  }

  for (const text of [
    'Basic plan is fine',
    'The bearer token is missing',
    'Property `token`: expected text',
    'https://api.example.com:8443/x?mail=a@b.example',
    'tokenUrl: https://x.example',
    'a plain sentence',
  ]) {
    it(`leaves "${text}" alone`, () => assert.equal(redactText(text), text))
  }

  it('never lets a JSON member with a secret name through, whatever its text', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: 'binary' }), fc.boolean(), (secret, nested) => {
        const marked = `S3CR3T${secret}S3CR3T`
        const json = JSON.stringify({ id: 1, clientSecret: marked, after: 'kept' })
        const text = redactText(nested ? JSON.stringify(json) : json)
        assert.ok(!text.includes('S3CR3T'), text)
        assert.ok(text.includes('kept'), text)
      }),
    )
  })
})

describe('isSecretName', () => {
  for (const name of [
    'password',
    'clientSecret',
    'x-api-key',
    'X-Api-Key',
    'access_token',
    'Authorization',
    'pwd',
    'pass',
    'Set-Cookie',
    'accessKeySecret',
    'secretAccessKey',
    'private_key',
    'newPassword2',
    'credentials',
  ]) {
    it(`says yes to ${name}`, () => assert.equal(isSecretName(name), true))
  }
  for (const name of [
    'passwordRef',
    'tokenUrl',
    'tokenType',
    'accessKeyId',
    'bypass',
    'key',
    'expires_in',
    'author',
  ]) {
    it(`says no to ${name}`, () => assert.equal(isSecretName(name), false))
  }
})

describe('createRedactor', () => {
  const redact = createRedactor()

  it('masks members with secret names at any depth and keeps the rest', () => {
    const value = { a: { password: 'x', list: [{ token: 't', n: 1 }] }, credentials: { user: 'u' }, ok: true }
    assert.deepEqual(redact(value), {
      a: { password: '[redacted]', list: [{ token: '[redacted]', n: 1 }] },
      credentials: '[redacted]',
      ok: true,
    })
  })

  it('tells whether there was a secret at all', () => {
    const value = { password: '', token: null, secret: false, pwd: 0 }
    assert.deepEqual(redact(value), { password: '', token: null, secret: false, pwd: '[redacted]' })
  })

  it('masks secrets in texts and in names', () => {
    assert.deepEqual(redact({ note: 'client_secret=abc', 'see https://u:pw@host/path': 1 }), {
      note: 'client_secret=[redacted]',
      'see https://u:[redacted]@host/path': 1,
    })
  })

  it('masks the places that paths name', () => {
    const masked = createRedactor({
      paths: ['a.b', 'items[*].ssn', '**.deep', "odd['x.y']".replace('x.y', 'xy')],
    })
    const value = {
      a: { b: { c: 1 }, k: 1 },
      b: 1,
      items: [{ ssn: 1, x: 2 }],
      q: [{ w: { deep: 5 } }],
      deep: 1,
      odd: { xy: 1 },
    }
    assert.deepEqual(masked(value), {
      a: { b: '[redacted]', k: 1 },
      b: 1,
      items: [{ ssn: '[redacted]', x: 2 }],
      q: [{ w: { deep: '[redacted]' } }],
      deep: '[redacted]',
      odd: { xy: '[redacted]' },
    })
  })

  it('masks each match of a pattern, also of one that is not global', () => {
    const masked = createRedactor({ patterns: [/\b\d{16}\b/] })
    assert.equal(masked('4111111111111111 and 4222222222222222'), '[redacted] and [redacted]')
  })

  it('never calls getters or toJSON', () => {
    const value = {
      get bomb(): never {
        throw new Error('called')
      },
      toJSON() {
        throw new Error('called')
      },
    }
    assert.deepEqual(redact(value), { bomb: '[getter]', toJSON: '[function]' })
  })

  it('says what stands for a value that is no plain data', () => {
    const value = {
      buffer: Buffer.alloc(3),
      date: new Date(0),
      never: new Date(NaN),
      set: new Set([1]),
      nan: NaN,
      big: 10n,
      symbol: Symbol('x'),
      none: undefined,
      holes: [undefined, 1],
      error: Object.assign(new Error('password=x'), { code: 'E_X' }),
    }
    assert.deepEqual(redact(value), {
      buffer: '[Buffer 3 bytes]',
      date: '1970-01-01T00:00:00.000Z',
      never: '[invalid date]',
      set: '[Set]',
      nan: 'NaN',
      big: '10',
      symbol: '[symbol]',
      holes: [null, 1],
      error: { name: 'Error', message: 'password=[redacted]', code: 'E_X' },
    })
  })

  it('copies objects that were made in another realm, as Function nodes make them', () => {
    const value: unknown = runInNewContext(
      '({ list: [1], date: new Date(0), error: new TypeError("no"), n: { password: "x" } })',
    )
    assert.deepEqual(redact(value), {
      list: [1],
      date: '1970-01-01T00:00:00.000Z',
      error: { name: 'TypeError', message: 'no' },
      n: { password: '[redacted]' },
    })
  })

  it('cuts cycles, but not an object that is there twice', () => {
    const twice = { x: 1 }
    const value: Record<string, unknown> = { a: twice, b: twice }
    value['self'] = value
    assert.deepEqual(redact(value), { a: { x: 1 }, b: { x: 1 }, self: '[circular]' })
  })

  it('survives objects that throw at any touch', () => {
    const hostile = new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error('no')
        },
      },
    )
    assert.deepEqual(redact({ hostile, after: 1 }), { hostile: '[unreadable]', after: 1 })
  })

  it('keeps a member called __proto__ as data', () => {
    const copy = redact(JSON.parse('{"__proto__":{"polluted":1}}')) as object
    assert.deepEqual(Object.keys(copy), ['__proto__'])
    assert.equal((copy as { polluted?: unknown }).polluted, undefined)
  })

  it('bounds depth, number of values and length of texts', () => {
    let deep: unknown = 1
    for (let level = 0; level < 10_000; level += 1) deep = { deep }
    const value = { deep, wide: Array.from({ length: 100_000 }, () => 1), long: 'x'.repeat(20_000_000) }
    const text = JSON.stringify(redact(value))
    assert.ok(text.length < 100_000, `${text.length}`)
    assert.match(text, /more items\]/)
    const long = redact({ long: value.long }) as { long: string }
    assert.match(long.long, /^x{4096}\[19995904 more characters\]$/)
    const many = JSON.stringify(redact(Array.from({ length: 1000 }, () => 'y'.repeat(4000))))
    assert.ok(many.length < 150_000, `${many.length}`)
  })

  it('masks a secret that lies across the cut of a long text', () => {
    const text = `${'x '.repeat(2046)} Bearer ${'s3'.repeat(100)}`
    const copy = redact(text) as string
    assert.ok(!copy.includes('s3'), copy.slice(-60))
  })

  it('always gives data that has a canonical form and survives a round trip through JSON', () => {
    fc.assert(
      fc.property(
        fc.anything({
          withDate: true,
          withMap: true,
          withTypedArray: true,
          withBigInt: true,
          withNullPrototype: true,
        }),
        (value) => {
          const copy = redact(value)
          assert.equal(canonicalJson(JSON.parse(JSON.stringify(copy))), canonicalJson(copy))
        },
      ),
    )
  })

  it('leaves the value as it was', () => {
    const frozen = Object.freeze({ password: 'x', list: Object.freeze([1]) })
    redact(frozen)
    assert.deepEqual(frozen, { password: 'x', list: [1] })
  })
})
