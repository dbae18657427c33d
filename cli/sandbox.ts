import { FAULT_ROUTES } from '../lib/sandbox/fault-script.ts'
import { LIMITED_CLIENT, SANDBOX_ACCESS_KEY, SANDBOX_CLIENT } from '../lib/sandbox/credentials.ts'
import { SANDBOX_ACTIONS } from '../lib/sandbox/data-action-catalogue.ts'
import { startSandbox, type Sandbox } from '../lib/sandbox/sandbox.ts'

/** What `cxone-flows sandbox` takes. */
export interface SandboxCommand {
  readonly port: number
  readonly dnsPort: number
  readonly fault: readonly string[]
  /** Seconds. */
  readonly tokenTtl: number
  readonly quiet: boolean
}

/**
 * `cxone-flows sandbox`: the sandbox alone, until the signal aborts. Prints where it listens and what it knows, then
 * one line a request.
 *
 * @throws `CONFIG_INVALID` when a port is taken or a fault script is wrong.
 */
export async function runSandbox(
  command: SandboxCommand,
  signal: AbortSignal,
  print: (line: string) => void = console.log,
): Promise<void> {
  const { port, dnsPort, fault: faults, tokenTtl: tokenTtlS } = command
  const logger = { info: print, warn: print }
  const sandbox = await startSandbox({
    port,
    dnsPort,
    faults,
    tokenTtlS,
    ...(command.quiet ? {} : { logger }),
  })
  print(welcome(sandbox))
  if (!signal.aborted) {
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
  }
  await sandbox.close()
}

function welcome({ info }: Sandbox): string {
  const { url, dnsServer, trustAnchor, webhookSecret } = info
  const actions = SANDBOX_ACTIONS.map(({ id }) => id)
  return `
  CXone sandbox: ${url}/  (open it to see the calls)

  Token URLs     ${url}/api/v2/oauth/token  /oauth/token  /oauth2/token  (client credentials)
                 ${url}/auth/token  (password grant)
                 ${url}/authentication/v1/token/access-key  (JSON)
  Client         ${SANDBOX_CLIENT.id} / ${SANDBOX_CLIENT.secret}
                 ${LIMITED_CLIENT.id} / ${LIMITED_CLIENT.secret}  (${LIMITED_CLIENT.scopes.join(' ')} only)
  Access key     ${SANDBOX_ACCESS_KEY.id} / ${SANDBOX_ACCESS_KEY.secret}
  Data actions   ${actions.slice(0, 4).join(', ')},
                 ${actions.slice(4).join(', ')}
  Webhook sink   ${url}/webhooks/sink  secret ${webhookSecret}
  DNS server     ${dnsServer}  (*.sandbox.test, UDP and TCP, signed)
  Trust anchor   ${trustAnchor}
  Faults         POST ${url}/sandbox/faults {"faults": ["execute:429/2,200"]}
                 routes: ${FAULT_ROUTES.join(', ')}
  Stop           Ctrl+C
`
}
