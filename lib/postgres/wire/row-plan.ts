import type { Column, Row } from '../driver.ts'
import { parserOf, type TextParser } from '../type-parsers.ts'
import { readText } from './message-reader.ts'

/** How the rows of one statement are read: made once for each description of its columns. */
export class RowPlan {
  readonly columns: readonly Column[]
  readonly #names: readonly string[]
  readonly #parsers: readonly (TextParser | undefined)[]
  readonly #isPlain: boolean

  constructor(columns: readonly Column[]) {
    this.columns = columns
    this.#names = columns.map(({ name }) => name)
    this.#parsers = columns.map(({ type }) => parserOf(type))
    this.#isPlain = !this.#names.includes('__proto__')
  }

  /** Reads the body of a RowDescription. */
  static read(buffer: Buffer, start: number): RowPlan {
    const columns: Column[] = []
    let at = start + 2
    for (let left = buffer.readUInt16BE(start); left > 0; left -= 1) {
      const { text: name, next } = readText(buffer, at)
      columns.push({
        name,
        table: buffer.readUInt32BE(next),
        attribute: buffer.readInt16BE(next + 4),
        type: buffer.readUInt32BE(next + 6),
      })
      at = next + 18
    }
    return new RowPlan(columns)
  }

  /** Reads the body of a DataRow. Of columns with the same name the last one stays. */
  decode(buffer: Buffer, start: number): Row {
    const row: Row = {}
    const names = this.#names
    const parsers = this.#parsers
    let at = start + 2
    for (let index = 0; index < names.length; index += 1) {
      const length = buffer.readInt32BE(at)
      at += 4
      let value: unknown = null
      if (length >= 0) {
        const text = buffer.toString('utf8', at, at + length)
        const parse = parsers[index]
        value = parse === undefined ? text : parse(text)
        at += length
      }
      const name = names[index] ?? ''
      if (this.#isPlain) row[name] = value
      // `__proto__` as a name must not change what a row is.
      else Object.defineProperty(row, name, { value, enumerable: true, writable: true, configurable: true })
    }
    return row
  }
}
