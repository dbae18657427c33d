/** Text to write into code, around the counter that it counts up. */
export interface Edit {
  readonly at: number
  readonly before: string
  readonly counter?: number
  readonly after: string
}

/** What is to be written into a text, and the counters in it. */
export class CodeEdits {
  readonly #opening: Edit[] = []
  readonly #closing: Edit[] = []
  #counters = 0

  get counters(): number {
    return this.#counters
  }

  /** By place; at one place, what closes comes before what opens. */
  get inOrder(): readonly Edit[] {
    return [...this.#closing, ...this.#opening].sort((a, b) => a.at - b.at)
  }

  /** A new counter. */
  counter(): number {
    return this.#counters++
  }

  /** Writes a new counter in front of what starts here. */
  count(at: number, before: string, after: string): number {
    const counter = this.counter()
    this.open(at, before, counter, after)
    return counter
  }

  /** Writes in front of what starts here: calls go from the outside in. */
  open(at: number, before: string, counter: number, after: string): void {
    this.#opening.push({ at, before, counter, after })
  }

  /** Writes behind what ends here: calls go from the inside out. */
  close(at: number, before: string, counter?: number, after = ''): void {
    this.#closing.push({ at, before, ...(counter === undefined ? {} : { counter }), after })
  }
}

/** A text that counts itself. */
export interface EditedText {
  readonly text: string
  /** The column of the text as it was (from 1) for a place in this one. */
  columnOf(line: number, column: number): number
}

/**
 * Writes edits into the part of a text that begins at `begin`.
 *
 * @param counters name of the list of counters.
 */
export function editText(text: string, begin: number, edits: readonly Edit[], counters: string): EditedText {
  let edited = ''
  let from = 0
  const added: { readonly at: number; readonly length: number }[] = []
  for (const { at, before, counter, after } of edits) {
    const place = begin + at
    const addition = `${before}${counter === undefined ? '' : `${counters}[${counter}]++`}${after}`
    edited += text.slice(from, place)
    added.push({ at: edited.length, length: addition.length })
    edited += addition
    from = place
  }
  edited += text.slice(from)
  return { text: edited, columnOf: (line, column) => column - shiftAt(edited, added, line, column) }
}

// How much was written in front of a place, on its line.
function shiftAt(
  text: string,
  added: readonly { readonly at: number; readonly length: number }[],
  line: number,
  column: number,
): number {
  let start = 0
  for (const end of text.matchAll(/\r\n|[\n\r\u2028\u2029]/g)) {
    if (line <= 1) break
    line -= 1
    start = end.index + end[0].length
  }
  const place = start + column - 1
  return added
    .filter(({ at }) => at >= start && at < place)
    .reduce((sum, { at, length }) => sum + Math.min(length, place - at), 0)
}
