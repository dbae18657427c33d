import { boolean, integer, list, nodeId, oneOf, parseFields, type Parsed } from '../../lib/config/fields.ts'
import { version } from '../../lib/config/version.ts'
import { optionalTyped, typed, type TypedField } from '../../lib/config/typed.ts'
import { show } from '../../lib/errors.ts'
import { checkAllowedHost } from '../../lib/webhook/allow-hosts.ts'
import { parseReceiverUrl } from '../../lib/webhook/receiver-url.ts'

const MAX_WAIT_S = 7 * 86_400

/** The properties of `webhook-send`. */
export const fields = {
  version: version(),
  auth: nodeId(),
  url: receiverUrl(),
  signature: oneOf(['standard-webhooks', 'hmac-sha256-hex', 'none'], 'standard-webhooks'),
  envelope: oneOf(['cloudevents', 'raw'], 'cloudevents'),
  eventType: typed('str:cxone.data-action.completed', ['str', 'msg', 'flow', 'global', 'env', 'jsonata']),
  timeoutMs: integer({ min: 1, max: 600_000, default: 10_000 }),
  schedule: schedule(),
  durable: boolean(true),
  allowPrivate: boolean(false),
  allowHosts: list<string>(
    [],
    (item) => checkAllowedHost(item) && `${checkAllowedHost(item)}, got ${show(item)}`,
  ),
  concurrency: integer({ min: 1, max: 256, default: 8 }),
  connectTo: optionalTyped(['msg', 'json', 'flow', 'global', 'jsonata']),
  audit: nodeId(),
}

// A URL that is written into the node is checked when it is written, not with the first message.
function receiverUrl(): TypedField {
  const any = typed('str:', ['str', 'msg', 'flow', 'global', 'env', 'jsonata'])
  return {
    ...any,
    check: (stored) => {
      const reason = any.check(stored)
      const { type, value } = stored as { type: string; value: string }
      if (reason || type !== 'str' || /^\$\{[^}]+\}$/.test(value)) return reason
      const parsed = parseReceiverUrl(value)
      return 'reason' in parsed ? parsed.reason : undefined
    },
  }
}

function schedule() {
  const waits = list<number>(
    [0, 5, 30, 300, 1800, 7200],
    (item) =>
      typeof item === 'number' && item >= 0 && item <= MAX_WAIT_S
        ? undefined
        : `expected seconds from 0 to ${MAX_WAIT_S}, got ${show(item)}`,
    50,
  )
  return {
    ...waits,
    check: (value: unknown) =>
      waits.check(value) ?? (waits.parse(value).length === 0 ? 'expected at least one attempt' : undefined),
  }
}

/** What a `webhook-send` node is set to. */
export type WebhookSendConfig = Parsed<typeof fields>

/** Reads the stored properties. @throws `CONFIG_INVALID` with `details.field`. */
export const parseConfig = (stored: object): WebhookSendConfig => parseFields(fields, stored)
