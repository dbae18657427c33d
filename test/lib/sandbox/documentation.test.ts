import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import * as credentials from '../../../lib/sandbox/credentials.ts'
import { SANDBOX_ACTIONS } from '../../../lib/sandbox/data-action-catalogue.ts'
import { FAULT_ROUTES, parseFaultScript } from '../../../lib/sandbox/fault-script.ts'

const text = readFileSync(new URL('../../../docs/sandbox.md', import.meta.url), 'utf8')
const section = (title: string): string => text.split(`\n## ${title}\n`)[1]?.split('\n## ')[0] ?? ''

describe('docs/sandbox.md', () => {
  it('holds every credential and scope', () => {
    const { SANDBOX_CLIENT, LIMITED_CLIENT, SANDBOX_ACCESS_KEY } = credentials
    const pairs = [SANDBOX_CLIENT, LIMITED_CLIENT, SANDBOX_ACCESS_KEY].map(
      ({ id, secret }) => `\`${id}\` / \`${secret}\``,
    )
    const values = [
      credentials.SANDBOX_WEBHOOK_SECRET,
      credentials.WEBHOOK_SECRET_TEXT,
      ...credentials.SANDBOX_SCOPES,
    ]
    const missing = [...pairs, ...values, credentials.SANDBOX_TENANT.tenantId].filter(
      (value) => !text.includes(value),
    )
    assert.deepEqual(missing, [])
  })

  it('names every data action with its host', () => {
    const rows = section('Data actions').split('\n')
    const missing = SANDBOX_ACTIONS.filter(({ id, endpointUrl }) => {
      const host = new URL(endpointUrl).hostname
      return !rows.some((row) => row.includes(`\`${id}\``) && row.includes(host))
    })
    assert.deepEqual(missing, [])
  })

  it('names every fault route, and each part of a step that it shows can be read', () => {
    const faults = section('Faults')
    assert.deepEqual(
      FAULT_ROUTES.filter((route) => !faults.includes(`\`${route}\``)),
      [],
    )
    const parts = faults
      .split('\n')
      .filter((line) => line.startsWith('| `'))
      .flatMap((line) => [...(line.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, part = '']) => part))
    assert.ok(parts.length >= 15, parts.join())
    for (const part of parts) parseFaultScript(`token:${part}`)
  })
})
