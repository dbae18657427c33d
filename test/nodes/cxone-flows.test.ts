import assert from 'node:assert/strict'
import { makeUserDir, startNodeRed } from '../support/node-red-process.ts'
import { until } from '../support/until.ts'

const flows = [
  { id: 'tab', type: 'tab', label: 'metrics' },
  {
    id: 'run',
    type: 'inject',
    z: 'tab',
    props: [{ p: 'payload', v: 'x', vt: 'str' }],
    once: true,
    onceDelay: 0,
    wires: [['uuid', 'wrong']],
  },
  { id: 'uuid', type: 'uuid-gen', z: 'tab', count: '2', countType: 'num', wires: [[]] },
  { id: 'wrong', type: 'uuid-gen', z: 'tab', uuidVersion: '5', wires: [[]] },
]

const allowing = (permission: string): string =>
  `adminAuth: { type: 'credentials', users: [], default: { permissions: '${permission}' } },`

async function metricsWith(settings: string): Promise<{ status: number; text: string }> {
  const red = await startNodeRed('5.0', await makeUserDir(flows, { linkPalette: true, settings }))
  try {
    return await until(async () => {
      const response = await fetch(`${red.url}cxone/metrics`)
      const text = await response.text()
      return response.ok && !text.includes('UUID_INVALID') ? undefined : { status: response.status, text }
    })
  } finally {
    await red.stop()
  }
}

describe('/cxone/metrics', function () {
  this.timeout(30_000)

  it('gives messages, failures by code and durations of each node as Prometheus text', async () => {
    const { status, text } = await metricsWith('')
    assert.equal(status, 200)
    assert.match(text, /cxone_node_messages_total\{type="uuid-gen",node="uuid",code=""\} 1/)
    assert.match(text, /cxone_node_messages_total\{type="uuid-gen",node="wrong",code="UUID_INVALID"\} 1/)
    assert.match(text, /cxone_node_duration_seconds_bucket\{type="uuid-gen",node="uuid",le="\+Inf"\} 1/)
    assert.match(text, /process_resident_memory_bytes \d+/)
  })

  it('is open to a user with the permission cxone.read', async () => {
    assert.equal((await metricsWith(allowing('cxone.read'))).status, 200)
  })

  it('is closed to a user without it', async () => {
    const { status, text } = await metricsWith(allowing('flows.read'))
    assert.equal(status, 401)
    assert.doesNotMatch(text, /cxone_node/)
  })
})
