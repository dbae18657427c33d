import type { Column, Row, Statement } from '../driver.ts'

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
    return
  }
  result.rowCount = count
  result.command = tag.startsWith('INSERT ') ? 'INSERT' : tag.slice(0, space)
}
