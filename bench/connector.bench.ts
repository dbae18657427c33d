// Connectors: checked and built a second; registered over the sandbox at 16 in flight beside bare undici PUTs of the same
// documents, rounds in turn; and the memory of a bulk run of 10,000. The sandbox runs in a process of its own.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Pool } from 'undici'
import type { RawConnector } from '../dist/lib/connector/connector.js'
import { createRegister } from '../dist/lib/connector/register.js'
import { connectorPayload, type ConnectorPayload } from '../dist/lib/connector/payload.js'
import { mergeConnector } from '../dist/lib/connector/merge.js'
import { readRules } from '../dist/lib/connector/rules.js'
import { useLedger } from '../dist/lib/connector/shared-ledgers.js'
import { checkConnector } from '../dist/lib/connector/validate.js'
import { newCorrelationId } from '../dist/lib/correlation/correlation.js'
import { createCxoneAccess } from '../dist/lib/cxone/create-access.js'
import { createHttpClient } from '../dist/lib/http/client.js'
import { BulkRun } from '../dist/lib/bulk/bulk-run.js'
import { acquireSandbox } from '../dist/lib/sandbox/shared.js'
import { systemClock, systemRandom } from '../dist/lib/system.js'
import { median, report } from './measure.ts'

const BUILDS = 300_000
const CONNECTORS = 500
const IN_FLIGHT = 16
const ROUNDS = 11
const BULK = 10_000
const MB = 1024 * 1024
const PATH = '/api/v1/integrations/connectors/{id}'

const BASE: RawConnector = {
  ...{ connectorId: 'crm-db', connectorName: 'CRM database', dbType: 'POSTGRESQL', host: 'db.example.com' },
  ...{
    port: 5432,
    database: 'crm',
    driverVersion: '42.6.0',
    pool: { min: 2, max: 15, timeoutS: 25 },
    ssl: true,
  },
  ...{ usernameRef: 'VAULT_DB_USERNAME', passwordRef: 'VAULT_DB_PASSWORD' },
  healthCheck: { enabled: true, query: 'SELECT 1', intervalS: 60, timeoutS: 5 },
  events: [{ eventType: 'CONFIG_UPDATED', webhookUrl: 'https://vault.example.com/webhooks/cxone-config' }],
}
const rules = readRules(undefined)

function build(given: Readonly<Record<string, unknown>>): ConnectorPayload {
  const { raw, faults } = mergeConnector(BASE, given)
  const checked = checkConnector(raw, rules, faults)
  if ('faults' in checked) throw new Error(JSON.stringify(checked.faults))
  return connectorPayload(checked.connector)
}

function builds(): void {
  const rates: number[] = []
  for (let round = 0; round < 7; round += 1) {
    const started = performance.now()
    for (let n = 0; n < BUILDS; n += 1) build({ connectorId: `c-${n % 1000}`, database: `crm_${n % 7}` })
    rates.push(BUILDS / ((performance.now() - started) / 1000))
  }
  report({ name: 'connectors checked and built', unit: '/s', ours: median(rates.slice(2)), target: 300_000 })
}

async function serve(): Promise<void> {
  process.send?.((await acquireSandbox()).sandbox.info.url)
  process.on('disconnect', () => process.exit())
}

/** Calls a second, with IN_FLIGHT calls at any time. */
async function round(call: (n: number) => Promise<unknown>): Promise<number> {
  let next = 0
  const started = performance.now()
  const lane = async (): Promise<void> => {
    while (next < CONNECTORS) await call(next++)
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane))
  return CONNECTORS / ((performance.now() - started) / 1000)
}

/** Rounds of both sides in turn; the side that goes first alternates, and the first rounds warm up. */
async function inTurn(
  rounds: number,
  next: () => void,
  ours: (n: number) => Promise<unknown>,
  bare: (n: number) => Promise<unknown>,
): Promise<{ ours: number; bare: number; ratio: number }> {
  const rates = { ours: [] as number[], bare: [] as number[], ratio: [] as number[] }
  for (let i = -2; i < rounds; i += 1) {
    next()
    const got = { ours: 0, bare: 0 }
    for (const side of i % 2 === 0 ? (['ours', 'bare'] as const) : (['bare', 'ours'] as const))
      got[side] = await round(side === 'ours' ? ours : bare)
    if (i < 0) continue
    rates.ours.push(got.ours)
    rates.bare.push(got.bare)
    rates.ratio.push(got.ours / got.bare)
  }
  return { ours: median(rates.ours), bare: median(rates.bare), ratio: median(rates.ratio) }
}

