import { resolve } from 'node:path'
import type { Parsed } from '../../lib/config/fields.ts'
import type { AuditTrail } from '../../lib/audit/entry.ts'
import type { Sink } from '../../lib/audit/sink.ts'
import { systemClock, systemFiles, systemLocks, systemStdout } from '../../lib/system.ts'
import { provide } from '../adapter/config-node.ts'
import type { Node, NodeAPI, NodeDef } from '../adapter/types.ts'
import { parseConfig, redactRules, type fields } from './config.ts'

/** An audit trail that nodes share: who holds one as `audit` or `trail` writes its records there. */
export default function register(RED: NodeAPI): void {
  function AuditTrailNode(this: Node, def: NodeDef) {
    RED.nodes.createNode(this, def)
    provide<AuditTrail>(this, async () => {
      const config = parseConfig(def)
      const { openTrail } = await import('../../lib/audit/trail.ts')
      const { newCorrelationId } = await import('../../lib/correlation/correlation.ts')
      const log = { info: (text: string) => this.log(text), warn: (text: string) => this.warn(text) }
      const trail = await openTrail(
        { chain: config.chain, redact: redactRules(config.redact), onFailure: config.onFailure },
        { sink: await sinkOf(RED, config, log), clock: systemClock, log, newId: newCorrelationId },
      )
      return { value: trail, close: () => trail.close() }
    })
  }
  RED.nodes.registerType('audit-trail', AuditTrailNode)
}

interface Log {
  info(text: string): void
  warn(text: string): void
}

async function sinkOf(RED: NodeAPI, config: Parsed<typeof fields>, log: Log): Promise<Sink> {
  if (config.sink === 'stdout') {
    const { createStdoutSink } = await import('../../lib/audit/stdout-sink.ts')
    return createStdoutSink(systemStdout)
  }
  const { FileSink } = await import('../../lib/audit/file-sink.ts')
  const path = resolve(RED.settings.userDir ?? '.', config.path)
  return new FileSink(
    { ...config, path },
    { files: systemFiles, locks: systemLocks, clock: systemClock, log },
  )
}
