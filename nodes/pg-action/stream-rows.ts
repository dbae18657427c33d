import type { PgAction, PgReport } from '../../lib/postgres/action/guarded-action.ts'
import type { Variables } from '../../lib/postgres/coerce/bind.ts'
import type { Row } from '../../lib/postgres/driver.ts'
import type { Context } from '../adapter/message-context.ts'
import { Sequence } from '../adapter/sequence.ts'
import type { Message, NodeAPI } from '../adapter/types.ts'

/** What is streamed. */
interface Source {
  readonly action: PgAction
  readonly variables: Variables
  readonly batchSize: number
}

/** Batches that may be in work behind the node at a time. */
const WINDOW = 2

/**
 * Sends rows in batches, each a message of its own, and reads on as the nodes behind have worked them. The last batch goes into
 * the message itself, with `msg.complete`.
 */
export async function streamRows(
  RED: NodeAPI,
  msg: Message,
  context: Context,
  { action, variables, batchSize }: Source,
): Promise<PgReport> {
  const sequence = new Sequence(RED, msg, context, { window: WINDOW, len: batchSize })
  let held: readonly Row[] = []
  const report = await action.stream(
    variables,
    async (rows, first) => {
      const batch = held
      if (first > 0) await sequence.send((copy) => void (copy.payload = batch)) // only now is it known not to be the last
      held = rows
      context.progress(first + rows.length, undefined, 'rows')
    },
    { signal: context.signal, onRetry: (attempt, of) => context.degraded(`retry ${attempt}/${of}`) },
  )
  sequence.end()
  msg.payload = held
  msg['complete'] = true
  return report
}
