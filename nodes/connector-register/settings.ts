import { resolve } from 'node:path'
import { pickFields } from '../../lib/connector/connector.ts'
import type { ConnectorRequest } from '../../lib/connector/connector-work.ts'
import type { ConnectorSettings } from '../../lib/connector/open-connectors.ts'
import { readVaultUrl } from '../../lib/connector/vault-url.ts'
import { placeOf, typedReader } from '../adapter/typed-input.ts'
import type { Message, Node, NodeAPI } from '../adapter/types.ts'
import type { ConnectorRegisterConfig } from './config.ts'

/** What the connectors of a message share. */
export type Shared = Pick<ConnectorRequest, 'base' | 'force' | 'dryRun' | 'vaultUrl'>

/** Prepares the reading of what a message says for all its connectors; a simulated one is planned only. @throws `CONFIG_INVALID` */
export function sharedReader(
  RED: NodeAPI,
  node: Node,
  config: ConnectorRegisterConfig,
): (msg: Message, isSimulated: boolean) => Promise<Shared> {
  const { connectorId, connectorName, host, port, database, force, vaultUrl } = config
  const read = typedReader(RED, node, { connectorId, connectorName, host, port, database, force, vaultUrl })
  return async (msg, isSimulated) => {
    const { force, vaultUrl, ...typed } = await read(msg)
    return {
      base: pickFields({ ...config, ...typed }),
      force: force === true,
      dryRun: config.dryRun || isSimulated,
      vaultUrl: readVaultUrl(vaultUrl, placeOf(config.vaultUrl, 'vaultUrl')),
    }
  }
}

/** The settings of the work, but for the access. */
export function settingsOf(
  RED: NodeAPI,
  node: Node,
  { healthTimeoutS, preflight, allowPrivate, allowHosts }: ConnectorRegisterConfig,
): Omit<ConnectorSettings, 'access'> {
  const { cxoneFlows } = RED.settings as { cxoneFlows?: { connectorRules?: unknown } }
  const { testUser = '', testPassword = '', vaultSecret = '' } = node.credentials as Record<string, string>
  return {
    rules: cxoneFlows?.connectorRules,
    ledgerPath: resolve(RED.settings.userDir ?? '.', 'cxone/connectors.jsonl'),
    logger: node,
    healthTimeoutS,
    preflight,
    testCredentials: { user: testUser, password: testPassword },
    vault: { secret: vaultSecret, allowPrivate, allowHosts, source: `/node-red/${node.id}` },
  }
}
