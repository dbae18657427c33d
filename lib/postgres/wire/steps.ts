import type { Column, Row, Statement } from '../driver.ts'
import { PaletteError } from '../../errors.ts'

/** A statement to run. With a portal it is left open after `maxRows` rows; without, its own `maxRows` cuts the result. */
export interface RunStep {
  readonly kind: 'run'
  readonly statement: Statement
  readonly portal?: { readonly name: string; readonly maxRows: number }
}

/** More rows of a portal that was left open. */
export interface FetchStep {
  readonly kind: 'fetch'
  readonly portal: string
  readonly maxRows: number
  /** What the step gave that opened the portal. */
  readonly first: StepResult
}

/** A portal that is not needed any more. */
export interface CloseStep {
  readonly kind: 'close'
  readonly portal: string
}

/** A statement to describe, without running it. */
export interface DescribeStep {
  readonly kind: 'describe'
  readonly text: string
  readonly types: readonly number[]
}

/** One part of what is sent at once. */
export type Step = RunStep | FetchStep | CloseStep | DescribeStep

/** What a step gave; a `ResultSet`, filled as the answer comes in. */
export interface StepResult {
  command: string
  rowCount: number
  columns: readonly Column[]
  rows: Row[]
  isCut: boolean
}

/** A step that runs SQL text as it is. */
export const plainStep = (text: string): RunStep => ({ kind: 'run', statement: { text } })

/** Commands after which a session may be set otherwise than it was told to be. */
const CHANGES_SESSION = new Set(['SET', 'RESET', 'DISCARD', 'DISCARD ALL', 'DEALLOCATE ALL'])

/** Whether settings or prepared statements of the session may have changed. */
export const changesSession = (command: string): boolean => CHANGES_SESSION.has(command)

/** Reads a command tag: `INSERT 0 5`, `SELECT 1`, `CREATE TABLE`. */
export function readTag(result: StepResult, tag: string): void {
  const space = tag.lastIndexOf(' ')
  const count = space === -1 ? NaN : Number(tag.slice(space + 1))
  if (Number.isNaN(count)) {
    result.command = tag
    result.rowCount = result.rows.length // EXPLAIN and SHOW give rows, and do not count them
    return
  }
  result.rowCount = count
  result.command = tag.startsWith('INSERT ') ? 'INSERT' : tag.slice(0, space)
}

const MOST_VALUES = 65_535

/** Refuses what would bring the stream of messages into disorder, before a byte of it is written. @throws `PG_SYNTAX` */
export function checkStep(step: Step): void {
  const statement = step.kind === 'run' ? step.statement : step.kind === 'describe' ? step : undefined
  if (!statement) return
  const {
    text,
    name = '',
    values = [],
  } = statement as { text: string; name?: string; values?: readonly unknown[] }
  const refuse = (message: string): never => {
    throw new PaletteError('PG_SYNTAX', message, { details: { sqlstate: '42601' } })
  }
  if (text.includes('\0') || name.includes('\0')) refuse('The SQL holds a NUL character; remove it')
  if (values.length > MOST_VALUES)
    refuse(`Expected at most ${MOST_VALUES} parameters, got ${values.length}; pass an array instead`)
}
