import type { MockRun } from '../../lib/mock/mock.ts'
import type { Context } from '../adapter/message-context.ts'
import { onInput, type Handler } from '../adapter/on-input.ts'
import { sendEach } from '../adapter/sequence.ts'
import { writeStep } from '../adapter/step.ts'
import { givenReader } from '../adapter/typed-input.ts'
import type { Message, Node, NodeAPI, NodeDef } from '../adapter/types.ts'
import { parseConfig, usedInputs } from './config.ts'
import { openMock } from './open-mock.ts'
import { addRoute } from './routes.ts'

/** `mock-trigger`: events as CXone sends them to trigger a data action. */
export default function register(RED: NodeAPI): void {
  function MockTrigger(this: Node, def: NodeDef) {
    RED.nodes.createNode(this, def)
    onInput(RED, this, def, () => prepare(RED, this, def))
  }
  RED.nodes.registerType('mock-trigger', MockTrigger)
  addRoute(RED)
}

async function prepare(RED: NodeAPI, node: Node, def: NodeDef): Promise<Handler> {
  const config = parseConfig(def)
  const read = givenReader(RED, node, usedInputs(config))
  const begin = await openMock(RED, config)
  const { newCorrelationId } = await import('../../lib/correlation/correlation.ts')
  return async (msg, context) => {
    const { signal, correlationId } = context
    const run = await begin({ ...(await read(msg)), signal, correlationId })
    tell(context, run)
    await sendEach(RED, msg, context, run.count, (each, at) => {
      // Each event begins a transaction of its own; the message that asked for them keeps its.
      if (each !== msg) Object.assign(each.cxone ?? {}, { correlationId: newCorrelationId() })
      writeEvent(each, run, at)
    })
    return msg
  }
}

function writeEvent(msg: Message, run: MockRun, at: number): void {
  const event = run.event(at)
  msg.payload = event
  msg['dataActionId'] = event.dataActionId // where the other nodes look for it
  writeStep(msg, 'mock', run.factsOf(at))
}

function tell(context: Context, { count, dataActionId, factsOf }: MockRun): void {
  const { source, channel, seed, stale, attempts, latencyMs } = factsOf(0)
  context.audit({ subject: dataActionId, attempts, latencyMs, details: { source, channel, seed, count } })
  const events = count === 1 ? '1 event' : `${count} events`
  if (stale) context.summary(`${events}, old schema`, 'degraded')
  else context.summary(events)
}
