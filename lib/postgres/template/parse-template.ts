import { isPaletteError } from '../../errors.ts'
import { findPlaceholders, type Placeholder, type PlaceholderStyle } from './placeholders.ts'
import { PREFIX, sqlError } from './sql-error.ts'
import { readStatement, type StatementKind } from './statement-kind.ts'
import { tokensOf, type Token } from './tokens.ts'

/** A statement with its parameters, as PostgreSQL takes it. */
export interface Template {
  /** SQL with `$1`…`$n`; blanks, comments and semicolons behind the statement are left out. */
  readonly text: string
  /** The name of `$1`, of `$2`, …; digits where the statement itself has `$1`. */
  readonly names: readonly string[]
  /** Undefined where there are no parameters. */
  readonly style: PlaceholderStyle | undefined
  readonly kind: StatementKind
  /** Whether it changes data or locks rows, as far as its words tell. */
  readonly writes: boolean
  /** Where `text` differs from the SQL that was given. */
  readonly replacements: readonly Replacement[]
}

/** A placeholder in the SQL that was given and in the text. */
interface Replacement {
  /** Its index in the SQL that was given. */
  readonly from: number
  readonly fromLength: number
  /** Its index in the text. */
  readonly to: number
  readonly toLength: number
}

/** PostgreSQL counts parameters in 16 bits. */
const MAX_PARAMETERS = 65_535

/**
 * Reads one SQL statement with `:name`, `%(name)s` or `$1` placeholders. Strings, comments, dollar quotes, casts, array slices
 * and operators stay as they are. A name that is repeated is one parameter.
 *
 * @throws `CONFIG_INVALID` with `details.field` `sql` and `details.position`; all else that may be wrong is PostgreSQL's to say.
 */
export function parseTemplate(sql: string): Template {
  const tokens = withoutEnd(sql, tokensOf(sql))
  const { placeholders, rest } = findPlaceholders(sql, tokens)
  const { kind, writes } = readStatement(sql, rest)
  const style = styleOf(sql, placeholders)
  const names =
    style === 'positional' ? positions(sql, placeholders) : [...new Set(placeholders.map(({ name }) => name))]
  if (names.length > MAX_PARAMETERS)
    throw sqlError(sql, 0, `expected at most ${MAX_PARAMETERS} parameters, got ${names.length}`)
  return { ...rewrite(sql, rest, placeholders, names), names, style, kind, writes }
}

/** Why SQL is no statement for the node; undefined where only PostgreSQL can tell. */
export function whyNoTemplate(sql: string): string | undefined {
  try {
    parseTemplate(sql)
    return undefined
  } catch (error) {
    if (isPaletteError(error)) return error.message.slice(PREFIX.length)
    throw error
  }
}

/**
 * Where a place that PostgreSQL names is in the SQL that was given.
 *
 * @param position characters of `template.text`, from 1.
 * @returns characters of `sql`, from 1.
 */
export function sourcePosition(template: Template, sql: string, position: number): number {
  const index = Array.from(template.text)
    .slice(0, Math.max(position - 1, 0))
    .join('').length
  let source = index
  for (const { from, fromLength, to, toLength } of template.replacements) {
    if (index < to) break
    source = index < to + toLength ? from : index - to - toLength + from + fromLength
  }
  return Array.from(sql.slice(0, source)).length + 1
}

// A closing semicolon is no second statement; behind it nothing counts.
function withoutEnd(sql: string, tokens: readonly Token[]): readonly Token[] {
  const last = tokens.findLastIndex(({ start, end }) => sql.slice(start, end) !== ';')
  return tokens.slice(0, last + 1)
}

function styleOf(sql: string, placeholders: readonly Placeholder[]): PlaceholderStyle | undefined {
  const [first] = placeholders
  const other = placeholders.find(({ style }) => style !== first?.style)
  if (first && other)
    throw sqlError(
      sql,
      other.start,
      `expected one style of placeholders, got \`${writtenAs(sql, first)}\` and \`${writtenAs(sql, other)}\``,
    )
  return first?.style
}

const writtenAs = (sql: string, { start, end }: Placeholder): string =>
  sql.slice(start, Math.min(end, start + 60))

function positions(sql: string, placeholders: readonly Placeholder[]): readonly string[] {
  const used = new Set(placeholders.map(({ name }) => Number(name)))
  const wrong = placeholders.find(({ name }) => !isPosition(name))
  if (wrong)
    throw sqlError(
      sql,
      wrong.start,
      `expected \`$1\` to \`$${MAX_PARAMETERS}\`, got \`${writtenAs(sql, wrong)}\``,
    )
  for (let position = 1; position <= used.size; position++)
    if (!used.has(position))
      throw sqlError(
        sql,
        placeholders[0]?.start ?? 0,
        `expected parameters without a gap, \`$${position}\` is missing`,
      )
  return Array.from(used, (_, index) => String(index + 1))
}

const isPosition = (digits: string): boolean =>
  /^[1-9][0-9]{0,4}$/.test(digits) && Number(digits) <= MAX_PARAMETERS

function rewrite(
  sql: string,
  tokens: readonly Token[],
  placeholders: readonly Placeholder[],
  names: readonly string[],
): Pick<Template, 'text' | 'replacements'> {
  const numbers = new Map(names.map((name, index) => [name, index + 1]))
  const replacements: Replacement[] = []
  const pieces: string[] = []
  let length = 0
  let at = 0
  const add = (piece: string): void => {
    pieces.push(piece)
    length += piece.length
  }
  for (const { name, start, end } of placeholders) {
    add(sql.slice(at, start))
    // `LIMIT:n` must not become the name `LIMIT$1`.
    const isGlued = /[\w$\u0080-\uffff]/.test(sql[start - 1] ?? '')
    const piece = `${isGlued ? ' ' : ''}$${numbers.get(name) ?? 0}`
    replacements.push({ from: start, fromLength: end - start, to: length, toLength: piece.length })
    add(piece)
    at = end
  }
  add(sql.slice(at, tokens.at(-1)?.end ?? at))
  return { text: pieces.join(''), replacements }
}
