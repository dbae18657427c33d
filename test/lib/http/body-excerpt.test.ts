import assert from 'node:assert/strict'
import { bodyExcerpt, maskOf } from '../../../lib/http/body-excerpt.ts'

const excerpt = (text: string, ...secrets: string[]): string | undefined =>
  bodyExcerpt(Buffer.from(text), maskOf(secrets))

describe('Body excerpt', () => {
  it('is the first 2 kB of the body, and nothing for an empty one', () => {
    assert.equal(excerpt('a'.repeat(5000))?.length, 2048)
    assert.equal(excerpt('short'), 'short')
    assert.equal(excerpt(''), undefined)
  })

  it('masks known secrets as they are, in URLs and in JSON', () => {
    const secret = 'p"ss=word&1'
    const text = `${secret} ${encodeURIComponent(secret)} ${JSON.stringify({ x: secret })}`
    const masked = excerpt(text, secret) ?? ''
    assert.ok(!masked.includes('word'), masked)
  })

  it('leaves no part of a secret that lies across the cut', () => {
    const secret = 'S3CR3T-'.repeat(20)
    for (const before of [2040, 1990, 1920]) {
      const masked = excerpt('x'.repeat(before) + secret, secret) ?? ''
      assert.ok(!masked.includes('S3C'), String(before))
    }
  })

  it('masks what looks like a secret without knowing it', () => {
    const masked = excerpt('{"access_token":"abcdef","client_secret":"ghijkl"}') ?? ''
    assert.ok(!/abcdef|ghijkl/.test(masked), masked)
  })
})
