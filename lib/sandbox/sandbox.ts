import type { SandboxInfo } from '../cxone/access.ts'
import { configError } from '../errors.ts'
import type { Clock, Logger, Random } from '../ports.ts'
import { systemClock, systemRandom } from '../system.ts'
import { adminRoutes } from './admin-routes.ts'
import { CallLog, type RecordedCall } from './call-log.ts'
import { ConnectorStore } from './connector-routes.ts'
import { SANDBOX_WEBHOOK_SECRET } from './credentials.ts'
import { dataActionRoutes } from './data-action-routes.ts'
import { discoveryRoutes } from './discovery-routes.ts'
import { startSandboxDns, type SandboxDns } from './dns-server.ts'
import { executeRoutes } from './execute-routes.ts'
import { FaultQueue } from './fault-queue.ts'
import { parseFaultScript } from './fault-script.ts'
import { IdempotencyStore } from './idempotency.ts'
import { pageRoutes } from './page.ts'
import { Router } from './router.ts'
import { startServer, type RunningServer } from './server.ts'
import { serviceRoutes } from './service-routes.ts'
import { tokenRoutes } from './token-routes.ts'
import { TokenStore } from './tokens.ts'
import { WebhookSink, type ReceivedWebhook } from './webhook-routes.ts'

const DEFAULT_TOKEN_TTL_S = 3600

/** How to start a sandbox. Everything has a default. */
export interface SandboxOptions {
  /** TCP port on 127.0.0.1; 0 (default) for any. */
  readonly port?: number
  /** UDP and TCP port of the DNS server on 127.0.0.1; 0 (default) for any. */
  readonly dnsPort?: number
  readonly clock?: Clock
  readonly random?: Random
  /** Fault scripts, see `parseFaultScript`. */
  readonly faults?: readonly string[]
  /** Seconds; default 3600. */
  readonly tokenTtlS?: number
  /** Gets one line a request. */
  readonly logger?: Logger
}

/** A running sandbox. */
export interface Sandbox {
  readonly info: SandboxInfo
  /** The last 1,000 calls, oldest first, without those of the page and the admin routes. */
  requests(): readonly RecordedCall[]
  /** Calls per route (`token`, `lookup`, `execute`, ...) since the start or the last reset. */
  counts(): Readonly<Record<string, number>>
  /** The last 500 webhooks that the sink took. */
  webhooks(): readonly ReceivedWebhook[]
  /** Adds a fault script. @throws `CONFIG_INVALID` when it is wrong. */
  fault(script: string): void
  /** Makes every token that was issued so far invalid. */
  revokeTokens(): void
  /** Back to the state after the start: no calls, tokens, connectors, webhooks, and no faults. */
  reset(): void
  /** Cuts all connections and frees both ports. */
  close(): Promise<void>
}

/**
 * Starts a sandbox that plays CXone on 127.0.0.1: HTTP and DNS, each on its own port.
 *
 * @throws `CONFIG_INVALID` with `details.field` `port`, `dnsPort` or `faults`.
 */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const { port = 0, dnsPort = 0 } = options
  const state = createState(options)
  const { calls, faults, tokens, sink } = state
  const server = await startServer(port, { ...state, onCall: lineWriter(options.logger) })
  const dns = await startDns(dnsPort, server)
  state.place.dnsServer = dns.address
  const info: SandboxInfo = {
    url: server.url,
    port: server.port,
    dnsServer: dns.address,
    trustAnchor: dns.trustAnchor,
    webhookSecret: SANDBOX_WEBHOOK_SECRET,
  }
  return {
    info,
    requests: () => calls.list(),
    counts: () => calls.counts(),
    webhooks: () => sink.list(),
    fault: (script) => faults.add(parseFaultScript(script)),
    revokeTokens: () => tokens.clear(),
    reset: state.reset,
    close: async () => {
      await Promise.all([server.close(), dns.close()])
    },
  }
}

interface State {
  readonly router: Router
  readonly faults: FaultQueue
  readonly calls: CallLog
  readonly tokens: TokenStore
  readonly sink: WebhookSink
  readonly clock: Clock
  /** Known only after the start. */
  readonly place: { dnsServer: string }
  readonly reset: () => void
}

function createState(options: SandboxOptions): State {
  const { clock = systemClock, random = systemRandom, tokenTtlS: ttlS = DEFAULT_TOKEN_TTL_S } = options
  const faults = new FaultQueue()
  for (const script of options.faults ?? []) faults.add(parseFaultScript(script))
  const calls = new CallLog()
  const tokens = new TokenStore({ clock, random, ttlS })
  const sink = new WebhookSink(clock)
  const connectors = new ConnectorStore(clock)
  const executions = new IdempotencyStore()
  const reset = (): void =>
    [calls, faults, tokens, sink, connectors, executions].forEach((part) => part.clear())
  const place = { dnsServer: '' }
  // The most frequent first: patterns are tried in order.
  const router = new Router([
    ...executeRoutes(tokens, executions),
    ...dataActionRoutes(tokens),
    ...tokenRoutes(tokens),
    ...sink.routes(),
    ...connectors.routes(tokens),
    ...serviceRoutes(tokens),
    ...discoveryRoutes(),
    ...adminRoutes({ calls, faults, sink, revokeTokens: () => tokens.clear(), reset }),
    ...pageRoutes(() => place.dnsServer),
  ])
  return { router, faults, calls, tokens, sink, clock, place, reset }
}

async function startDns(port: number, server: RunningServer): Promise<SandboxDns> {
  try {
    return await startSandboxDns({ port, httpPort: server.port })
  } catch (cause) {
    await server.close()
    const why = `DNS port ${port} cannot be opened (${(cause as NodeJS.ErrnoException).code ?? 'unknown cause'})`
    throw configError('dnsPort', `${why}: stop the other program, or choose another port (0 for any)`, cause)
  }
}

function lineWriter(logger: Logger | undefined): ((call: RecordedCall) => void) | undefined {
  if (!logger) return undefined
  return ({ method, path, status, latencyMs, note }) => {
    const answer = status === 0 ? 'dropped' : String(status)
    logger.info([method, path, answer, `${latencyMs.toFixed(1)} ms`, note ?? ''].join(' ').trimEnd())
  }
}
