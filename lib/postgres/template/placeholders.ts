import { sqlError } from './sql-error.ts'
import type { Token } from './tokens.ts'

/** How a statement writes its parameters: `:name`, `%(name)s` or `$1`. */
export type PlaceholderStyle = 'named' | 'percent' | 'positional'

/** The place of a parameter in SQL. */
export interface Placeholder {
  readonly style: PlaceholderStyle
  /** Digits for `$1`. */
  readonly name: string
  readonly start: number
  readonly end: number
}

/**
 * Finds the placeholders. A colon needs care where SQL itself has single ones: between the bounds of an array slice
 * (`tags[lo:hi]`) and between key and value of `JSON_OBJECT`. There, a colon behind an operand is SQL's own, and only one that
 * begins an operand is a placeholder: `tags[:n]`, `tags[1: :n]`, `json_object('id' : :id)`.
 *
 * @returns the placeholders, and the tokens with each placeholder as one `parameter`.
 * @throws `CONFIG_INVALID` for names with `$` in them.
 */
export function findPlaceholders(
  sql: string,
  tokens: readonly Token[],
): { readonly placeholders: readonly Placeholder[]; readonly rest: readonly Token[] } {
  const placeholders: Placeholder[] = []
  const rest: Token[] = []
  const brackets = new Brackets(sql)
  for (let index = 0; index < tokens.length; index++) {
    const token = tokens[index] as Token
    const found = brackets.isSeparator(token) ? undefined : placeholderAt(sql, tokens, index)
    const piece: Token = found ? { type: 'parameter', start: found.start, end: found.end } : token
    brackets.pass(piece)
    rest.push(piece)
    if (!found) continue
    placeholders.push(found)
    index += WIDTH[found.style] - 1
  }
  return { placeholders, rest }
}

/** Tokens of a placeholder. */
const WIDTH: Record<PlaceholderStyle, number> = { named: 2, percent: 5, positional: 1 }

function placeholderAt(sql: string, tokens: readonly Token[], index: number): Placeholder | undefined {
  const token = tokens[index] as Token
  const { start } = token
  if (token.type === 'parameter')
    return { style: 'positional', name: sql.slice(start + 1, token.end), start, end: token.end }
  if (token.type !== 'symbol') return undefined
  const symbol = sql.slice(start, token.end)
  const style = symbol === ':' ? 'named' : symbol === '%' ? 'percent' : undefined
  if (!style) return undefined
  const parts = tokens.slice(index, index + WIDTH[style])
  const isJoined = parts.every((part, offset) => offset === 0 || part.start === parts[offset - 1]?.end)
  const [, second, third] = parts
  const name = style === 'named' ? second : third
  const end = parts.at(-1)?.end ?? token.end
  if (!isJoined || parts.length < WIDTH[style] || name?.type !== 'word') return undefined
  const word = sql.slice(name.start, name.end)
  if (style === 'percent' && sql.slice(start, end) !== `%(${word})s`) return undefined
  if (word.includes('$'))
    throw sqlError(sql, start, `the name of a parameter has letters, digits and underscores, got \`${word}\``)
  return { style, name: word, start, end }
}

/** Words after which an operand begins, as far as they occur in subscripts and in `JSON_OBJECT`. */
const OPERATOR_WORDS = new Set(
  `all and any asymmetric between case distinct else escape from ilike in like not or select similar some symmetric then to
  value when zone`.split(/\s+/),
)
const PAIRED = new Set(['json_object', 'json_objectagg'])

/** What brackets are open, and whether the last token ended an operand. */
class Brackets {
  readonly #sql: string
  /** True for those in which single colons separate. */
  readonly #open: boolean[] = []
  #last: Token | undefined

  constructor(sql: string) {
    this.#sql = sql
  }

  isSeparator(token: Token): boolean {
    return this.#open.at(-1) === true && this.#text(token) === ':' && this.#isOperand()
  }

  pass(token: Token): void {
    if (token.type === 'symbol') {
      const text = this.#text(token)
      if (text === '(') this.#open.push(this.#last?.type === 'word' && PAIRED.has(this.#word()))
      else if (text === '[') this.#open.push(this.#isOperand() && this.#word() !== 'array')
      else if (text === ')' || text === ']') this.#open.pop()
    }
    this.#last = token
  }

  #isOperand(): boolean {
    if (this.#last === undefined) return false
    if (this.#last.type === 'symbol') return [')', ']'].includes(this.#text(this.#last))
    return this.#last.type !== 'word' || !OPERATOR_WORDS.has(this.#word())
  }

  #word(): string {
    return this.#last ? this.#text(this.#last).toLowerCase() : ''
  }

  #text({ start, end }: Token): string {
    return this.#sql.slice(start, end)
  }
}
