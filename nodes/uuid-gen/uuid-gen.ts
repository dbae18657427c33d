import { resolve } from 'node:path'
import type { MarkLease } from '../../lib/uuid/process-mark.ts'
import { systemClock, systemRandom } from '../../lib/system.ts'
import { onInput, type Prepared } from '../adapter/on-input.ts'
import { writeStep } from '../adapter/step.ts'
import { placeOf, typedReader, typedWriter } from '../adapter/typed-input.ts'
import type { Node, NodeAPI, NodeDef } from '../adapter/types.ts'
import { parseConfig, usedInputs, type UuidGenConfig } from './config.ts'

/** `uuid-gen`: makes UUIDs, derives them from the message, or verifies them. */
export default function register(RED: NodeAPI): void {
  function UuidGen(this: Node, def: NodeDef) {
    RED.nodes.createNode(this, def)
    onInput(RED, this, def, () => prepare(RED, this, def))
  }
  RED.nodes.registerType('uuid-gen', UuidGen)
}

async function prepare(RED: NodeAPI, node: Node, def: NodeDef): Promise<Prepared> {
  const config = parseConfig(def)
  const read = typedReader(RED, node, usedInputs(config))
  const write = typedWriter(RED, node, 'output', config.output)
  const { createUuidStep } = await import('../../lib/uuid/step.ts')
  const lease = await openMark(RED, node, config)
  const mark = lease?.mark
  const run = createUuidStep(config, { clock: systemClock, random: systemRandom, nodeId: node.id, mark })
  const places = {
    count: placeOf(config.count, 'count'),
    namespace: placeOf(config.namespace, 'namespace'),
    name: placeOf(config.name, 'name'),
  }
  return {
    close: () => lease?.release(),
    handle: async (msg, context) => {
      const { count, namespace, name } = await read(msg)
      const { value, facts, summary } = await run({
        payload: msg.payload,
        correlationId: context.correlationId,
        count: { value: count, place: places.count },
        namespace: { value: namespace, place: places.namespace },
        name: { value: name, place: places.name },
        signal: context.signal,
        onProgress: (done, total) => context.progress(done, total),
      })
      await write(msg, value)
      if (mark?.isDurable === false) context.summary('v7 mark not saved', 'degraded')
      else context.summary(summary)
      context.audit({ details: { ...facts } })
      return writeStep(msg, 'uuid', facts)
    },
  }
}

/** Only version 7 keeps a mark on the disk. */
async function openMark(RED: NodeAPI, node: Node, config: UuidGenConfig): Promise<MarkLease | undefined> {
  if (config.mode !== 'generate' || config.uuidVersion !== '7') return undefined
  const { acquireMark } = await import('../../lib/uuid/process-mark.ts')
  const path = resolve(RED.settings.userDir ?? '.', 'cxone/uuid-v7.json')
  return acquireMark(path, { info: (text) => node.log(text), warn: (text) => node.warn(text) })
}
