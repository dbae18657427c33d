import type { Draw } from './draw.ts'

/** A part of a regular expression, with the lengths of what it matches, in characters. */
type Part = { readonly least: number; readonly most: number } & (
  | { readonly kind: 'character'; readonly characters: readonly string[] }
  | { readonly kind: 'sequence' | 'choice'; readonly parts: readonly Part[] }
  | { readonly kind: 'repeat'; readonly part: Part; readonly from: number; readonly to: number }
  | { readonly kind: 'group'; readonly part: Part; readonly names: readonly string[] }
  | { readonly kind: 'again'; readonly name: string }
)

/** Writes texts that a regular expression matches. */
export interface PatternWriter {
  /** The fewest and most characters; `Infinity` where there is no limit. */
  readonly least: number
  readonly most: number
  /** A text of about this many characters. Assertions (`\b`, look-arounds) are left to a test of the text. */
  write(length: number, draw: Draw): string
}

const EMPTY: Part = { kind: 'sequence', parts: [], least: 0, most: 0 }

/** Reads a pattern (ECMA-262 with the `u` flag, as JSON Schema has it) that `new RegExp(pattern, 'u')` accepts. */
export function patternWriter(pattern: string): PatternWriter {
  const core = new Reader(pattern).read()
  // Only where it holds on to neither end may there be more than it says itself.
  const isOpen = !/(?<!\\)(?:\\\\)*\$$/.test(pattern)
  const whole = isOpen ? sequence([core, repeat(character('[a-z]'), 0, Infinity)]) : core
  return {
    least: core.least,
    most: whole.most,
    write: (length, draw) => write(length > core.most ? whole : core, length, { draw, groups: new Map() }),
  }
}

const sum = (parts: readonly Part[], end: 'least' | 'most'): number =>
  parts.reduce((total, part) => total + part[end], 0)

function sequence(parts: readonly Part[]): Part {
  const [only] = parts
  if (only && parts.length === 1) return only
  return { kind: 'sequence', parts, least: sum(parts, 'least'), most: sum(parts, 'most') }
}

function choice(parts: readonly Part[]): Part {
  const [only] = parts
  if (only && parts.length === 1) return only
  const least = Math.min(...parts.map((part) => part.least))
  return { kind: 'choice', parts, least, most: Math.max(...parts.map((part) => part.most)) }
}

function repeat(part: Part, from: number, to: number): Part {
  const most = part.most === 0 || to === 0 ? 0 : part.most * to
  return { kind: 'repeat', part, from, to, least: part.least * from, most }
}

const READABLE = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'
const OTHERS = ' !"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~äöüßéñçøåÄÖÜÉαβγжщя日本語中文😀'
const known = new Map<string, readonly string[]>()

/** Characters that an atom matches: readable ones if there are any. The engine itself says which, so nothing can be misread. */
function charactersOf(source: string): readonly string[] {
  const found = known.get(source)
  if (found) return found
  const one = new RegExp(`^(?:${source})$`, 'u')
  const among = (alphabet: string): readonly string[] => Array.from(alphabet).filter((each) => one.test(each))
  const readable = among(READABLE)
  const made = readable.length > 0 ? readable : among(OTHERS)
  const characters = made.length > 0 ? made : anywhere(one)
  if (known.size > 1000) known.clear()
  known.set(source, characters)
  return characters
}

const SURROGATES = [0xd800, 0xdfff] as const
const LAST = 0x10ffff

function anywhere(one: RegExp): readonly string[] {
  const found: string[] = []
  for (let code = 0; code <= LAST && found.length < 10; code += 1) {
    if (code === SURROGATES[0]) code = SURROGATES[1] + 1
    const character = String.fromCodePoint(code)
    if (one.test(character)) found.push(character)
  }
  return found
}

const character = (source: string): Part => ({
  kind: 'character',
  characters: charactersOf(source),
  least: 1,
  most: 1,
})

/** Reads a pattern from left to right. */
class Reader {
  readonly #pattern: string
  #at = 0
  #groups = 0

  constructor(pattern: string) {
    this.#pattern = pattern
  }

