import type { CxoneAccess } from '../../lib/cxone/access.ts'
import { safeUrl } from '../../lib/http/safe-url.ts'
import { systemClock, systemLookup, systemRandom } from '../../lib/system.ts'
import { useConfig } from '../adapter/config-node.ts'
import { onInput, type Prepared } from '../adapter/on-input.ts'
import { pinReader } from '../adapter/pin.ts'
import { writeStep } from '../adapter/step.ts'
import { placeOf, typedReader } from '../adapter/typed-input.ts'
import type { Node, NodeAPI, NodeDef } from '../adapter/types.ts'
import { parseConfig, type WebhookSendConfig } from './config.ts'

/** `webhook-send`: tells a receiver about an event, signed, until it has taken it. */
export default function register(RED: NodeAPI): void {
  function WebhookSend(this: Node, def: NodeDef) {
    RED.nodes.createNode(this, def)
    onInput(RED, this, def, () => prepare(RED, this, def))
  }
  RED.nodes.registerType('webhook-send', WebhookSend, {
    credentials: { secret: { type: 'password' }, previousSecret: { type: 'password' } },
  })
}

async function prepare(RED: NodeAPI, node: Node, def: NodeDef): Promise<Prepared> {
  const config = parseConfig(def)
  const read = typedReader(RED, node, { url: config.url, eventType: config.eventType })
  const readPin = await pinReader(RED, node, config.connectTo)
  const access =
    config.auth === '' ? undefined : await useConfig<CxoneAccess>(RED, config.auth, 'cxone-auth', 'auth')
  const { newCorrelationId } = await import('../../lib/correlation/correlation.ts')
  const { createHttpClient } = await import('../../lib/http/client.ts')
  const { createWebhookSender, deathOf } = await import('../../lib/webhook/sender.ts')
  const client = createHttpClient({ clock: systemClock })
  const ports = { send: client.send, lookup: systemLookup, clock: systemClock, random: systemRandom }
  const deliver = createWebhookSender(
    { ...ports, newId: newCorrelationId },
    { ...config, ...secretsOf(node), source: `/node-red/${node.id}`, sandbox: access?.sandbox },
  )
  const places = placesOf(config)
  return {
    close: () => client.close(),
    simulate: (msg) => [writeStep(msg, 'webhook', { status: 'simulated' }), null],
    handle: async (msg, context) => {
      const onRetry = (attempt: number, of: number): void => context.degraded(`retry ${attempt}/${of}`)
      const { url, eventType } = await read(msg)
      context.audit({ subject: safeUrl(String(url)) })
      const { payload } = msg
      const { signal, correlationId } = context
      const connectTo = await readPin(msg)
      const request = { url, eventType, payload, correlationId, connectTo, places }
      const delivery = await deliver(request, { signal, onRetry })
      const { outcome, ...result } = delivery
      context.audit({ attempts: result.attempts, latencyMs: result.latencyMs, details: { ...delivery } })
      context.summary(outcome, outcome === 'delivered' ? 'ready' : 'degraded')
      writeStep(msg, 'webhook', result)
      if (outcome === 'delivered') return [msg, null]
      context.audit({ status: 'FAILED' })
      const { code, message } = deathOf(delivery)
      msg['error'] = { code, message }
      return [null, msg]
    },
  }
}

function secretsOf(node: Node): { readonly secret: string; readonly previousSecret: string } {
  const { secret = '', previousSecret = '' } = node.credentials as {
    secret?: string
    previousSecret?: string
  }
  return { secret, previousSecret }
}

function placesOf({ url, eventType }: WebhookSendConfig) {
  return { url: placeOf(url, 'url'), eventType: placeOf(eventType, 'eventType'), payload: 'msg.payload' }
}
