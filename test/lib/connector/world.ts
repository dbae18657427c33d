import { createCxoneAccess, type ManagedAccess } from '../../../lib/cxone/create-access.ts'
import { MemoryLedger, type Ledger } from '../../../lib/connector/ledger.ts'
import type { ConnectorPayload } from '../../../lib/connector/payload.ts'
import { createRegister, type RegisterOptions, type Registration } from '../../../lib/connector/register.ts'
import { createHttpClient } from '../../../lib/http/client.ts'
import { systemClock, systemRandom } from '../../../lib/system.ts'
import { settings } from '../cxone/world.ts'
import { useSandbox, type RunningSandbox } from '../sandbox/running-sandbox.ts'

/** A node's work on connectors before a sandbox, over real sockets. */
export interface ConnectorWorld extends RunningSandbox {
  readonly access: ManagedAccess
  readonly ledger: Ledger
  /** Registers as a new runtime does that has the same ledger. */
  restart(ledger?: Ledger): void
  register(payload: ConnectorPayload, options?: Partial<RegisterOptions>): Promise<Registration>
  /** `GET`, `PUT`, ... of the calls to connectors so far, with their statuses. */
  calls(): string[]
  /** Changes a connector as somebody else does. */
  editElsewhere(change: (document: Record<string, any>) => void, id?: string): Promise<void>
  deleteElsewhere(id?: string): Promise<void>
  /** The version that the sandbox counts. */
  versionOf(id?: string): Promise<number>
}

const PATH = '/api/v1/integrations/connectors/'

/** Starts a sandbox and an access for the tests of a `describe`. */
export function useConnectors(): ConnectorWorld {
  const running = useSandbox()
  const http = createHttpClient({ clock: systemClock })
  let access: ManagedAccess
  let ledger: Ledger
  let register: ReturnType<typeof createRegister>
  const restart = (next: Ledger = ledger): void => {
    ledger = next
    register = createRegister({ client: access.client, path: access.paths.connector, ledger })
  }
  beforeEach(() => {
    access = createCxoneAccess({
      settings: { ...settings, profile: 'sandbox', baseDelayMs: 1, maxRetries: 2 },
      credentials: { clientId: '', clientSecret: '', accessKeyId: '', accessKeySecret: '' },
      ...{ sandbox: running.sandbox.info, send: http.send, clock: systemClock, random: systemRandom },
    })
    restart(new MemoryLedger())
  })
  afterEach(() => access.close())
  after(() => http.close())
  const read = async (id: string) => running.send('GET', PATH + id, { token: await running.token() })
  return {
    ...{ clock: running.clock, send: running.send, token: running.token },
    get sandbox() {
      return running.sandbox
    },
    get url() {
      return running.url
    },
    get access() {
      return access
    },
    get ledger() {
      return ledger
    },
    restart,
    register: (payload: ConnectorPayload, options: Partial<RegisterOptions> = {}) =>
      register(payload, { key: 'key-1', force: false, dryRun: false, call: {}, ...options }),
    calls: () =>
      running.sandbox
        .requests()
        .filter(({ route }) => route === 'connector')
        .map(({ method, status }) => `${method} ${status}`),
    editElsewhere: async (change: (document: Record<string, any>) => void, id = 'crm-db') => {
      const { json } = await read(id)
      const document = structuredClone(json) as Record<string, any>
      change(document)
      await running.send('PUT', PATH + id, { token: await running.token(), body: document })
    },
    deleteElsewhere: async (id = 'crm-db') => {
      await running.send('DELETE', PATH + id, { token: await running.token() })
    },
    versionOf: async (id = 'crm-db') => (await read(id)).json.version as number,
  }
}
