import assert from 'node:assert/strict'
import { compileSchema } from '../../../lib/schema/compile.ts'

describe('compiling a schema', () => {
  it('gives up on one that would hold the event loop for half a minute', async function () {
    this.timeout(30_000)
    const entries = Array.from({ length: 20_000 }, (_, i) => [`p${i}`, { type: 'string', pattern: `^a${i}` }])
    const options = {
      draft: 'auto',
      coerce: false,
      useDefaults: false,
      strip: false,
      formats: true,
      maxErrors: 100,
    } as const
    await assert.rejects(compileSchema('schema', { properties: Object.fromEntries(entries) }, options), {
      code: 'SCHEMA_INVALID',
      message: /not compiled within 5000 ms/,
    })
  })
})
