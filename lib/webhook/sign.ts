import { createHmac, createSecretKey, type KeyObject } from 'node:crypto'
import { configError } from '../errors.ts'

/** How a webhook is signed. */
export type SignatureMode = 'standard-webhooks' | 'hmac-sha256-hex' | 'none'

/** One attempt of one webhook. */
export interface Signable {
  /** The same for every attempt. */
  readonly id: string
  /** Unix seconds of this attempt. */
  readonly timestamp: number
  readonly body: Buffer
}

/** Makes the headers that prove where a webhook comes from. */
export type Signer = (webhook: Signable) => Record<string, string>

const PREFIX = 'whsec_'
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/

/**
 * Makes the signer of a mode.
 *
 * - `standard-webhooks`: `webhook-signature: v1,<base64>`, the HMAC-SHA256 of `id.timestamp.body`; with a previous secret
 *   two signatures, separated by a space, so that receivers can change over at any time (Standard Webhooks 1.0).
 * - `hmac-sha256-hex`: `X-Signature`, the lower-case hex HMAC-SHA256 of the body; the one with the previous secret goes into
 *   `X-Signature-Previous`.
 *
 * All modes send `webhook-id` and `webhook-timestamp`.
 *
 * @param secrets `whsec_` and base64, or any text.
 * @throws `CONFIG_INVALID` naming `secret` or `previousSecret`; the value is never in the message.
 */
export function createSigner(
  mode: SignatureMode,
  secrets: { readonly secret: string; readonly previousSecret: string },
): Signer {
  if (mode === 'none') return identify
  if (secrets.secret === '') {
    throw configError('secret', `Property \`secret\`: a secret is needed to sign with \`${mode}\``)
  }
  const keys = [readKey(secrets.secret, 'secret')]
  if (secrets.previousSecret !== '') keys.push(readKey(secrets.previousSecret, 'previousSecret'))
  return mode === 'standard-webhooks' ? signStandard(keys) : signHex(keys)
}

const identify: Signer = ({ id, timestamp }) => ({
  'webhook-id': id,
  'webhook-timestamp': String(timestamp),
})

const signStandard =
  (keys: readonly KeyObject[]): Signer =>
  (webhook) => {
    const head = `${webhook.id}.${webhook.timestamp}.`
    const sign = (key: KeyObject): string =>
      `v1,${createHmac('sha256', key).update(head).update(webhook.body).digest('base64')}`
    return { ...identify(webhook), 'webhook-signature': keys.map(sign).join(' ') }
  }

const signHex =
  (keys: readonly KeyObject[]): Signer =>
  (webhook) => {
    const [now, before] = keys.map((key) => createHmac('sha256', key).update(webhook.body).digest('hex'))
    const headers = { ...identify(webhook), 'x-signature': now ?? '' }
    return before === undefined ? headers : { ...headers, 'x-signature-previous': before }
  }

// As a KeyObject, because making one of a buffer costs more than the HMAC, and each signature would do it.
function readKey(secret: string, field: string): KeyObject {
  if (!secret.startsWith(PREFIX)) return createSecretKey(secret, 'utf8')
  const encoded = secret.slice(PREFIX.length)
  if (encoded !== '' && BASE64.test(encoded)) return createSecretKey(encoded, 'base64')
  throw configError(
    field,
    `Property \`${field}\`: expected base64 after \`${PREFIX}\`; give another text to use it as it is`,
  )
}
