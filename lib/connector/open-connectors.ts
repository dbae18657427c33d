import type { CxoneAccess } from '../cxone/access.ts'
import { configError, isPaletteError } from '../errors.ts'
import { createHttpClient } from '../http/client.ts'
import type { HttpSend, Logger } from '../ports.ts'
import { newCorrelationId } from '../correlation/correlation.ts'
import { systemClock, systemDnsServers, systemLookup, systemRandom } from '../system.ts'
import { createWebhookSender, type SendWebhook } from '../webhook/sender.ts'
import { createConnectorWork, type ConnectorWork } from './connector-work.ts'
import type { TestCredentials } from './preflight/postgres-login.ts'
import type { Preflight } from './preflight/preflight.ts'
import { createRegister } from './register.ts'
import { readRules } from './rules.ts'
import { useLedger } from './shared-ledgers.ts'
import { createVaultEvents, VAULT_SCHEDULE } from './vault-event.ts'

/** How a `connector-register` node works. */
export interface ConnectorSettings {
  readonly access: CxoneAccess
  /** `cxoneFlows.connectorRules` of `settings.js`. */
  readonly rules: unknown
  /** Where the last writes are remembered. */
  readonly ledgerPath: string
  readonly logger: Pick<Logger, 'warn'>
  readonly healthTimeoutS: number
  readonly preflight: boolean
  readonly testCredentials: TestCredentials
  readonly vault: {
    readonly secret: string
    readonly allowPrivate: boolean
    readonly allowHosts: readonly string[]
    /** CloudEvents `source`. */
    readonly source: string
  }
}

/**
 * Makes the work on connectors with all that it stands on: the ledger, connections to the vault, a resolver. `close`
 * frees all of it.
 *
 * @throws `CONFIG_INVALID` for rules of `settings.js` and the vault's secret, `JOURNAL_UNAVAILABLE`.
 */
export async function openConnectors(
  settings: ConnectorSettings,
): Promise<{ readonly work: ConnectorWork; readonly close: () => Promise<void> }> {
  const { access, healthTimeoutS, ledgerPath, logger } = settings
  const { client, paths } = access
  const rules = readRules(settings.rules)
  const http = createHttpClient({ clock: systemClock })
  const tellVault = createVaultEvents(openSender(settings, http.send), systemClock)
  const ledger = await useLedger(access.sandbox ? undefined : ledgerPath, logger)
  const lookAt = settings.preflight ? await openPreflight(settings) : undefined
  const work = createConnectorWork({
    ...{ client, path: paths.connector, clock: systemClock, rules, tellVault, healthTimeoutS },
    register: createRegister({ client, path: paths.connector, ledger: ledger.value }),
    preflight: lookAt?.preflight,
  })
  const close = async (): Promise<void> => {
    lookAt?.close()
    await Promise.all([http.close(), ledger.release()])
  }
  return { work, close }
}

// The sender's secret is a property of another name here.
function openSender(settings: ConnectorSettings, send: HttpSend): SendWebhook {
  try {
    return senderOf(settings, send)
  } catch (error) {
    if (!isPaletteError(error) || error.details['field'] !== 'secret') throw error
    throw configError('vaultSecret', error.message.replace('`secret`', '`vaultSecret`'), error)
  }
}

function senderOf({ vault, access }: ConnectorSettings, send: HttpSend): SendWebhook {
  const isSigned = vault.secret !== '' || access.sandbox !== undefined
  return createWebhookSender(
    { send, lookup: systemLookup, clock: systemClock, random: systemRandom, newId: newCorrelationId },
    {
      ...vault,
      previousSecret: '',
      signature: isSigned ? 'standard-webhooks' : 'none',
      envelope: 'raw',
      schedule: VAULT_SCHEDULE,
      timeoutMs: 10_000,
      concurrency: 8,
      sandbox: access.sandbox,
    },
  )
}

async function openPreflight({
  access,
  testCredentials,
}: ConnectorSettings): Promise<{ readonly preflight: Preflight; close(): void }> {
  const { createDnsResolver } = await import('../dns/resolver.ts')
  const { systemDnsPorts } = await import('../dns/system-ports.ts')
  const { createPreflight } = await import('./preflight/preflight.ts')
  const { createResolveHost } = await import('./preflight/resolve-host.ts')
  const servers = access.sandbox ? [access.sandbox.dnsServer] : systemDnsServers()
  const resolver =
    servers.length === 0
      ? undefined
      : createDnsResolver(await systemDnsPorts({ cache: false }), {
          ...{ servers, transport: 'udp', dnssec: 'off', onLimit: 'wait' },
          ...{ timeoutMs: 3000, lifetimeMs: 6000, maxCnameHops: 10 },
        })
  const resolve = createResolveHost(resolver, systemLookup)
  return {
    preflight: createPreflight({ clock: systemClock, resolve, credentials: testCredentials }),
    close: () => resolver?.close(),
  }
}
