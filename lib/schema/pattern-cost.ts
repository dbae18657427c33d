/**
 * An upper bound of what matching a pattern costs a backtracking matcher: for a text of n characters at most
 * `factor * n ** degree * base ** n` steps.
 */
export interface PatternCost {
  readonly factor: number
  readonly degree: number
  /** 1 where the cost is no more than polynomial. */
  readonly base: number
}

const UNKNOWN: PatternCost = { factor: 1, degree: 0, base: Infinity }
const ONE: PatternCost = { factor: 1, degree: 0, base: 1 }
/** Longer patterns are not read: generated ones may be of any size. */
const MAX_PATTERN = 10_000
const MAX_DEPTH = 100

/** Steps for a text of `length` characters. */
export function stepsOf({ factor, degree, base }: PatternCost, length: number): number {
  const polynomial = degree === 0 ? factor : factor * Math.max(length, 1) ** degree
  return base === 1 ? polynomial : polynomial * base ** length
}

/**
 * Bounds the cost of a pattern (ECMA-262 with the `u` flag, as JSON Schema has it). The number of ways through a
 * sequence is the product of the ways through its parts; a part that may be taken in several ways and is repeated
 * without limit has exponentially many (`(a+)+`, `(a|a)*`).
 *
 * @param pattern one that `new RegExp(pattern, 'u')` accepts.
 */
export function costOfPattern(pattern: string): PatternCost {
  // What a back-reference or a look-behind costs depends on what else matched.
  if (pattern.length > MAX_PATTERN || /\\[1-9]|\\k<|\(\?<[=!]/.test(pattern)) return UNKNOWN
  return new Reader(pattern).cost()
}

const both = (a: PatternCost, b: PatternCost): PatternCost => ({
  factor: a.factor * b.factor,
  degree: a.degree + b.degree,
  base: Math.max(a.base, b.base),
})

function repeat({ factor, degree, base }: PatternCost, least: number, most: number): PatternCost {
  if (most < Infinity) return { factor: factor ** most * (most - least + 1), degree: degree * most, base }
  if (factor === 1 && degree === 0 && base === 1) return { factor: 1, degree: 1, base: 1 }
  // n characters can be cut into rounds in fewer than 2 ** n ways; the lengths of the rounds multiply to less than 2 ** n.
  return { factor: 1, degree: 0, base: (factor + 1) * 2 ** degree * base }
}

/** Reads a pattern once, from left to right. */
class Reader {
  readonly #pattern: string
  #at = 0
  /** Steps of one way through the pattern, without repeats that have no limit. */
  #steps = 1

  constructor(pattern: string) {
    this.#pattern = pattern
  }

  cost(): PatternCost {
    const { isWhole, ...ways } = this.#alternatives(0)
    // Each way may be walked from every start, unless the pattern holds on to the first character.
    const starts = this.#pattern.startsWith('^') && isWhole ? 0 : 1
    return { ...ways, factor: ways.factor * this.#steps, degree: ways.degree + starts }
  }

  /** Reads up to the closing parenthesis or the end. `isWhole`: there is a single alternative. */
  #alternatives(depth: number): PatternCost & { readonly isWhole: boolean } {
    if (depth > MAX_DEPTH) return { ...UNKNOWN, isWhole: false }
    let sum = this.#sequence(depth)
    let isWhole = true
    while (this.#take('|')) {
      const { factor, degree, base } = this.#sequence(depth)
      sum = {
        factor: sum.factor + factor,
        degree: Math.max(sum.degree, degree),
        base: Math.max(sum.base, base),
      }
      isWhole = false
    }
    return { ...sum, isWhole }
  }

  #sequence(depth: number): PatternCost {
    let cost = ONE
    while (this.#at < this.#pattern.length && !'|)'.includes(this.#pattern.charAt(this.#at))) {
      const before = this.#steps
      const item = this.#item(depth)
      const [least, most] = this.#quantifier()
      if (most !== Infinity) this.#steps = before + (this.#steps - before) * Math.max(most, 1)
      cost = both(cost, repeat(item, least, most))
    }
    return cost
  }

  #item(depth: number): PatternCost {
    if (this.#take('(')) {
      this.#skip(/\?(?:[:=!]|<[^>]*>|[ims-]*:)/y)
      const { factor, degree, base } = this.#alternatives(depth + 1)
      this.#take(')')
      return { factor, degree, base }
    }
    this.#skip(/\[(?:\\.|[^\]\\])*\]|\\.|./suy)
    this.#steps += 1
    return ONE
  }

  #quantifier(): readonly [least: number, most: number] {
    const found = this.#skip(/[*+?]\??|\{(\d+)(,(\d*))?\}\??/y)
    if (!found) return [1, 1]
    const [text, least, comma, most] = found
    if (text.startsWith('*') || text.startsWith('+')) return [0, Infinity]
    if (text.startsWith('?')) return [0, 1]
    if (comma === undefined) return [Number(least), Number(least)]
    return [Number(least), most === '' ? Infinity : Number(most)]
  }

  #take(character: string): boolean {
    if (this.#pattern.charAt(this.#at) !== character) return false
    this.#at += 1
    return true
  }

  #skip(what: RegExp): RegExpExecArray | null {
    what.lastIndex = this.#at
    const found = what.exec(this.#pattern)
    if (found) this.#at = what.lastIndex
    return found
  }
}
