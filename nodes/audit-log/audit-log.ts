import type { AuditTrail } from '../../lib/audit/entry.ts'
import { useConfig } from '../adapter/config-node.ts'
import { onInput } from '../adapter/on-input.ts'
import { writeStep } from '../adapter/step.ts'
import { placeOf, typedReader } from '../adapter/typed-input.ts'
import type { Node, NodeAPI, NodeDef } from '../adapter/types.ts'
import { parseConfig } from './config.ts'

/** Writes a record of the flow's own to an audit trail; the message passes on once the record is durable. */
export default function register(RED: NodeAPI): void {
  function AuditLog(this: Node, def: NodeDef) {
    RED.nodes.createNode(this, def)
    onInput(RED, this, def, async () => {
      const { trail: trailId, eventType, status, subject, details } = parseConfig(def)
      const inputs = { eventType, status, subject, details }
      const read = typedReader(RED, this, inputs)
      const trail = await useConfig<AuditTrail>(RED, trailId, 'audit-trail', 'trail')
      const { describeResult, readEvent } = await import('../../lib/audit/event.ts')
      const places = {
        eventType: placeOf(inputs.eventType, 'eventType'),
        status: placeOf(inputs.status, 'status'),
        subject: placeOf(inputs.subject, 'subject'),
      }
      return {
        handle: async (msg, context) => {
          const event = readEvent(await read(msg), places)
          const { correlationId } = context
          const written = await trail.write({ ...event, correlationId, flow: this.z, node: this.id })
          context.summary(...describeResult(written))
          return writeStep(msg, 'audit', written)
        },
        close: trail.retain(),
      }
    })
  }
  RED.nodes.registerType('audit-log', AuditLog)
}
