import assert from 'node:assert/strict'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createRequire } from 'node:module'
import { makeUserDir, startNodeRed, type NodeRedProcess } from '../support/node-red-process.ts'
import { TracesOf } from '../support/traces.ts'
import { until } from '../support/until.ts'

const require = createRequire(import.meta.url)

interface SpanView {
  name: string
  kind: number
  traceId: string
  spanId: string
  parent: string | undefined
  traceState: string | undefined
  links: { traceId: string; spanId: string }[]
  status: { code: number; message?: string }
  attributes: Record<string, unknown>
  startMs: number
  endMs: number
}

// As an operator sets it up, but that the spans stay here.
const SDK = `(() => {
  const sdk = require(${JSON.stringify(require.resolve('@opentelemetry/sdk-trace-base'))})
  const api = require(${JSON.stringify(require.resolve('@opentelemetry/api'))})
  const exporter = new sdk.InMemorySpanExporter()
  const provider = new sdk.BasicTracerProvider({ spanProcessors: [new sdk.SimpleSpanProcessor(exporter)] })
  api.trace.setGlobalTracerProvider(provider)
  return exporter
})()`
const VIEW = `msg.payload = global.get('exporter').getFinishedSpans().map((span) => ({
  name: span.name, kind: span.kind, traceId: span.spanContext().traceId, spanId: span.spanContext().spanId,
  parent: span.parentSpanContext?.spanId, traceState: span.spanContext().traceState?.serialize(),
  links: span.links.map(({ context }) => ({ traceId: context.traceId, spanId: context.spanId })),
  status: span.status, attributes: span.attributes,
  startMs: span.startTime[0] * 1000 + span.startTime[1] / 1e6, endMs: span.endTime[0] * 1000 + span.endTime[1] / 1e6,
}))
return msg`

const on = { z: 'tab', x: 100, y: 100 }
const SECRET = 'hunter2-and-more'

function flowsFor(hook: string): object[] {
  return [
    { id: 'tab', type: 'tab', label: 'Spans' },
    { ...on, id: 'http', type: 'http in', name: 'Orders', url: '/orders', method: 'post', wires: [['map']] },
    {
      ...on,
      id: 'map',
      type: 'function',
      name: 'Map',
      // A new message: neither its id nor the correlation id is in it.
      func: 'const { req, res } = msg; setTimeout(() => node.send({ req: msg.payload.forget ? undefined : req, res, payload: msg.payload }), 10)',
      outputs: 1,
      wires: [['send']],
    },
    {
      ...on,
      id: 'send',
      type: 'webhook-send',
      name: 'Notify',
      url: hook,
      allowPrivate: true,
      signature: 'none',
      durable: false,
      schedule: [0],
      wires: [['check'], []],
    },
    { ...on, id: 'check', type: 'uuid-gen', name: '', uuidVersion: '5', wires: [['answer']] },
    { ...on, id: 'catch', type: 'catch', name: 'Caught', scope: null, wires: [['answer']] },
    { ...on, id: 'answer', type: 'http response', name: '', wires: [] },
    {
      ...on,
      id: 'in',
      type: 'action-in',
      name: 'Endpoint',
      path: '/endpoint',
      authMode: 'none',
      wires: [['send']],
    },
    { ...on, id: 'spans', type: 'http in', name: '', url: '/spans', method: 'get', wires: [['view']] },
    { ...on, id: 'view', type: 'function', name: '', func: VIEW, outputs: 1, wires: [['answer']] },
  ]
}

