import { sqlError } from './sql-error.ts'
import type { Token } from './tokens.ts'

/** What a statement does, by its first word; that behind WITH for one with common table expressions. */
export type StatementKind = 'select' | 'values' | 'insert' | 'update' | 'delete' | 'merge' | 'other'

/** A statement by its words. */
export interface Statement {
  readonly kind: StatementKind
  /**
   * Whether it changes data or locks rows, as far as its words tell: also a data-modifying WITH, SELECT … INTO and
   * SELECT … FOR UPDATE. A function that is called may change data all the same.
   */
  readonly writes: boolean
}

const MAIN: Readonly<Record<string, StatementKind>> = {
  select: 'select',
  table: 'select',
  values: 'values',
  insert: 'insert',
  update: 'update',
  delete: 'delete',
  merge: 'merge',
}

/**
 * Classifies one statement.
 *
 * @throws `CONFIG_INVALID` for no statement, several, and those that would end the node's own transaction, change the
 * connection for others, or send rows another way.
 */
export function readStatement(sql: string, tokens: readonly Token[]): Statement {
  const words = tokens.map((token) => lower(sql, token))
  checkCount(sql, tokens, words)
  const first = words.findIndex((word) => word !== '(')
  const word = words[first] ?? ''
  const main = word === 'with' ? mainOf(words, first) : word
  const refused = refusalOf(word, words)
  if (refused) throw sqlError(sql, tokens[first]?.start ?? 0, refused)
  const kind = Object.hasOwn(MAIN, main) ? (MAIN[main] as StatementKind) : 'other'
  return { kind, writes: hasChange(words) || (kind === 'other' && word !== 'show' && word !== 'explain') }
}

// Only words and symbols have a meaning here: what is quoted is blanked, and so is the name behind a dot.
function lower(sql: string, { type, start, end }: Token): string {
  if (type !== 'word' && type !== 'symbol') return '…'
  return sql.slice(start, end).toLowerCase()
}

function checkCount(sql: string, tokens: readonly Token[], words: readonly string[]): void {
  if (tokens.length === 0)
    throw sqlError(sql, 0, 'expected a statement, such as `SELECT name FROM customers WHERE id = :id`')
  const end = endOfFirst(words)
  if (end < 0) return
  throw sqlError(
    sql,
    tokens[end]?.start ?? 0,
    'expected one statement, got several: PostgreSQL prepares one at a time; use a node for each, or WITH',
  )
}

// Semicolons in parentheses are those of CREATE RULE.
function endOfFirst(words: readonly string[]): number {
  let depth = 0
  return words.findIndex((word) => {
    depth += word === '(' ? 1 : word === ')' ? -1 : 0
    return word === ';' && depth === 0
  })
}

/** The word that begins the statement behind the list of WITH. */
function mainOf(words: readonly string[], start: number): string {
  let depth = 0
  for (let at = start + 1; at < words.length && depth >= 0; at++) {
    const word = words[at] ?? ''
    if (word === '(') depth++
    else if (word === ')') depth--
    // Behind a comma stands the name of the next expression, which may be called `update` too.
    else if (depth === 0 && Object.hasOwn(MAIN, word) && !isNamePlace(words[at - 1])) return word
  }
  return ''
}

const isNamePlace = (before: string | undefined): boolean =>
  before === ',' || before === 'with' || before === 'recursive'

function hasChange(words: readonly string[]): boolean {
  return words.some((word, at) => {
    const before = words[at - 1]
    const next = words[at + 1]
    if (before === '.') return false
    if (word === 'into') return true // a reserved word: INSERT, MERGE or SELECT … INTO
    if (word === 'delete') return next === 'from'
    if (word === 'update') return before === undefined || before === '(' || before === ')' || before === 'for'
    if (word === 'for')
      return next === 'share' || (next === 'no' && words[at + 2] === 'key') || isKeyShare(words, at)
    return false
  })
}

const isKeyShare = (words: readonly string[], at: number): boolean =>
  words[at + 1] === 'key' && words[at + 2] === 'share'

const TRANSACTION = new Set('abort begin commit end release rollback savepoint start'.split(' '))
const SESSION = new Set('deallocate discard listen prepare reset set unlisten'.split(' '))

function refusalOf(word: string, words: readonly string[]): string | undefined {
  const name = word.toUpperCase()
  if (TRANSACTION.has(word))
    return `\`${name}\` is not for this node, which runs the statement in a transaction of its own`
  if (SESSION.has(word))
    return `\`${name}\` is not for this node: it would change a connection that other messages use afterwards`
  if (word === 'copy' && words.some((each) => each === 'stdin' || each === 'stdout'))
    return '`COPY` with STDIN or STDOUT is not for this node: its rows do not go through messages'
  return undefined
}
