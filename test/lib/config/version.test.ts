import assert from 'node:assert/strict'
import { integer, oneOf, parseFields } from '../../../lib/config/fields.ts'
import { migrate, version, type Migration } from '../../../lib/config/version.ts'

const timeoutInMs: Migration = ({ timeout, ...rest }) => ({ ...rest, timeoutMs: Number(timeout) * 1000 })
const modeWithName: Migration = (stored) => ({ ...stored, mode: stored['mode'] === '1' ? 'fast' : 'safe' })

const fields = {
  version: version([timeoutInMs, modeWithName]),
  timeoutMs: integer({ min: 1, max: 60_000, default: 10_000 }),
  mode: oneOf(['fast', 'safe'], 'safe'),
}

describe('the version of a stored node', () => {
  it('is 1 where the flow file leaves it out', () => {
    assert.equal(version().parse(undefined), 1)
    assert.deepEqual(parseFields({ version: version() }, {}), { version: 1 })
  })

  it('leads through every migration from there to the present one', () => {
    const parsed = parseFields(fields, { timeout: '5', mode: '1' })
    assert.deepEqual(parsed, { version: 3, timeoutMs: 5000, mode: 'fast' })
  })

  it('leads through the later ones only from a version in between', () => {
    const parsed = parseFields(fields, { version: 2, timeoutMs: 700, mode: '1' })
    assert.deepEqual(parsed, { version: 3, timeoutMs: 700, mode: 'fast' })
  })

  it('of today leaves the properties as they are', () => {
    const stored = { version: 3, timeoutMs: 700, mode: 'safe' }
    assert.equal(migrate(fields.version, stored), stored)
  })

  it('leaves what is stored untouched', () => {
    const stored = Object.freeze({ timeout: '5', mode: '2' })
    parseFields(fields, stored)
    assert.deepEqual(stored, { timeout: '5', mode: '2' })
  })

  it('of a newer palette is refused with the way out', () => {
    assert.throws(() => parseFields(fields, { version: 4 }), {
      code: 'CONFIG_INVALID',
      details: { field: 'version' },
      message: /newer palette \(version 4, this one knows 3\): update the palette/,
    })
  })

  for (const wrong of [0, -1, 1.5, 'two', [], {}, true, NaN]) {
    it(`is refused when it is ${JSON.stringify(wrong)}`, () => {
      assert.match(fields.version.check(wrong) ?? '', /expected an integer from 1 to 3/)
    })
  }
})