for (const version of ['5.0', '4.1'] as const) {
  describe(`OpenTelemetry spans of live flows in Node-RED ${version}`, function () {
    this.timeout(60_000)
    let red: NodeRedProcess
    let receiver: Server
    let received: IncomingHttpHeaders[] = []

    before(async () => {
      receiver = createServer((request, response) => {
        received.push(request.headers)
        request.resume().on('end', () => response.end('{}'))
      })
      await new Promise<void>((done) => receiver.listen(0, '127.0.0.1', done))
      const hook = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`
      const settings = `cxoneFlows: { traces: { sample: 1 } }, functionGlobalContext: { exporter: ${SDK} },`
      red = await startNodeRed(version, await makeUserDir(flowsFor(hook), { linkPalette: true, settings }))
      await until(async () => (await new TracesOf(red.url).report()).settings)
    })

    beforeEach(() => {
      received = []
    })

    after(async () => {
      await red.stop()
      await new Promise((done) => receiver.close(done))
    })

    async function request(path: string, headers: Record<string, string>, body: object = {}): Promise<void> {
      const response = await fetch(`${red.url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      })
      await response.text()
    }

    /** The spans of a trace, once there are as many as asked for. */
    function spansOf(traceId: string, count: number): Promise<Map<string, SpanView>> {
      let seen: SpanView[] = []
      return until(
        async () => {
          seen = (await (await fetch(`${red.url}spans`)).json()) as SpanView[]
          const own = seen.filter((span) => span.traceId === traceId)
          return (
            own.length >= count &&
            new Map(own.map((span) => [String(span.attributes['node_red.node.id']), span]))
          )
        },
        () =>
          `${traceId} of ${seen.map((span) => `${span.traceId} ${String(span.attributes['node_red.node.id'])} ${span.status.message ?? ''}`).join(', ')}`,
      )
    }

    const traceIdSent = (index = 0): string => String(received[index]?.['traceparent']).split('-')[1] ?? ''

    it('are one a hop, each within the one before, and failures tell their code', async () => {
      await request('orders', {}, { forget: true })
      const traceId = traceIdSent()
      const spans = await spansOf(traceId, 6)
      const parentOf = (id: string): string | undefined =>
        [...spans].find(([, { spanId }]) => spanId === spans.get(id)?.parent)?.[0]
      assert.deepEqual(
        ['map', 'send', 'check', 'catch', 'answer'].map((id) => `${parentOf(id)}>${id}`),
        ['http>map', 'map>send', 'send>check', 'check>catch', 'catch>answer'],
      )
      const check = spans.get('check')!
      assert.deepEqual(check.status, { code: 2, message: 'UUID_INVALID' })
      assert.equal(check.attributes['error.type'], 'UUID_INVALID')
      assert.equal(spans.get('map')?.status.code, 0)
      for (const { startMs, endMs } of spans.values()) assert.ok(startMs <= endMs)
      assert.ok(Math.abs(check.startMs - Date.now()) < 60_000)
    })

    it('tell which node it was, and nothing of the message', async () => {
      await request('orders', {}, { forget: true, password: SECRET, note: SECRET })
      const spans = await spansOf(traceIdSent(), 6)
      const { name, kind, attributes } = spans.get('send')!
      assert.deepEqual([name, kind], ['Notify', 2])
      assert.deepEqual(
        Object.fromEntries(Object.entries(attributes).filter(([key]) => key !== 'cxone.correlation_id')),
        {
          'node_red.node.id': 'send',
          'node_red.node.type': 'webhook-send',
          'node_red.node.name': 'Notify',
          'node_red.flow.id': 'tab',
          'node_red.message.arrival': 'wire',
          'node_red.message.output': 1,
        },
      )
      assert.deepEqual([spans.get('http')?.kind, spans.get('map')?.kind], [1, 0])
      assert.doesNotMatch(JSON.stringify([...spans]), new RegExp(SECRET))
    })

    it('have the correlation id as trace id, and outgoing requests name the span that sends', async () => {
      await request('orders', {}, { forget: true })
      const [headers] = received
      const traceId = String(headers?.['correlationid']).replaceAll('-', '')
      const spans = await spansOf(traceId, 6)
      assert.equal(headers?.['traceparent'], `00-${traceId}-${spans.get('send')?.spanId}-01`)
      assert.equal(spans.get('send')?.attributes['cxone.correlation_id'], headers['correlationid'])
      assert.equal(
        spans.get('http')?.parent,
        traceId.slice(16),
        'the parent that stands for the correlation id',
      )
    })

    for (const path of ['orders', 'endpoint']) {
      it(`continue the trace of a caller of /${path}, with its tracestate`, async () => {
        const traceId = [...Array(32)].map(() => '123456789abcdef'[Math.floor(Math.random() * 15)]).join('')
        await request(path, {
          traceparent: `00-${traceId}-00f067aa0ba902b7-01`,
          tracestate: 'congo=t61rcWkgMzE',
        })
        const first = path === 'orders' ? 'http' : 'in'
        const spans = await spansOf(traceId, path === 'orders' ? 6 : 5)
        assert.equal(spans.get(first)?.parent, '00f067aa0ba902b7')
        assert.equal(spans.get('send')?.traceState, 'congo=t61rcWkgMzE')
        const [headers] = received
        assert.equal(headers?.['traceparent'], `00-${traceId}-${spans.get('send')?.spanId}-01`)
        assert.equal(headers['tracestate'], 'congo=t61rcWkgMzE')
      })
    }

    it('are not made for a caller that does not record; its traceparent is passed on unchanged', async () => {
      const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00'
      await request('orders', { traceparent, tracestate: 'rojo=1' })
      assert.deepEqual([received[0]?.['traceparent'], received[0]?.['tracestate']], [traceparent, 'rojo=1'])
      await request('orders', {}, { forget: true })
      await spansOf(
        traceIdSent().replace(/^4bf9.*/, '') || String(received[1]?.['traceparent']).split('-')[1]!,
        6,
      )
      const all = (await (await fetch(`${red.url}spans`)).json()) as SpanView[]
      assert.deepEqual(
        all.filter(({ traceId }) => traceId === '4bf92f3577b34da6a3ce929d0e0e4736'),
        [],
      )
    })

    it('begin anew where the traceparent is malformed', async () => {
      await request('orders', { traceparent: '00-XYZ-00f067aa0ba902b7-01' })
      const spans = await spansOf(traceIdSent(), 6)
      assert.equal(spans.get('http')?.parent, traceIdSent().slice(16))
    })

    it('are linked to a caller whose trace is not the one of its correlation id', async () => {
      const correlationId = '019aa5e5-1f0a-7d1c-9a53-0d6a6f6c2c11'
      const caller = { traceId: '5bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7' }
      await request('endpoint', {
        CorrelationId: correlationId,
        traceparent: `00-${caller.traceId}-${caller.spanId}-01`,
      })
      assert.equal(traceIdSent(), correlationId.replaceAll('-', ''))
      const spans = await spansOf(traceIdSent(), 5)
      assert.deepEqual(spans.get('in')?.links, [caller])
    })
  })
}
