import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import fc from 'fast-check'
import { failureAnswer, statusOf } from '../../../lib/endpoint/answer.ts'
import { openApiOf } from '../../../lib/endpoint/openapi.ts'
import { whyNoPath } from '../../../lib/endpoint/path.ts'
import { resultAnswer } from '../../../lib/endpoint/result-json.ts'
import { ERROR_TABLE, PaletteError, type ErrorCode } from '../../../lib/errors.ts'

const require = createRequire(import.meta.url)

describe('answers', () => {
  it('of failures have a status of 400 to 504 and a public message, for every code', () => {
    for (const code of Object.keys(ERROR_TABLE) as ErrorCode[]) {
      const error = new PaletteError(code, 'select secret from t at 10.0.0.1', {
        details: { errors: 'secret' },
      })
      const { status, body } = failureAnswer(error, { correlationId: 'c' })
      assert.ok(status >= 400 && status <= 504 && status === statusOf(code), code)
      const { message, ...rest } = JSON.parse(body) as Record<string, string>
      assert.ok(
        typeof message === 'string' && message !== '' && !message.includes('details'),
        `${code}: ${message}`,
      )
      assert.deepEqual(rest, { status: 'error', code, correlationId: 'c' })
    }
  })

  it('stay within the limit and keep the first rows, whatever the rows', () => {
    const rows = fc.array(fc.jsonValue(), { maxLength: 200 })
    fc.assert(
      fc.property(rows, fc.integer({ min: 512, max: 4000 }), (result, maxResponseBytes) => {
        let body: string
        try {
          body = resultAnswer(result, { maxResponseBytes, onTooLarge: 'truncate' }).body
        } catch (error) {
          assert.equal((error as PaletteError).code, 'ENDPOINT_RESPONSE_TOO_LARGE')
          return
        }
        assert.ok(Buffer.byteLength(body) <= maxResponseBytes)
        const told = JSON.parse(body) as { result: unknown[]; truncated?: { sent: number; total: number } }
        const expected = JSON.parse(JSON.stringify(result)) as unknown[]
        assert.deepEqual(told.result, expected.slice(0, told.result.length))
        assert.equal(told.truncated?.total ?? told.result.length, result.length)
      }),
    )
  })

  it('with a million rows are refused without making them all into text', () => {
    let read = 0
    const row = { toJSON: () => ((read += 1), 'x'.repeat(100)) }
    const rows = new Array<unknown>(1_000_000).fill(row)
    assert.throws(
      () => resultAnswer(rows, { maxResponseBytes: 32_768, onTooLarge: 'fail' }),
      /larger than 32768/,
    )
    assert.ok(read < 1000, String(read))
  })
})

describe('paths of endpoints', () => {
  for (const path of ['/webhook/data-action', '/a', '/A.b/c_d~e-1', '/v1/@x'])
    it(`may be ${path}`, () => assert.equal(whyNoPath(path), undefined))
  for (const path of [
    'a',
    '/',
    '/a/',
    '//a',
    '/a b',
    '/a/../b',
    '/.',
    '/a?b',
    '/a#b',
    '/%2e',
    '/:id',
    '/*',
    '/a(b)',
    '/ä',
    '/cxone/OpenAPI.json',
    '/cxone/health',
  ])
    it(`may not be ${path}`, () => assert.equal(typeof whyNoPath(path), 'string'))
})

describe('the OpenAPI document', () => {
  const endpoint = {
    id: 'a.1',
    name: 'Look up',
    path: '/a',
    authMode: 'hmac',
    headerName: 'x-signature',
    contract: { type: 'object', properties: { n: { $ref: '#/$defs/n' } }, $defs: { n: { type: 'integer' } } },
    idempotency: 'auto',
    deadlineMs: 8000,
    maxBodyBytes: 1000,
  } as const

  it('embeds contracts so that their references stay within them', () => {
    const { Ajv2020 } = require('ajv/dist/2020.js') as {
      Ajv2020: new () => { compile(schema: unknown): (v: unknown) => boolean }
    }
    const document = openApiOf([endpoint], '/') as any
    const { schema } = document.paths['/a'].post.requestBody.content['application/json']
    const validate = new Ajv2020().compile(schema)
    assert.equal(validate({ variables: { n: 1 } }), true)
    assert.equal(validate({ variables: { n: 'x' } }), false)
    assert.equal(validate({}), false)
  })

  it('names schemes and operations with characters that OpenAPI allows', () => {
    const document = openApiOf([{ ...endpoint, id: 'ä/b c' }], '/') as any
    const names = Object.keys(document.components.securitySchemes)
    assert.ok(names.every((name) => /^[\w.-]+$/.test(name)))
    assert.deepEqual(Object.keys(document.paths['/a'].post.security[0]), names)
    assert.match(document.paths['/a'].post.operationId, /^\w+$/)
  })
})
