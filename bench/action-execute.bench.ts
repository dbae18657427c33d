// action-execute's lib call at 16 in flight beside bare undici keep-alive POSTs of the same process to the same server,
// rounds in turn. Once to the sandbox, once to a server that only answers, which leaves less to hide behind. Both run in
// a process of their own.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { randomUUID } from 'node:crypto'
import { Pool } from 'undici'
import { newCorrelationId } from '../lib/correlation/correlation.ts'
import { createCxoneAccess } from '../lib/cxone/create-access.ts'
import { createExecute } from '../lib/cxone/execute.ts'
import { createHttpClient } from '../lib/http/client.ts'
import { acquireSandbox } from '../lib/sandbox/shared.ts'
import { systemClock, systemRandom } from '../lib/system.ts'
import { median, report } from './measure.ts'

const IN_FLIGHT = 16
const CALLS = 2000
const ROUNDS = 15
const ACTION = 'crm-customer-lookup'
const INPUTS = { customerId: 'CUST-4412', includeCases: true }
const ANSWER = JSON.stringify([
  { name: 'customerId', value: 'CUST-4412' },
  { name: 'openCases', value: 2 },
])

async function serve(kind: string): Promise<void> {
  let url: string
  if (kind === 'sandbox') url = (await acquireSandbox()).sandbox.info.url
  else {
    const server = createServer((request, response) => {
      request.resume().on('end', () => {
        const token = '{"access_token":"bench","expires_in":3600}'
        response.setHeader('content-type', 'application/json')
        response.end(request.url?.endsWith('/token') ? token : ANSWER)
      })
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }
  process.send?.(url)
  process.on('disconnect', () => process.exit())
}

/** Calls a second, with IN_FLIGHT calls at any time. */
async function round(call: () => Promise<unknown>): Promise<number> {
  let left = CALLS
  const started = performance.now()
  const worker = async (): Promise<void> => {
    while (left-- > 0) await call()
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker))
  return CALLS / ((performance.now() - started) / 1000)
}

function ours(url: string): { call: () => Promise<unknown>; close: () => Promise<void> } {
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
    close: async () => {
      access.close()
      await http.close()
    },
  }
}

async function bare(url: string): Promise<{ call: () => Promise<unknown>; close: () => Promise<void> }> {
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

async function compare(kind: string, name: string, target: number | undefined): Promise<void> {
  const server = fork(import.meta.filename, ['--serve', kind])
  const [url] = (await once(server, 'message')) as [string]
  const sides = { ours: ours(url), bare: await bare(url) }
  const rates: Record<'ours' | 'bare' | 'ratio', number[]> = { ours: [], bare: [], ratio: [] }
  for (let i = -2; i < ROUNDS; i += 1) {
    // The side that goes first alternates, and the first rounds warm up.
    const order = i % 2 === 0 ? (['ours', 'bare'] as const) : (['bare', 'ours'] as const)
    const got = { ours: 0, bare: 0 }
    for (const side of order) got[side] = await round(sides[side].call)
    if (i < 0) continue
    rates.ours.push(got.ours)
    rates.bare.push(got.bare)
    rates.ratio.push(got.ours / got.bare)
  }
  await Promise.all([sides.ours.close(), sides.bare.close()])
  server.disconnect()
  await once(server, 'exit')
  report({
    name,
    unit: 'calls/s',
    ours: median(rates.ours),
    bare: median(rates.bare),
    ratio: median(rates.ratio),
    ...(target === undefined ? {} : { target }),
  })
}

const [flag, kind] = process.argv.slice(2)
if (flag === '--serve') await serve(kind ?? 'sandbox')
else {
  await compare('sandbox', 'action-execute over the sandbox, 16 in flight', 0.6)
  await compare('bare', 'action-execute over a server that only answers, 16 in flight', undefined)
}
