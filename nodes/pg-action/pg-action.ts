import type { PgAction, PgReport } from '../../lib/postgres/action/guarded-action.ts'
import type { KnownDatabase } from '../../lib/postgres/facts.ts'
import { warmUp } from '../../lib/postgres/open-database.ts'
import { systemClock, systemRandom } from '../../lib/system.ts'
import { useConfig } from '../adapter/config-node.ts'
import type { Context } from '../adapter/message-context.ts'
import { onInput, type Handler } from '../adapter/on-input.ts'
import { pinReader } from '../adapter/pin.ts'
import { writeStep } from '../adapter/step.ts'
import type { Message, Node, NodeAPI, NodeDef } from '../adapter/types.ts'
import { parseConfig } from './config.ts'
import { addRoutes } from './routes.ts'
import { settingsOf } from './settings.ts'
import { streamRows } from './stream-rows.ts'
import { variableReader, type ReadVariables } from './variables.ts'

/** `pg-action`: runs a statement on PostgreSQL, under guards. */
export default function register(RED: NodeAPI): void {
  function PgActionNode(this: Node, def: NodeDef) {
    RED.nodes.createNode(this, def)
    onInput(RED, this, def, () => prepare(RED, this, def))
  }
  RED.nodes.registerType('pg-action', PgActionNode)
  addRoutes(RED)
}

async function prepare(RED: NodeAPI, node: Node, def: NodeDef): Promise<Handler> {
  const config = parseConfig(def)
  const settings = settingsOf(config)
  const readVariables = variableReader(RED, node, settings.rules)
  const database = await useConfig<KnownDatabase>(RED, config.database, 'pg-database', 'database')
  warmUp(database)
  const { createPinnedAction } = await import('../../lib/postgres/action/pinned-action.ts')
  const { hashOf } = await import('../../lib/postgres/action/hash.ts')
  const isPinned = config.connectTo.type !== 'off'
  const readPin = await pinReader(RED, node, config.connectTo)
  const ports = { database, clock: systemClock, random: systemRandom }
  const statement = await createPinnedAction(ports, settings, isPinned)
  const subject = node.name ?? hashOf(settings.template.text)
  const { mode, result, batchSize } = config
  const isStream = result === 'stream' && mode === 'execute'
  return async (msg, context) => {
    context.audit({ subject })
    const variables = await readVariables(msg)
    const report = await statement.use(await readPin(msg), (action) => {
      const work = { action, variables, batchSize }
      return isStream && !context.isSimulated
        ? streamRows(RED, msg, context, work)
        : runOnce(msg, context, work, result === 'first' && mode !== 'explain')
    })
    return finish(msg, context, report)
  }
}

interface Work {
  readonly action: PgAction
  readonly variables: Awaited<ReturnType<ReadVariables>>
}

async function runOnce(
  msg: Message,
  context: Context,
  { action, variables }: Work,
  isFirst: boolean,
): Promise<PgReport> {
  const { signal, isSimulated: rehearse } = context
  const onRetry = (attempt: number, of: number): void => context.degraded(`retry ${attempt}/${of}`)
  const { rows, report } = await action.run(variables, { signal, rehearse, onRetry })
  msg.payload = isFirst ? (rows[0] ?? null) : rows
  return report
}

function finish(msg: Message, context: Context, report: PgReport): Message {
  const { command, rowCount, attempts, latencyMs, plan, mode } = report
  context.audit({ attempts, latencyMs, details: { command, rowCount, mode, plan } })
  const count = `${rowCount} ${rowCount === 1 ? 'row' : 'rows'}`
  if (plan?.changed) context.summary(`${count} · new plan`, 'degraded')
  else context.summary(`${count} · ${Math.round(latencyMs)} ms`)
  return writeStep(msg, 'pg', report)
}
