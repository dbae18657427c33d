import { configError, isPaletteError } from '../../errors.ts'
import type { Session } from '../wire/session.ts'
import { plainStep } from '../wire/steps.ts'

const HAS_RUN = "select to_regclass('cxone_flows.initialised') is not null as done"
const MARK = ['create schema cxone_flows', 'create table cxone_flows.initialised as select now() as at'].map(
  plainStep,
)
const WORK = { commits: false }

/**
 * Runs `initSql` once in the life of a database: in one transaction with the mark that it has run, so that one that fails
 * or is interrupted leaves nothing.
 *
 * @throws `CONFIG_INVALID` (`initSql`) with the place of the fault.
 */
export async function initialise(session: Session, initSql: string): Promise<void> {
  if (initSql.trim() === '') return
  const [asked] = await session.run([plainStep(HAS_RUN)], WORK)
  if (asked?.rows[0]?.['done'] === true) return
  try {
    await session.run([plainStep('begin')], WORK)
    await session.script(initSql)
    if (session.status !== 'open')
      throw configError(
        'initSql',
        'Property `initSql`: leave BEGIN, COMMIT and ROLLBACK out, it runs in one transaction',
      )
    await session.run([...MARK, plainStep('commit')], WORK)
  } catch (error) {
    if (session.status !== 'idle') await session.run([plainStep('rollback')], WORK).catch(() => undefined)
    throw isPaletteError(error) && error.code !== 'PG_UNAVAILABLE' && error.code !== 'CONFIG_INVALID'
      ? configError(
          'initSql',
          `Property \`initSql\`: ${error.message}${lineOf(initSql, error.details['position'])}`,
          error,
        )
      : error
  }
}

function lineOf(text: string, position: unknown): string {
  if (typeof position !== 'number') return ''
  const line =
    Array.from(text)
      .slice(0, position - 1)
      .filter((char) => char === '\n').length + 1
  return `, line ${line}`
}
