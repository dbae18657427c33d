import { fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { Pool } from 'undici'
import { newCorrelationId } from '../lib/correlation/correlation.ts'
import { createCxoneAccess } from '../lib/cxone/create-access.ts'
import { createExecute, type ExecuteDataAction } from '../lib/cxone/execute.ts'
import { createHttpClient } from '../lib/http/client.ts'
import { systemClock, systemRandom } from '../lib/system.ts'

export const ACTION = 'crm-customer-lookup'
export const INPUTS = { customerId: 'CUST-4412', includeCases: true }

/** One of two that are measured beside each other. */
interface Side {
  readonly call: () => Promise<unknown>
  readonly close: () => Promise<void>
}

/** Starts the server of a kind (`sandbox`, `bare`) in a process of its own. */
export async function startServer(kind: string): Promise<{ readonly url: string; close(): Promise<void> }> {
  const server = fork(join(import.meta.dirname, 'execute-server.ts'), [kind])
  const [url] = (await once(server, 'message')) as [string]
  return {
    url,
    async close() {
      server.disconnect()
      await once(server, 'exit')
    },
  }
}

/** What action-execute calls. */
export function ours(url: string): Side & { readonly execute: ExecuteDataAction } {
  const http = createHttpClient({ clock: systemClock })
  const empty = { tenant: '', baseUrl: '', environment: '', org: '', region: '', area: '', issuer: '' }
  const access = createCxoneAccess({
    settings: {
      ...empty,
      profile: 'sandbox',
      tokenUrl: '',
      apiBaseUrl: '',
      clientAuth: 'body',
      scopes: '',
      refreshBufferS: 30,
      timeoutMs: 10_000,
      maxRetries: 3,
      baseDelayMs: 500,
      maxDelayMs: 30_000,
      paths: { dataAction: '', execute: '/api/v2/data-actions/{id}/execute', connector: '' },
    },
    credentials: { clientId: '', clientSecret: '', accessKeyId: '', accessKeySecret: '' },
    sandbox: { url, port: 0, dnsServer: '', trustAnchor: '', webhookSecret: '' },
    send: http.send,
    clock: systemClock,
    random: systemRandom,
  })
  const execute = createExecute({
    client: access.client,
    path: access.paths.execute,
    newKey: () => randomUUID(),
  })
  const { signal } = new AbortController() // a node's
  const call = (): Promise<unknown> =>
    execute(ACTION, INPUTS, { correlationId: newCorrelationId(), signal, timeoutMs: 10_000 })
  return {
    call,
    execute,
    close: async () => {
      access.close()
      await http.close()
    },
  }
}

/** The same calls with nothing but undici. */
export async function bare(url: string): Promise<Side> {
  const pool = new Pool(url, { connections: 128 })
  const form = 'grant_type=client_credentials&client_id=sandbox&client_secret=sandbox-secret'
  const token = await pool.request({
    method: 'POST',
    path: '/api/v2/oauth/token',
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    body: form,
  })
  const { access_token: accessToken } = (await token.body.json()) as { access_token: string }
  const headers = {
    authorization: `Bearer ${accessToken}`,
    accept: 'application/json',
    'content-type': 'application/json',
  }
  const path = `/api/v2/data-actions/${ACTION}/execute`
  const body = JSON.stringify({ inputs: INPUTS })
  const call = async (): Promise<unknown> => {
    const answer = await pool.request({ method: 'POST', path, headers, body })
    if (answer.statusCode !== 200) throw new Error(`status ${answer.statusCode}`)
    return answer.body.text()
  }
  return { call, close: () => pool.close() }
}
