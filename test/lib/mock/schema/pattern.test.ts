import assert from 'node:assert/strict'
import fc from 'fast-check'
import { Draw, Walk } from '../../../../lib/mock/schema/draw.ts'
import { patternWriter } from '../../../../lib/mock/schema/pattern.ts'
import { seededRandom } from '../../../../lib/random/seeded-random.ts'

const drawOf = (seed: number): Draw => new Draw(seededRandom(seed), new Walk())

/** Patterns without assertions in their midst: each text that is written must match. */
const { pattern } = fc.letrec<{ pattern: string; part: string }>((tie) => ({
  pattern: fc.array(tie('part'), { minLength: 1, maxLength: 4 }).map((parts) => parts.join('')),
  part: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(
      'a',
      'Z',
      '7',
      '-',
      '\\.',
      '\\\\',
      '\\/',
      '\\d',
      '\\w',
      '\\s',
      '\\D',
      '\\S',
      '.',
      '\\t',
      '\\x41',
      '\\u00e9',
      '\\u{1F600}',
      '\\cJ',
      'é',
      '😀',
      '\\ud83d\\ude00',
    ),
    fc.constantFrom(
      '[a-f]',
      '[^x]',
      '[\\w.-]',
      '[\\]\\[^]',
      '[\\u4e00-\\u4e10]',
      '\\p{Lu}',
      '\\P{L}',
      '[^\\p{L}\\d]',
    ),
    fc.tuple(tie('pattern'), tie('pattern')).map(([a, b]) => `(?:${a}|${b})`),
    tie('pattern').map((inner) => `(${inner})`),
    fc
      .tuple(tie('pattern'), fc.constantFrom('*', '+', '?', '{2}', '{1,3}', '{2,}', '*?', '+?', '{0,2}?'))
      .map(([inner, times]) => `(?:${inner})${times}`),
  ),
}))

describe('texts written for a regular expression', () => {
  it('match it, and have a length within its bounds', () => {
    fc.assert(
      fc.property(pattern, fc.nat({ max: 40 }), fc.nat(), (source, length, seed) => {
        const whole = new RegExp(`^(?:${source})$`, 'u')
        const writer = patternWriter(`^(?:${source})$`)
        const text = writer.write(length, drawOf(seed))
        assert.match(text, whole)
        const count = Array.from(text).length
        assert.ok(
          count >= writer.least && count <= writer.most,
          `${count} is not in ${writer.least}..${writer.most}`,
        )
      }),
      { numRuns: 500 },
    )
  })

  it('have the length that is asked for where every length is possible', () => {
    for (const source of ['^.*$', '^[a-z]+\\d*$', '^(?:a|bc)*$', '^x{3,}y?$', '^(?:[ab]{2,4}-?)+$'])
      for (const length of [3, 4, 9, 17, 50])
        assert.equal(
          patternWriter(source).write(length, drawOf(length)).length,
          length,
          `${source} ${length}`,
        )
  })

  it('are padded where the pattern does not hold on to the end', () => {
    const text = patternWriter('ID\\d').write(12, drawOf(1))
    assert.match(text, /^ID\d[a-z]{9}$/)
    assert.equal(patternWriter('ID\\d$').most, 3)
    assert.equal(patternWriter('cost: \\$').most, Infinity)
  })

  it('repeat what a group matched', () => {
    for (let seed = 0; seed < 20; seed += 1)
      assert.match(patternWriter('^(\\d)(?<b>[a-z])\\1\\k<b>$').write(4, drawOf(seed)), /^(\d)([a-z])\1\2$/)
  })

  it('prefer letters and digits to signs, so that people can read them', () => {
    for (let seed = 0; seed < 20; seed += 1)
      assert.match(patternWriter('^[^@]{8}$').write(8, drawOf(seed)), /^[A-Za-z0-9]{8}$/)
  })
})
