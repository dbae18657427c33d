import { equal, deepEqual } from 'node:assert/strict'
import fc from 'fast-check'
import { formatUuid, parseUuid } from '../../../lib/uuid/format.ts'
import { UUID_FORMATS } from '../../../lib/uuid/settings.ts'

const bytes = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((array) => Buffer.from(array))
const SAMPLE = Buffer.from('f81d4fae7dec41d0a76500a0c91e6bf6', 'hex')
const FORMS = {
  canonical: 'f81d4fae-7dec-41d0-a765-00a0c91e6bf6',
  hex: 'f81d4fae7dec41d0a76500a0c91e6bf6',
  urn: 'urn:uuid:f81d4fae-7dec-41d0-a765-00a0c91e6bf6',
  base64url: '-B1Prn3sQdCnZQCgyR5r9g',
} as const

describe('formatUuid', () => {
  for (const format of UUID_FORMATS) {
    it(`writes the ${format} form`, () => equal(formatUuid(SAMPLE, format), FORMS[format]))

    it(`writes what parseUuid reads, as ${format}`, () => {
      fc.assert(fc.property(bytes, (id) => deepEqual(parseUuid(formatUuid(id, format)), id)))
    })
  }
})

describe('parseUuid', () => {
  it('takes hex digits in either case', () => {
    for (const format of ['canonical', 'hex', 'urn'] as const)
      deepEqual(parseUuid(FORMS[format].toUpperCase()), SAMPLE)
  })

  it('reads each text as at most one UUID: writing it again gives the same text', () => {
    const nearly = fc.stringMatching(/^(urn:uuid:)?[\da-fA-Fg_-]{20,38}$/)
    fc.assert(
      fc.property(fc.oneof(fc.string(), nearly), (text) => {
        const id = parseUuid(text)
        const same = id && UUID_FORMATS.some((format) => formatUuid(id, format) === caseless(text, format))
        equal(same ?? true, true)
      }),
    )
  })

  for (const text of [
    '',
    'f81d4fae-7dec-41d0-a765-00a0c91e6bf',
    'f81d4fae-7dec-41d0-a765-00a0c91e6bf66',
    'f81d4fae7dec-41d0-a765-00a0c91e6bf6',
    '{f81d4fae-7dec-41d0-a765-00a0c91e6bf6}',
    ' f81d4fae-7dec-41d0-a765-00a0c91e6bf6',
    'f81d4fae-7dec-41d0-a765-00a0c91e6bf6\n',
    'urn:uuid:f81d4fae7dec41d0a76500a0c91e6bf6',
    'g81d4fae-7dec-41d0-a765-00a0c91e6bf6',
    '-B1Prn3sQdCnZQCgyR5r9h',
    '-B1Prn3sQdCnZQCgyR5r9g==',
  ])
    it(`refuses ${JSON.stringify(text)}`, () => equal(parseUuid(text), undefined))
})

const caseless = (text: string, format: string): string =>
  format === 'base64url' ? text : text.toLowerCase()
