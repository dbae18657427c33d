import type { Pin } from '../../dns/pin.ts'
import { configError } from '../../errors.ts'
import type { Database } from '../driver.ts'
import type { KnownDatabase } from '../facts.ts'
import { createPgAction, type PgAction, type PgActionPorts, type PgActionSettings } from './guarded-action.ts'

/** A statement on a database, which messages may lead to addresses of their own. */
export interface PinnedAction {
  /**
   * Works with the statement; with a pin, on the database at its addresses, whose plan and tables are watched apart.
   *
   * @throws `PIN_MISMATCH`, `PIN_REFUSED`, `PG_POOL_EXHAUSTED`, what the work throws.
   */
  use<T>(pin: Pin | undefined, work: (action: PgAction) => Promise<T>): Promise<T>
}

/** What {@link createPinnedAction} needs: the ports of the action, with a database that may be pinned. */
interface PinnedActionPorts extends PgActionPorts {
  readonly database: KnownDatabase
}

/**
 * Makes an action that can be pinned. The database is asked for nothing before the first call.
 *
 * @param isPinned whether messages bring addresses.
 * @throws `SCHEMA_INVALID`, `CONFIG_INVALID`
 */
export async function createPinnedAction(
  ports: PinnedActionPorts,
  settings: PgActionSettings,
  isPinned: boolean,
): Promise<PinnedAction> {
  const { database } = ports
  const action = await createPgAction(ports, settings)
  if (isPinned && !database.pinned)
    throw configError(
      'connectTo',
      'Property `connectTo`: an embedded database has no address; turn it off, or choose a server',
    )
  const actions = new WeakMap<Database, Promise<PgAction>>()
  const actionAt = (pinned: Database): Promise<PgAction> => {
    const known = actions.get(pinned) ?? createPgAction({ ...ports, database: pinned }, settings)
    actions.set(pinned, known)
    return known
  }
  return {
    use: async (pin, work) => {
      if (!pin || !database.pinned) return await work(action)
      return await database.pinned(pin, async (pinned) => work(await actionAt(pinned)))
    },
  }
}
