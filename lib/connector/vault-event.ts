import { isPaletteError } from '../errors.ts'
import type { Clock } from '../ports.ts'
import { redactText } from '../redact/redact-text.ts'
import { isoTime } from '../system.ts'
import type { SendWebhook } from '../webhook/sender.ts'
import type { ConnectorPayload } from './payload.ts'

/** How the vault was told of a connector. */
export interface VaultEvent {
  readonly status: 'delivered' | 'rejected' | 'dead' | 'blocked' | 'failed'
  /** Without query. */
  readonly url?: string
  readonly attempts?: number
  readonly reason?: string
}

/** Waits before the attempts, in seconds: the flow waits for them. */
export const VAULT_SCHEDULE: readonly number[] = [0, 1, 5]

/** Tells a vault that a connector has changed. What goes wrong is told, never thrown: the connector is registered. */
export type TellVault = (
  payload: ConnectorPayload,
  call: { readonly url: string; readonly correlationId: string; readonly signal?: AbortSignal | undefined },
) => Promise<VaultEvent>

/** Makes the events of a vault: names of secrets, never secrets. */
export function createVaultEvents(send: SendWebhook, clock: Pick<Clock, 'now'>): TellVault {
  const places = { url: 'vaultUrl', eventType: 'eventType', payload: 'payload' }
  return async (payload, { url, correlationId, signal }) => {
    const event = {
      source: 'CXONE_INTEGRATION_ENGINE',
      action: 'CONFIG_UPDATED',
      connectorId: payload.connectorId,
      maskedCredentials: payload.configuration.credentialMasking,
      timestamp: isoTime(clock.now()),
    }
    try {
      const request = { url, eventType: event.action, payload: event, correlationId, places }
      const { outcome, url: shown, attempts, reason } = await send(request, { signal })
      return { status: outcome, url: shown, attempts, ...(reason === undefined ? {} : { reason }) }
    } catch (error) {
      const isBlocked = isPaletteError(error) && error.code === 'WEBHOOK_BLOCKED_ADDRESS'
      const reason = redactText(error instanceof Error ? error.message : String(error))
      return { status: isBlocked ? 'blocked' : 'failed', reason }
    }
  }
}
