import { sqlError } from './sql-error.ts'

/** A piece of SQL that is neither blank nor comment. Symbols are single characters, but for `::` and `:=`. */
export interface Token {
  readonly type: 'word' | 'name' | 'string' | 'number' | 'parameter' | 'symbol'
  readonly start: number
  readonly end: number
}

/**
 * Splits SQL as PostgreSQL's own lexer does (`scan.l`, with `standard_conforming_strings` on): nested comments, `''`, `E''`,
 * `U&''`, `N''`, `B''`, `X''`, `"names"`, `$tag$…$tag$`. One pass, linear time.
 *
 * @throws `CONFIG_INVALID` where a comment, constant or name has no end.
 */
export function tokensOf(sql: string): readonly Token[] {
  const tokens: Token[] = []
  let at = 0
  while (at < sql.length) {
    const blank = endOfBlank(sql, at)
    if (blank > at) {
      at = blank
      continue
    }
    const token = tokenAt(sql, at)
    tokens.push(token)
    at = token.end
  }
  return tokens
}

const BLANK = /[ \t\n\r\f\v]+/y
const COMMENT = /--[^\n\r]*/y
// Letters beyond ASCII count as letters, all of them.
const WORD = /[A-Za-z_\u0080-\uffff][A-Za-z0-9_$\u0080-\uffff]*/y
const NUMBER = /\.?[0-9][0-9A-Za-z_.]*/y
const PARAMETER = /\$[0-9]+/y
const TAG = /\$(?:[A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*)?\$/y
const OPENING = /(?:[eE]|[uU]&|[nNbBxX])?'|(?:[uU]&)?"/y

function match(pattern: RegExp, sql: string, at: number): string | undefined {
  pattern.lastIndex = at
  return pattern.exec(sql)?.[0]
}

const endOf = (pattern: RegExp, sql: string, at: number): number =>
  at + (match(pattern, sql, at)?.length ?? 0)

function endOfBlank(sql: string, at: number): number {
  if (sql.startsWith('/*', at)) return endOfBlock(sql, at)
  return Math.max(endOf(BLANK, sql, at), endOf(COMMENT, sql, at))
}

function endOfBlock(sql: string, start: number): number {
  const mark = /\/\*|\*\//g
  mark.lastIndex = start
  let depth = 0
  for (let found = mark.exec(sql); found; found = mark.exec(sql)) {
    depth += found[0] === '/*' ? 1 : -1
    if (depth === 0) return mark.lastIndex
  }
  throw sqlError(sql, start, 'the comment that begins with `/*` has no end')
}

function tokenAt(sql: string, start: number): Token {
  const opening = match(OPENING, sql, start)
  if (opening !== undefined) return quoted(sql, start, opening)
  const tag = match(TAG, sql, start)
  if (tag !== undefined) return dollarQuoted(sql, start, tag)
  const of = (type: Token['type'], pattern: RegExp): Token | undefined => {
    const end = endOf(pattern, sql, start)
    return end > start ? { type, start, end } : undefined
  }
  const length = sql.startsWith('::', start) || sql.startsWith(':=', start) ? 2 : 1
  return (
    of('word', WORD) ??
    of('number', NUMBER) ??
    of('parameter', PARAMETER) ?? { type: 'symbol', start, end: start + length }
  )
}

function quoted(sql: string, start: number, opening: string): Token {
  const quote = opening.endsWith('"') ? '"' : "'"
  const isEscaped = /^e/i.test(opening)
  let at = start + opening.length
  for (;;) {
    at = endOfQuoted(sql, at, quote, isEscaped)
    if (at < 0) {
      const what = quote === '"' ? 'name' : 'text'
      throw sqlError(sql, start, `the ${what} that begins with \`${opening}\` has no end`)
    }
    const next = isEscaped ? endOf(CONTINUATION, sql, at) : at
    if (next === at) return { type: quote === '"' ? 'name' : 'string', start, end: at }
    at = next
  }
}

// A constant goes on in a constant on a line below: the rest of an E'' is one too, though it begins with a bare quote.
// Each alternative can match in one way only, which keeps this linear.
const CONTINUATION = /(?:[ \t\f\v]|--[^\n\r]*(?=[\n\r]))*[\n\r](?:[ \t\n\r\f\v]|--[^\n\r]*[\n\r])*'/y

/** The index behind the closing quote, -1 where there is none. */
function endOfQuoted(sql: string, from: number, quote: string, isEscaped: boolean): number {
  const mark = isEscaped ? /\\|'/g : quote === '"' ? /"/g : /'/g
  mark.lastIndex = from
  for (let found = mark.exec(sql); found; found = mark.exec(sql)) {
    const isDoubled = found[0] === quote && sql[mark.lastIndex] === quote
    if (found[0] === quote && !isDoubled) return mark.lastIndex
    mark.lastIndex++
  }
  return -1
}

function dollarQuoted(sql: string, start: number, tag: string): Token {
  const close = sql.indexOf(tag, start + tag.length)
  if (close < 0) throw sqlError(sql, start, `the text that begins with \`${tag}\` has no end`)
  return { type: 'string', start, end: close + tag.length }
}
