import assert from 'node:assert/strict'
import { parseCode } from '../../../lib/flowtest/code-branches.ts'
import { editText } from '../../../lib/flowtest/code-edits.ts'
import { HAZARDS } from './hazards.ts'

/** Line and column of an offset, both from 1. */
function placeAt(text: string, offset: number): readonly [number, number] {
  const lines = text.slice(0, offset).split(/\r\n|[\n\r\u2028\u2029]/)
  return [lines.length, (lines.at(-1)?.length ?? 0) + 1]
}

describe('counters in code', () => {
  it('leave each character on its line, and its column can be found again', async () => {
    let moved = 0
    for (const code of HAZARDS) {
      const head = 'one line\n  and a part of one '
      const text = `${head}${code}\nfoot`
      const { edits } = await parseCode(code)
      const edited = editText(text, head.length, edits, 'counters')
      assert.equal(edited.text.split('\n').length, text.split('\n').length)
      for (let offset = 0; offset < text.length; offset += 1) {
        const before = edits.filter(({ at }) => head.length + at <= offset)
        const added = before.map(({ before, counter, after }) =>
          counter === undefined
            ? before.length + after.length
            : `${before}counters[${counter}]++${after}`.length,
        )
        const shift = added.reduce((sum, length) => sum + length, 0)
        const [line, column] = placeAt(edited.text, offset + shift)
        const own = placeAt(text, offset)
        if (column !== own[1]) moved += 1
        assert.equal(edited.text[offset + shift], text[offset])
        assert.deepEqual([line, edited.columnOf(line, column)], own, code)
      }
    }
    assert.ok(moved > 1000)
  })
})