function openAccess(url: string) {
  const http = createHttpClient({ clock: systemClock })
  const empty = { tenant: '', baseUrl: '', environment: '', org: '', region: '', area: '', issuer: '' }
  const access = createCxoneAccess({
    settings: {
      ...{ ...empty, profile: 'sandbox', tokenUrl: '', apiBaseUrl: '', clientAuth: 'body', scopes: '' },
      ...{ refreshBufferS: 30, timeoutMs: 10_000, maxRetries: 3, baseDelayMs: 500, maxDelayMs: 30_000 },
      paths: { dataAction: '', execute: '', connector: PATH },
    },
    credentials: { clientId: '', clientSecret: '', accessKeyId: '', accessKeySecret: '' },
    sandbox: { url, port: 0, dnsServer: '', trustAnchor: '', webhookSecret: '' },
    ...{ send: http.send, clock: systemClock, random: systemRandom },
  })
  return {
    client: access.client,
    close: async () => {
      access.close()
      await http.close()
    },
  }
}

async function openBare(url: string) {
  const pool = new Pool(url, { connections: 128 })
  const token = await pool.request({
    ...{ method: 'POST', path: '/api/v2/oauth/token' },
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    body: 'grant_type=client_credentials&client_id=sandbox&client_secret=sandbox-secret',
  })
  const { access_token: access } = (await token.body.json()) as { access_token: string }
  const headers = {
    ...{ authorization: `Bearer ${access}`, accept: 'application/json', 'content-type': 'application/json' },
  }
  const put = async (document: ConnectorPayload): Promise<unknown> => {
    const path = PATH.replace('{id}', document.connectorId)
    const answer = await pool.request({ method: 'PUT', path, headers, body: JSON.stringify(document) })
    if (answer.statusCode >= 300) throw new Error(`status ${answer.statusCode}`)
    return answer.body.text()
  }
  return { put, close: () => pool.close() }
}

/** Ours does all that a node does: check, build, fingerprint, ledger on the disk, PUT, compare. */
async function registrations(url: string, folder: string): Promise<void> {
  const access = openAccess(url)
  const bare = await openBare(url)
  const ledger = await useLedger(join(folder, 'connectors.jsonl'), { warn: console.error })
  const register = createRegister({ client: access.client, path: PATH, ledger: ledger.value })
  const { signal } = new AbortController()
  let version = 0
  let kind = 0
  const ours = async (n: number): Promise<void> => {
    const document = build({ connectorId: `ours-${kind}-${n}`, connectorName: `Version ${version}` })
    const call = { signal, correlationId: newCorrelationId() }
    const { status } = await register(document, { key: randomUUID(), force: false, dryRun: false, call })
    if (status !== 'registered') throw new Error(status)
  }
  const theirs = (n: number): Promise<unknown> =>
    bare.put({ ...build({ connectorId: `bare-${kind}-${n}`, connectorName: `Version ${version}` }) })
  report({
    ...{ name: 'connectors registered over the sandbox, 16 in flight', unit: '/s', target: 0.5 },
    ...(await inTurn(ROUNDS, () => (version += 1), ours, theirs)),
  })
  report({
    ...{ name: 'connectors registered for the first time (read, then written)', unit: '/s' },
    ...(await inTurn(5, () => (kind += 1), ours, theirs)),
  })
  await Promise.all([access.close(), bare.close(), ledger.release()])
}

const resident = (): number => {
  globalThis.gc?.()
  return process.memoryUsage().rss / MB
}

/** A list is worked three times, so that caches and pools are full; what the last run adds is told. */
async function bulk(url: string, folder: string): Promise<void> {
  const access = openAccess(url)
  const ledger = await useLedger(join(folder, 'bulk.jsonl'), { warn: console.error })
  const register = createRegister({ client: access.client, path: PATH, ledger: ledger.value })
  const after: number[] = []
  for (let version = 0; version < 4; version += 1) {
    const items = Array.from({ length: BULK }, (_, n) => ({
      connectorId: `bulk-${n}`,
      connectorName: `V${version}`,
    }))
    const run = new BulkRun(
      items,
      async (item, { key, signal, pace }) => {
        const call = { signal, pace, correlationId: newCorrelationId() }
        const done = await register(build(item), { key, force: false, dryRun: false, call })
        return { value: { ...done, document: undefined } }
      },
      { id: randomUUID(), concurrency: IN_FLIGHT, clock: systemClock, random: systemRandom },
    )
    const { failed } = await run.run()
    if (failed > 0) throw new Error(`${failed} failed`)
    after.push(resident())
    console.error(`  ${BULK} connectors, version ${version}: ${resident().toFixed(0)} MB`)
  }
  report({
    ...{ name: `resident memory added by a bulk run of ${BULK.toLocaleString('en')} connectors`, unit: 'MB' },
    ...{ ours: (after[3] ?? 0) - (after[1] ?? 0), target: 20, lowerIsBetter: true },
  })
  await Promise.all([access.close(), ledger.release()])
}

if (process.argv[2] === '--serve') await serve()
else {
  builds()
  const folder = await mkdtemp(join(tmpdir(), 'cxone-bench-'))
  for (const part of [registrations, bulk]) {
    const server = fork(import.meta.filename, ['--serve'])
    const [url] = (await once(server, 'message')) as [string]
    await part(url, folder)
    server.disconnect()
    await once(server, 'exit')
  }
  await rm(folder, { recursive: true, force: true })
}
