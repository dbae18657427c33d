import { correlationHeaders } from '../correlation/correlation.ts'
import type { SandboxInfo } from '../cxone/access.ts'
import { addressKind } from '../dns/addresses.ts'
import { pinnedAddresses, type Pin } from '../dns/pin.ts'
import { inputError, PaletteError, show } from '../errors.ts'
import { toTarget } from '../http/connect-target.ts'
import type { Clock, ConnectTarget, HttpSend, LookupAddresses, Random } from '../ports.ts'
import { createDelivery, type DeliverCall, type Delivery, type DeliveryOptions } from './deliver.ts'
import { pack, type EnvelopeMode } from './envelope.ts'
import { createAddressGuard, type GuardOptions } from './guard.ts'
import { parseReceiverUrl } from './receiver-url.ts'
import { createSigner, type SignatureMode } from './sign.ts'

/** What a sender needs from the world. */
export interface SenderPorts {
  readonly send: HttpSend
  readonly lookup: LookupAddresses
  readonly clock: Clock
  readonly random: Pick<Random, 'uniform'>
  /** Makes the id of a webhook. */
  readonly newId: () => string
}

/** How a sender packs, signs and delivers. */
export interface SenderOptions extends DeliveryOptions, GuardOptions {
  readonly signature: SignatureMode
  readonly secret: string
  readonly previousSecret: string
  readonly envelope: EnvelopeMode
  /** CloudEvents `source`. */
  readonly source: string
  /** Hosts under `sandbox.test` live there, and its secret is the default. */
  readonly sandbox?: SandboxInfo | undefined
}

/** What is to be told, and to whom. `places` names where the values stand, for errors. */
export interface SendRequest {
  readonly url: unknown
  readonly eventType: unknown
  readonly payload: unknown
  readonly correlationId: string
  /** Addresses of the receiver that were looked up before. */
  readonly connectTo?: Pin | undefined
  readonly places: { readonly url: string; readonly eventType: string; readonly payload: string }
}

/** Tells receivers about events. */
export type SendWebhook = (request: SendRequest, call?: DeliverCall) => Promise<Delivery>

/**
 * Makes a sender of signed webhooks.
 *
 * @throws `CONFIG_INVALID` when a secret is missing or malformed. A call throws `INPUT_INVALID` for a wrong URL, event type or
 * payload, `WEBHOOK_BLOCKED_ADDRESS`, `PIN_MISMATCH`, `ABORTED`.
 */
export function createWebhookSender(ports: SenderPorts, options: SenderOptions): SendWebhook {
  const { sandbox, envelope, source } = options
  const secret = options.secret || (sandbox?.webhookSecret ?? '')
  const deliver = createDelivery(
    {
      ...ports,
      guard: createAddressGuard(ports.lookup, options),
      sign: createSigner(options.signature, { ...options, secret }),
      route: (url, pin) => (sandbox ? sandboxRoute(url, sandbox, pin) : undefined),
    },
    options,
  )
  return async ({ url, eventType, payload, correlationId, connectTo, places }, call) => {
    const id = ports.newId()
    const receiver = readUrl(url, places.url)
    const type = envelope === 'cloudevents' ? readType(eventType, places.eventType) : ''
    const event = { id, type, source, correlationId, time: ports.clock.now(), payload }
    const headers = { ...correlationHeaders(correlationId), 'user-agent': 'cxone-flows' }
    const packed = pack(envelope, event, places.payload)
    return await deliver({ id, url: receiver, headers, connectTo, ...packed }, call)
  }
}

/** The error that a flow sees in `msg.error` on the second output. */
export function deathOf({ outcome, url, attempts, reason = 'no reason' }: Delivery): PaletteError {
  if (outcome === 'rejected')
    return new PaletteError('WEBHOOK_REJECTED', `${url} wants no more webhooks: ${reason}`)
  if (attempts === 0)
    return new PaletteError('WEBHOOK_DEAD', `The webhook to ${url} was not tried: ${reason}; send less often`)
  const times = attempts === 1 ? 'once' : `${attempts} times`
  return new PaletteError('WEBHOOK_DEAD', `The webhook to ${url} was tried ${times} in vain: ${reason}`)
}

// Pinned addresses that are not this machine's are judged by the guard.
function sandboxRoute(url: URL, { port }: SandboxInfo, pin: Pin | undefined): ConnectTarget | undefined {
  if (!url.hostname.endsWith('.sandbox.test')) return undefined
  if (!pin) return { address: '127.0.0.1', port }
  const isHere = pin.addresses.every((address) => addressKind(address) === 'loopback')
  return isHere ? toTarget(pinnedAddresses(pin, url.hostname, 'guard'), port) : undefined
}

function readUrl(value: unknown, place: string): URL {
  const parsed = parseReceiverUrl(value)
  if ('url' in parsed) return parsed.url
  throw inputError(place, `\`${place}\`: ${parsed.reason}`)
}

function readType(value: unknown, place: string): string {
  if (typeof value === 'string' && value.trim() !== '' && value.length <= 256) return value
  throw inputError(
    place,
    `Expected \`${place}\` to be the type of the event, a text as \`customer.looked-up\`, got ${show(value)}`,
  )
}
