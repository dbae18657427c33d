import type { Database, Row } from '../../../../lib/postgres/driver.ts'
import {
  createPgAction,
  type PgAction,
  type PgActionSettings,
} from '../../../../lib/postgres/action/guarded-action.ts'
import { parseTemplate } from '../../../../lib/postgres/template/parse-template.ts'
import { rulesFor } from '../../../../lib/postgres/coerce/bind.ts'
import { isPaletteError, type PaletteError } from '../../../../lib/errors.ts'
import type { Clock } from '../../../../lib/ports.ts'
import { systemClock } from '../../../../lib/system.ts'
import { DEFAULTS } from '../drivers.ts'

/** An action with the settings that a node has when nothing is set; `names` are those of `$1`, `$2`, …. Waits between attempts are short. */
export function actionOn(
  database: Database,
  sql: string,
  names: readonly string[] = [],
  settings: Partial<PgActionSettings> & { readonly clock?: Clock } = {},
): Promise<PgAction> {
  const { clock = systemClock, ...more } = settings
  const template = parseTemplate(sql)
  return createPgAction(
    { database, clock, random: { uniform: () => 0.5 } },
    {
      template,
      sql,
      rules: rulesFor(
        template,
        names.map((name) => ({ name, type: 'auto', required: true })),
      ),
      transaction: DEFAULTS,
      retry: { maxRetries: 3, baseDelayMs: 5, maxDelayMs: 1000 },
      drift: [],
      maxCost: 1000,
      maxRows: 10_000,
      maxAffected: 0,
      resultSchema: undefined,
      mode: 'execute',
      result: 'rows',
      batchSize: 100,
      ...more,
    },
  )
}

/** Runs SQL on the driver itself, one statement after another. */
export async function exec(database: Database, ...statements: readonly string[]): Promise<readonly Row[]> {
  let rows: readonly Row[] = []
  for (const text of statements) {
    const [result] = await database.atomic([{ text }], {
      ...DEFAULTS,
      statementTimeoutMs: 20_000,
      lockTimeoutMs: 20_000,
    })
    rows = result?.rows ?? []
  }
  return rows
}

/** The error that a call fails with. */
export async function failure(call: Promise<unknown>): Promise<PaletteError> {
  try {
    await call
  } catch (error) {
    if (isPaletteError(error)) return error
    throw error
  }
  throw new Error('expected a failure')
}
