import type { PgAction, PgReport } from '../../lib/postgres/action/guarded-action.ts'
import type { Variables } from '../../lib/postgres/coerce/bind.ts'
import type { Row } from '../../lib/postgres/driver.ts'
import { downstreamOf } from '../adapter/downstream.ts'
import type { Context } from '../adapter/message-context.ts'
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
 * Sends rows in batches, each a message of its own, and reads on as the nodes behind have worked them. `msg.parts` is as the
 * core's Split and Join nodes have it. The last batch goes into the message itself, with `msg.complete`.
 */
export async function streamRows(
  RED: NodeAPI,
  msg: Message,
  context: Context,
  { action, variables, batchSize }: Source,
): Promise<PgReport> {
  const { signal } = context
  const downstream = downstreamOf(RED)
  const inWork = new Set<Promise<void>>()
  const parts = { id: RED.util.generateId(), type: 'array', len: batchSize, ...outer(msg) }
  let held: readonly Row[] = []
  let index = 0
  const send = async (rows: readonly Row[]): Promise<void> => {
    signal.throwIfAborted() // nothing is sent from a node that is closed
    const batch = copyFor(RED, msg, rows)
    batch['parts'] = { ...parts, index: index++ }
    const worked = downstream.follow(batch._msgid ?? '', () => context.send(batch), signal)
    inWork.add(worked)
    void worked.then(() => inWork.delete(worked))
    if (inWork.size >= WINDOW) await Promise.race(inWork)
  }
  const report = await action.stream(
    variables,
    async (rows, first) => {
      if (first > 0) await send(held) // only now is it known not to be the last
      held = rows
      context.progress(first + rows.length, undefined, 'rows')
    },
    { signal, onRetry: (attempt, of) => context.degraded(`retry ${attempt}/${of}`) },
  )
  msg.payload = held
  msg['parts'] = { ...parts, index, count: index + 1 }
  msg['complete'] = true
  return report
}

const outer = (msg: Message): object => (msg['parts'] === undefined ? {} : { parts: msg['parts'] })

// The payload is not copied, as it is replaced.
function copyFor(RED: NodeAPI, msg: Message, rows: readonly Row[]): Message {
  const copy = RED.util.cloneMessage({ ...msg, payload: undefined })
  return Object.assign(copy, { _msgid: RED.util.generateId(), payload: rows })
}
