import { processExchanges } from '../../lib/endpoint/exchange.ts'
import { onInput } from '../adapter/on-input.ts'
import type { Node, NodeAPI, NodeDef } from '../adapter/types.ts'
import { parseConfig } from './config.ts'

/** `action-out`: answers the request that a message began with, at an `action-in` node. */
export default function register(RED: NodeAPI): void {
  function ActionOut(this: Node, def: NodeDef) {
    RED.nodes.createNode(this, def)
    onInput(RED, this, def, async () => {
      const config = parseConfig(def)
      const { answerMessage, describeEnd } = await import('../../lib/endpoint/answer-message.ts')
      return (msg, context) => {
        const ended = answerMessage(msg, processExchanges, config)
        context.summary(...describeEnd(ended))
        return null
      }
    })
  }
  RED.nodes.registerType('action-out', ActionOut)
}
