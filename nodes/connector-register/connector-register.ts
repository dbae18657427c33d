import { randomUUID } from 'node:crypto'
import type { ConnectorStep } from '../../lib/connector/connector-work.ts'
import type { CxoneAccess } from '../../lib/cxone/access.ts'
import { isList, NodeBulk, type BulkTask } from '../adapter/bulk.ts'
import { useConfig } from '../adapter/config-node.ts'
import { onInput, type Prepared } from '../adapter/on-input.ts'
import { writeStep } from '../adapter/step.ts'
import type { Node, NodeAPI, NodeDef } from '../adapter/types.ts'
import { parseConfig } from './config.ts'
import { settingsOf, sharedReader, type Shared } from './settings.ts'

const PLACE = 'msg.payload'

/** `connector-register`: registers a database connector, or each of a list, or tells what would change. */
export default function register(RED: NodeAPI): void {
  function ConnectorRegister(this: Node, def: NodeDef) {
    RED.nodes.createNode(this, def)
    const runs = new NodeBulk(RED, this)
    onInput(RED, this, def, () => prepare(RED, this, def, runs))
  }
  RED.nodes.registerType('connector-register', ConnectorRegister, {
    credentials: {
      testUser: { type: 'text' },
      testPassword: { type: 'password' },
      vaultSecret: { type: 'password' },
    },
  })
}

async function prepare(RED: NodeAPI, node: Node, def: NodeDef, runs: NodeBulk): Promise<Prepared> {
  const config = parseConfig(def)
  const readShared = sharedReader(RED, node, config)
  const access = await useConfig<CxoneAccess>(RED, config.auth, 'cxone-auth', 'auth')
  const { openConnectors } = await import('../../lib/connector/open-connectors.ts')
  const { bulkReport, factsOf, summaryOf } = await import('../../lib/connector/connector-report.ts')
  const { idOf, keepableItems } = await import('../../lib/connector/items.ts')
  const { timeoutMs } = config
  const { work, close } = await openConnectors({ ...settingsOf(RED, node, config), access })
  const task: BulkTask<unknown, Shared, ConnectorStep> = {
    ...config,
    target: config.auth,
    subject: (item, { base }) => idOf(base, item),
    work: async (given, shared, { index, key, ...call }) => {
      const item = { given, isItem: true, place: `${PLACE}[${index}]` }
      const { step } = await work({ ...shared, ...item, key, call: { ...call, timeoutMs } })
      return { value: step, attempts: step.attempts, latencyMs: step.latencyMs, details: factsOf(step) }
    },
    finish: (msg, report) => void writeStep(msg, 'connector', bulkReport(report)),
  }
  const prepared = await runs.prepare(task, async (msg, context, bulk) => {
    const shared = await readShared(msg, context.isSimulated)
    const { payload: given } = msg
    if (isList(given)) return bulk({ items: keepableItems(given), place: PLACE, shared })
    context.audit({ subject: idOf(shared.base, given) ?? '' })
    const { signal, correlationId } = context
    const onRetry = (attempt: number): void => context.degraded(`retry ${attempt}`)
    const call = { signal, correlationId, onRetry, timeoutMs }
    const { document, step } = await work({ ...shared, given, place: PLACE, key: randomUUID(), call })
    context.audit({ attempts: step.attempts, latencyMs: step.latencyMs, details: factsOf(step) })
    const { text, isGood } = summaryOf(step)
    context.summary(text, isGood ? 'ready' : 'degraded')
    msg.payload = document
    return writeStep(msg, 'connector', step)
  })
  return { ...prepared, close }
}
