import assert from 'node:assert/strict'
import fc from 'fast-check'
import { isName, ROOT, shownName, textOf, wireName } from '../../../../lib/dns/dnssec/name.ts'

describe('names in wire form', () => {
  it('have a length before each label, and lower-case ASCII letters only', () => {
    assert.equal(wireName('WWW.Example'), '\x03www\x07example\0')
    assert.equal(wireName('_dmarc.a-b'), '\x06_dmarc\x03a-b\0')
    assert.equal(wireName(''), ROOT)
    assert.equal(shownName(wireName('a.b')), 'a.b.')
  })

  it('come from text with escapes, which keep dots, backslashes and any octet in their label', () => {
    assert.equal(wireName('dot\\.ted.a'), '\x07dot.ted\x01a\0')
    assert.equal(wireName('back\\\\slash'), '\x0aback\\slash\0')
    assert.equal(wireName('bin\\255\\000x.A'), '\x06bin\xff\0x\x01a\0')
  })

  it('have labels of 1 to 63 octets, and 255 octets in all', () => {
    const label = 'a'.repeat(63)
    assert.equal(wireName(label).length, 65)
    const longest = [label, label, label, 'b'.repeat(61)].join('.')
    assert.equal(wireName(longest).length, 255)
    for (const wrong of ['a..b', '.a', 'a.', '.', `${label}a`, `${longest}c`, '\\097'.repeat(64)]) {
      assert.throws(() => wireName(wrong), RangeError, wrong)
    }
    assert.equal(wireName('\\097'.repeat(63)).length, 65)
  })

  it('of any octets come back from their text', () => {
    const octets = fc.uint8Array({ minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(fc.array(octets, { maxLength: 8 }), (labels) => {
        const name = labels
          .map((label) => String.fromCharCode(label.length) + Buffer.from(label).toString('latin1'))
          .join('')
          .replace(/[A-Z]/g, (letter) => letter.toLowerCase())
        assert.ok(isName(`${name}\0`))
        assert.equal(wireName(textOf(`${name}\0`)), `${name}\0`)
      }),
      { numRuns: 2000 },
    )
  })
})