  read(): Part {
    const parts = [this.#sequence()]
    while (this.#skip(/\|/y)) parts.push(this.#sequence())
    return choice(parts)
  }

  #sequence(): Part {
    const parts: Part[] = []
    while (this.#at < this.#pattern.length && !'|)'.includes(this.#pattern.charAt(this.#at))) {
      parts.push(this.#repeated(this.#atom()))
    }
    return sequence(parts)
  }

  #repeated(part: Part): Part {
    const found = this.#skip(/([*+?])\??|\{(\d+)(,(\d*))?\}\??/y)
    if (!found) return part
    const [, sign, from = '', comma, to] = found
    if (sign !== undefined) return repeat(part, sign === '+' ? 1 : 0, sign === '?' ? 1 : Infinity)
    return repeat(part, Number(from), comma === undefined ? Number(from) : to ? Number(to) : Infinity)
  }

  #atom(): Part {
    if (this.#skip(/[$^]|\\[bB]/y)) return EMPTY
    if (this.#skip(/\(\?<?[=!]/y)) return this.#ignored()
    if (this.#skip(/\(\?[\w-]*:/y)) return this.#closed(this.read())
    const open = this.#skip(/\((?:\?<([^>]+)>)?/y)
    if (open) return this.#group(open[1])
    const back = this.#skip(/\\(?:k<([^>]+)>|([1-9]\d*))/y)
    if (back) return { kind: 'again', name: back[1] ?? back[2] ?? '', least: 0, most: 0 }
    return character(this.#skip(ATOM)?.[0] ?? '')
  }

  #group(name: string | undefined): Part {
    this.#groups += 1
    const names = [String(this.#groups), ...(name === undefined ? [] : [name])]
    const part = this.#closed(this.read())
    return { kind: 'group', part, names, least: part.least, most: part.most }
  }

  #ignored(): Part {
    this.#closed(this.read())
    return EMPTY
  }

  #closed(part: Part): Part {
    this.#at += 1 // the closing parenthesis
    return part
  }

  #skip(expression: RegExp): RegExpExecArray | null {
    expression.lastIndex = this.#at
    const found = expression.exec(this.#pattern)
    this.#at += found?.[0].length ?? 0
    return found
  }
}

/** One character: a class, an escape (a surrogate pair is one character), or itself. */
const ATOM =
  /\[(?:\\.|[^\]\\])*\]|\\u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|\\u\{[^}]*\}|\\u[\da-fA-F]{4}|\\x[\da-fA-F]{2}|\\c[A-Za-z]|\\[pP]\{[^}]*\}|\\.|./suy

interface Writing {
  readonly draw: Draw
  /** What the groups matched last, for back-references. */
  readonly groups: Map<string, string>
}

function write(part: Part, length: number, writing: Writing): string {
  const { draw, groups } = writing
  switch (part.kind) {
    case 'character':
      return draw.pick(part.characters)
    case 'again':
      return groups.get(part.name) ?? ''
    case 'group': {
      const text = write(part.part, length, writing)
      for (const name of part.names) groups.set(name, text)
      return text
    }
    case 'choice':
      return write(draw.pick(nearest(part.parts, length)), length, writing)
    case 'sequence':
      return writeAll(part.parts, length, writing)
    case 'repeat':
      return writeAll(
        Array.from({ length: rounds(part, length, draw) }, () => part.part),
        length,
        writing,
      )
  }
}

/** The alternatives that can be so long, else those that come nearest. */
function nearest(parts: readonly Part[], length: number): readonly Part[] {
  const distance = ({ least, most }: Part): number => Math.max(least - length, length - most, 0)
  const best = Math.min(...parts.map(distance))
  return parts.filter((part) => distance(part) === best)
}

function rounds({ part, from, to }: Part & { kind: 'repeat' }, length: number, draw: Draw): number {
  const { least, most } = part
  if (most === 0) return Math.min(from, 1)
  const fewest = Math.min(Math.max(Math.ceil(length / most), from), to)
  const highest = Math.min(least === 0 ? length : Math.floor(length / least), to)
  return highest > fewest ? draw.integer(fewest, highest) : fewest
}

/** Shares the length among the parts at random, so that each gets what it can take. */
function writeAll(parts: readonly Part[], length: number, writing: Writing): string {
  const rooms = roomsBehind(parts)
  let extra = Math.max(length - sum(parts, 'least'), 0)
  let text = ''
  for (const [at, part] of parts.entries()) {
    const fewest = Math.max(extra - (rooms[at] ?? 0), 0)
    const share = writing.draw.integer(fewest, Math.max(Math.min(part.most - part.least, extra), fewest))
    text += write(part, part.least + share, writing)
    extra -= share
  }
  return text
}

/** How much more than the least the parts after each one can take. */
function roomsBehind(parts: readonly Part[]): readonly number[] {
  const rooms = Array.from(parts, () => 0)
  for (let at = parts.length - 2; at >= 0; at -= 1) {
    const { least = 0, most = 0 } = parts[at + 1] ?? {}
    rooms[at] = (rooms[at + 1] ?? 0) + most - least
  }
  return rooms
}
