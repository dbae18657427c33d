import { configError, show } from '../../lib/errors.ts'
import type { PgAction, PgActionSettings } from '../../lib/postgres/action/guarded-action.ts'
import { variablesOf } from '../../lib/postgres/coerce/bind.ts'
import type { KnownDatabase } from '../../lib/postgres/facts.ts'
import { systemClock, systemRandom } from '../../lib/system.ts'
import { adminRoute } from '../adapter/admin-route.ts'
import { useConfig } from '../adapter/config-node.ts'
import type { NodeAPI } from '../adapter/types.ts'
import { parseConfig } from './config.ts'
import { settingsOf } from './settings.ts'

/** Rows that a rehearsal in the editor shows. */
const SHOWN_ROWS = 20

/**
 * The routes behind the buttons Check and Rehearse. Both run SQL of the editor's user, so they need the permission to write; what
 * a rehearsal does is rolled back.
 */
export function addRoutes(RED: NodeAPI): void {
  adminRoute(RED, 'post', '/cxone/pg-action/check', 'cxone.write', async ({ body }) =>
    (await actionOf(RED, body, {})).check(),
  )
  adminRoute(RED, 'post', '/cxone/pg-action/rehearse', 'cxone.write', async ({ body }) => {
    const action = await actionOf(RED, body, { mode: 'rehearse', result: 'rows' })
    const { values = {} } = body as { values?: unknown }
    const { rows, report } = await action.run(variablesOf({ variables: values }))
    const columns = Object.keys(rows[0] ?? {})
    return { ...report, rows: rows.slice(0, SHOWN_ROWS), columns }
  })
}

async function actionOf(RED: NodeAPI, body: unknown, more: Partial<PgActionSettings>): Promise<PgAction> {
  if (typeof body !== 'object' || body === null)
    throw configError('sql', `Expected the properties of a pg-action node, got ${show(body)}`)
  const config = parseConfig(body)
  const database = await useConfig<KnownDatabase>(RED, config.database, 'pg-database', 'database')
  const { createPgAction } = await import('../../lib/postgres/action/guarded-action.ts')
  const ports = { database, clock: systemClock, random: systemRandom }
  return createPgAction(ports, { ...settingsOf(config), ...more })
}
