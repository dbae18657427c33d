import assert from 'node:assert/strict'
import { createMetrics } from '../../../lib/metrics/metrics.ts'

interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** Reads the text exposition format 0.0.4; fails on a line that is none. */
function parse(text: string): { samples: Sample[]; types: Map<string, string> } {
  const samples: Sample[] = []
  const types = new Map<string, string>()
  for (const line of text.split('\n')) {
    if (line === '') continue
    const comment = /^# (HELP|TYPE) ([a-zA-Z_:][\w:]*) (.+)$/.exec(line)
    if (comment) {
      if (comment[1] === 'TYPE') {
        assert.ok(!types.has(comment[2] ?? ''), `${comment[2]} has two types`)
        types.set(comment[2] ?? '', comment[3] ?? '')
      }
      continue
    }
    const found = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line)
    assert.ok(found, `no sample: ${line}`)
    const labels: Record<string, string> = {}
    let rest = found[2] ?? ''
    while (rest !== '') {
      const label = /^([a-zA-Z_]\w*)="((?:[^"\\\n]|\\["\\n])*)",?/.exec(rest)
      assert.ok(label, `no label: ${rest}`)
      labels[label[1] ?? ''] = (label[2] ?? '').replace(/\\(.)/g, (_, char: string) =>
        char === 'n' ? '\n' : char,
      )
      rest = rest.slice(label[0].length)
    }
    samples.push({ name: found[1] ?? '', labels, value: Number(found[3]) })
  }
  return { samples, types }
}

const valueOf = (samples: Sample[], name: string, labels: Record<string, string>): number | undefined =>
  samples.find(
    (sample) =>
      sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
  )?.value

describe('metrics', () => {
  it('count the messages of a node by code', async () => {
    const metrics = createMetrics()
    const node = metrics.node('dns-resolve', 'n1')
    for (const code of [undefined, undefined, 'TIMEOUT', 'TIMEOUT', 'DNS_NXDOMAIN']) {
      node.started()
      node.finished(3, code)
    }
    node.started()
    const { samples, types } = parse(await metrics.text())
    const count = (code: string): number | undefined =>
      valueOf(samples, 'cxone_node_messages_total', { type: 'dns-resolve', node: 'n1', code })
    assert.deepEqual([count(''), count('TIMEOUT'), count('DNS_NXDOMAIN')], [2, 2, 1])
    assert.equal(valueOf(samples, 'cxone_node_in_flight', { node: 'n1' }), 1)
    assert.equal(types.get('cxone_node_messages_total'), 'counter')
    assert.equal(types.get('cxone_node_in_flight'), 'gauge')
    assert.equal(types.get('cxone_node_duration_seconds'), 'histogram')
  })

  it('put each latency in its bucket, borders included', async () => {
    const metrics = createMetrics()
    const node = metrics.node('t', 'n')
    for (const ms of [0.1, 0.5, 0.6, 25, 30_000, 99_000]) node.finished(ms)
    const { samples } = parse(await metrics.text())
    const bucket = (le: string): number | undefined =>
      valueOf(samples, 'cxone_node_duration_seconds_bucket', { node: 'n', le })
    assert.deepEqual(
      [bucket('0.0005'), bucket('0.001'), bucket('0.025'), bucket('30'), bucket('+Inf')],
      [2, 3, 4, 5, 6],
    )
    assert.equal(valueOf(samples, 'cxone_node_duration_seconds_count', { node: 'n' }), 6)
    const sum = valueOf(samples, 'cxone_node_duration_seconds_sum', { node: 'n' }) ?? 0
    assert.ok(Math.abs(sum - 129.0262) < 1e-9, `${sum}`)
  })

  it('go on counting for a node that was deployed again', async () => {
    const metrics = createMetrics()
    metrics.node('t', 'n').finished(1)
    metrics.node('t', 'n').finished(1)
    const { samples } = parse(await metrics.text())
    assert.equal(valueOf(samples, 'cxone_node_messages_total', { node: 'n', code: '' }), 2)
  })

  it('escape labels', async () => {
    const metrics = createMetrics()
    metrics.node('t"\\\n', 'n').finished(1)
    const { samples } = parse(await metrics.text())
    assert.equal(valueOf(samples, 'cxone_node_duration_seconds_count', { type: 't"\\\n' }), 1)
    assert.equal(valueOf(samples, 'cxone_node_messages_total', { type: 't"\\\n' }), 1)
  })

  it('tell of the process too, and can be read again and again', async () => {
    const metrics = createMetrics()
    await metrics.text()
    const { samples } = parse(await metrics.text())
    assert.ok((valueOf(samples, 'process_resident_memory_bytes', {}) ?? 0) > 1_000_000)
  })
})
