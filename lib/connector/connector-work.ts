import type { CxoneClient } from '../cxone/access.ts'
import { inputError, show } from '../errors.ts'
import type { Clock } from '../ports.ts'
import { isRecord, type Connector, type RawConnector } from './connector.ts'
import { awaitHealth, type Health } from './health.ts'
import { mergeConnector, unknownParts } from './merge.ts'
import { connectorPayload } from './payload.ts'
import type { PreflightFacts } from './preflight/facts.ts'
import type { Preflight } from './preflight/preflight.ts'
import type { RegisterConnector, Registration } from './register.ts'
import type { ConnectorRules } from './rules.ts'
import { TalliedClient, type SharedCall } from './tallied-client.ts'
import { checkConnector, connectorError } from './validate.ts'
import type { TellVault, VaultEvent } from './vault-event.ts'

/** What {@link createConnectorWork} needs. */
export interface WorkPorts {
  readonly client: CxoneClient
  /** Path template with `{id}`. */
  readonly path: string
  readonly clock: Clock
  readonly rules: ConnectorRules
  readonly register: RegisterConnector
  /** Left out: databases are not looked at. */
  readonly preflight: Preflight | undefined
  readonly tellVault: TellVault
  /** Seconds; 0: CXone is not asked for the health. */
  readonly healthTimeoutS: number
}

/** One connector to register. */
export interface ConnectorRequest {
  readonly base: RawConnector
  /** What a message gives: an object overrides fields of `base`; nothing else has a say. An item of a list must be one. */
  readonly given: unknown
  readonly isItem?: boolean
  /** Where `given` stands, as users write it (`msg.payload`). */
  readonly place: string
  readonly force: boolean
  readonly dryRun: boolean
  /** Empty: no vault is told. */
  readonly vaultUrl: string
  /** `Idempotency-Key` of the write. */
  readonly key: string
  readonly call: SharedCall & { readonly correlationId: string }
}

/** A registered or planned connector, for `msg.cxone.connector`. */
export interface ConnectorStep extends Omit<Registration, 'document' | 'changes' | 'drift'> {
  readonly changes?: Registration['changes']
  readonly drift?: Registration['drift']
  readonly health?: Health
  readonly preflight?: PreflightFacts
  readonly vaultEvent?: VaultEvent
}

/** What came of one connector. */
export interface ConnectorResult {
  /** The server's answer; what would be sent, where it is only planned. */
  readonly document: unknown
  readonly step: ConnectorStep
}

/** Checks, registers and follows up one connector. */
export type ConnectorWork = (request: ConnectorRequest) => Promise<ConnectorResult>

/**
 * Makes the whole work on a connector: check, preflight, register, health, vault event.
 *
 * A call throws `CONNECTOR_INVALID` before anything is sent, `INPUT_INVALID` for bytes, and what preflight and
 * registration throw. After the registration nothing makes it fail but `ABORTED`.
 */
export function createConnectorWork(ports: WorkPorts): ConnectorWork {
  return async (request) => {
    const connector = readConnector(ports.rules, request)
    const payload = connectorPayload(connector)
    const { call, key, force, dryRun, vaultUrl } = request
    const preflight = await ports.preflight?.(connector, call.signal)
    const { document, ...done } = await ports.register(payload, { key, force, dryRun, call })
    const isDone = done.status !== 'planned'
    const health = isDone ? await healthOf(ports, connector, call) : undefined
    const vaultEvent =
      done.status === 'registered' && vaultUrl !== ''
        ? await ports.tellVault(payload, {
            url: vaultUrl,
            correlationId: call.correlationId,
            signal: call.signal,
          })
        : undefined
    return { document, step: withoutUndefined({ ...done, health, preflight, vaultEvent }) }
  }
}

function readConnector(rules: ConnectorRules, { base, given, place, isItem }: ConnectorRequest): Connector {
  if (ArrayBuffer.isView(given) || (isItem && !isRecord(given)))
    throw inputError(place, `Expected \`${place}\` to be an object of connector fields, got ${show(given)}`)
  const { raw, faults } = isRecord(given)
    ? mergeConnector(base, given)
    : { raw: base, faults: unknownParts(base) }
  const checked = checkConnector(raw, rules, faults)
  if ('faults' in checked) throw connectorError(raw.connectorId, checked.faults)
  return checked.connector
}

async function healthOf(
  { client, path, clock, healthTimeoutS }: WorkPorts,
  { connectorId, healthCheck }: Connector,
  call: SharedCall,
): Promise<Health | undefined> {
  if (healthTimeoutS === 0) return undefined
  if (!healthCheck.enabled) return { status: 'UNKNOWN', reason: 'the health check is off', waitedMs: 0 }
  const params = { id: connectorId }
  const place = { path: `${path}/health`, params, ...(call.signal ? { signal: call.signal } : {}) }
  return awaitHealth(new TalliedClient(client, call), place, { clock, timeoutS: healthTimeoutS })
}

function withoutUndefined(step: {
  readonly [K in keyof ConnectorStep]: ConnectorStep[K] | undefined
}): ConnectorStep {
  const told = Object.entries(step).filter(([, value]) => value !== undefined)
  return Object.fromEntries(told) as unknown as ConnectorStep
}
