import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { makeUserDir, NODE_RED, startNodeRed, type NodeRedProcess } from '../support/node-red-process.ts'
import { hopIn, TracesOf, way } from '../support/traces.ts'
import { until } from '../support/until.ts'

const on = { z: 'tab', x: 100, y: 100 }
const SECRET = 'hunter2-and-more'

const httpIn = (id: string, to: string) => ({
  ...on,
  id,
  type: 'http in',
  name: id,
  url: `/${id}`,
  method: 'post',
  wires: [[to]],
})
const code = (id: string, func: string, ...wires: string[][]) => ({
  ...on,
  id,
  type: 'function',
  name: id,
  func,
  outputs: wires.length,
  wires,
})
const answer = { ...on, id: 'answer', type: 'http response', name: '', wires: [] }

const FLOWS = [
  { id: 'tab', type: 'tab', label: 'Traced' },
  answer,
  httpIn('plain', 'add'),
  code(
    'add',
    'msg.payload = { ...msg.payload, sum: 3, accessToken: msg.payload.secret }; delete msg.payload.gone; return [null, msg]',
    [],
    ['answer'],
  ),
  httpIn('links', 'out'),
  { ...on, id: 'out', type: 'link out', name: '', mode: 'link', links: ['entry'], wires: [] },
  { ...on, id: 'entry', type: 'link in', name: '', links: ['out'], wires: [['call']] },
  {
    ...on,
    id: 'call',
    type: 'link call',
    name: '',
    links: ['sub-entry'],
    linkType: 'static',
    timeout: '5',
    wires: [['outer']],
  },
  { ...on, id: 'sub-entry', type: 'link in', name: '', links: [], wires: [['return']] },
  { ...on, id: 'return', type: 'link out', name: '', mode: 'return', links: [], wires: [] },
  { ...on, id: 'outer', type: 'subflow:outer-flow', name: 'Outer', wires: [['answer']] },
  {
    id: 'outer-flow',
    type: 'subflow',
    name: 'Outer',
    in: [{ x: 0, y: 0, wires: [{ id: 'inner' }] }],
    out: [{ x: 0, y: 0, wires: [{ id: 'inner', port: 0 }] }],
  },
  { id: 'inner', z: 'outer-flow', type: 'subflow:inner-flow', name: '', x: 1, y: 1, wires: [[]] },
  {
    id: 'inner-flow',
    type: 'subflow',
    name: 'Inner',
    in: [{ x: 0, y: 0, wires: [{ id: 'inside' }] }],
    out: [{ x: 0, y: 0, wires: [{ id: 'inside', port: 0 }] }],
  },
  { ...code('inside', 'return msg', []), z: 'inner-flow' },
  httpIn('renewed', 'later'),
  code('later', 'const { req, res } = msg; setTimeout(() => node.send({ req, res, payload: 1 }), 30)', [
    'twice',
  ]),
  code('twice', 'return [[msg, { payload: 2 }]]', ['answer', 'leaf']),
  code('leaf', 'return null', []),
  httpIn('fails', 'fail'),
  code('fail', `throw new Error('password=${SECRET} was refused')`, ['answer']),
  { ...on, id: 'caught', type: 'catch', name: '', scope: ['fail', 'reports'], wires: [['answer']] },
  httpIn('told', 'reports'),
  code('reports', "node.error('told only', msg)", []),
  httpIn('loop', 'round'),
  code('round', 'msg.n = (msg.n ?? 0) + 1; return msg.n < 1000 ? [msg] : [null, msg]', ['round'], ['answer']),
]

async function post(red: NodeRedProcess, path: string, body: object = {}): Promise<void> {
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(`${red.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
  await response.text()
}

for (const version of ['5.0', '4.1'] as const) {
  describe(`a trace of a live flow in Node-RED ${version}`, function () {
    this.timeout(60_000)
    let red: NodeRedProcess
    let traces: TracesOf

    before(async () => {
      const settings = 'cxoneFlows: { traces: { sample: 1 } },'
      red = await startNodeRed(version, await makeUserDir(FLOWS, { linkPalette: true, settings }))
      traces = new TracesOf(red.url)
      await until(async () => (await traces.report()).settings)
    })

    after(() => red.stop())

    it('shows nodes, outputs, times, and what each node changed', async () => {
      await post(red, 'plain', { gone: 1, kept: 'x' })
      const trace = await traces.from('plain', 3)
      assert.deepEqual(way(trace.path), ['>plain source', 'plain>add', 'add>answer (2)'])
      const hop = hopIn(trace, 'add')
      assert.deepEqual(
        hop.sends.map(({ output }) => output),
        [1],
      )
      assert.deepEqual(hop.sends[0]?.changes, [
        { path: 'msg.payload.gone', kind: 'removed', from: 1 },
        { path: 'msg.payload.sum', kind: 'added', to: 3 },
      ])
      assert.deepEqual([hop.type, hop.name, hop.flow, hop.path], ['function', 'add', 'tab', []])
      const end = hopIn(trace, 'answer')
      assert.ok(
        hop.enteredMs <= hop.leftMs! && hop.enteredMs <= end.enteredMs && end.leftMs! <= trace.durationMs,
      )
    })

    it('goes on through links, link calls and nested subflows', async () => {
      await post(red, 'links')
      const { path } = await traces.from('links', 9)
      assert.deepEqual(way(path), [
        '>links source',
        'links>out',
        'out>entry link',
        'entry>call',
        'call>sub-entry link',
        'sub-entry>return',
        'call>outer',
        'outer>inner',
        'inner>inside',
        'inside>answer',
      ])
      assert.deepEqual(path.find(({ node }) => node === 'inside')?.path, ['outer', 'inner'])
      assert.deepEqual(path.find(({ node }) => node === 'inner')?.path, ['outer'])
    })

    it('goes on where nodes make new messages, also later', async () => {
      await post(red, 'renewed')
      const { path } = await traces.from('renewed', 7)
      assert.deepEqual(way(path).toSorted(), [
        '>renewed source',
        'later>twice',
        'renewed>later',
        'twice>answer',
        'twice>answer',
        'twice>leaf',
        'twice>leaf',
      ])
    })

    it('shows where a message failed and who caught it, without the secret', async () => {
      await post(red, 'fails')
      const trace = await traces.from('fails', 4)
      assert.deepEqual(way(trace.path).slice(0, 3), ['>fails source', 'fails>fail', 'fail>caught error'])
      assert.equal(hopIn(trace, 'fail').error?.message, 'password=[redacted] was refused')
      assert.deepEqual([trace.error?.node, trace.error?.type], ['fail', 'function'])
    })

    it('shows a failure that a node reports without ending its work, where a Catch node takes it', async () => {
      await post(red, 'told')
      const trace = await traces.from('told', 4)
      assert.equal(hopIn(trace, 'reports').error?.message, 'told only')
    })

    it('masks secrets in what changed', async () => {
      await post(red, 'plain', { secret: SECRET, password: SECRET, note: `Bearer ${SECRET}.abcdef` })
      const trace = await traces.from('plain', 3)
      const changes = hopIn(trace, 'add').sends[0]?.changes ?? []
      assert.deepEqual(changes.find(({ path }) => path === 'msg.payload.accessToken')?.to, '[redacted]')
      assert.doesNotMatch(JSON.stringify(trace), new RegExp(SECRET))
    })

    it('keeps 500 hops of a message that goes round, and counts the rest', async () => {
      await post(red, 'loop')
      const trace = await traces.from('loop', 1002)
      assert.deepEqual([trace.path.length, trace.hops, trace.dropped], [500, 1002, 502])
    })

    it('tells those who know the present state no more than that', async () => {
      const { version: known } = await traces.report()
      assert.deepEqual(await traces.report(known), { version: known })
      await post(red, 'plain')
      await until(async () => (await traces.report(known)).traces)
    })

    it('answers for a trace that is not kept that newer ones took its place', async () => {
      const response = await fetch(`${red.url}cxone/traces/none`)
      assert.equal(response.status, 400)
      assert.match(await response.text(), /INPUT_INVALID.*not kept any more/)
    })

    it('keeps the newest of as many as it is told, and without changes if so told', async () => {
      assert.equal((await traces.post('start', { sample: 1, keep: 2, changes: false })).status, 200)
      for (let i = 0; i < 4; i += 1) await post(red, 'plain')
      const { traces: kept } = await traces.report()
      assert.equal(kept.length, 2)
      const trace = await traces.from('plain', 3)
      assert.deepEqual(
        hopIn(trace, 'add').sends.map((sent) => Object.keys(sent)),
        [['output', 'atMs']],
      )
      await traces.post('clear')
      assert.deepEqual((await traces.report()).traces, [])
    })

    it('keeps only failed ones where no other is to be sampled', async () => {
      await traces.post('start', { sample: 0, failed: true })
      for (const path of ['plain', 'fails', 'plain']) await post(red, path)
      const trace = await traces.from('fails', 4)
      assert.deepEqual(way(trace.path).slice(0, 2), ['>fails source', 'fails>fail'])
      assert.equal((await traces.report()).traces.length, 1)
    })

    it('follows a sender that samples or does not, whatever the rate', async () => {
      const from = async (flags: string): Promise<void> => {
        const traceparent = `00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-${flags}`
        await (await fetch(`${red.url}plain`, { method: 'POST', headers: { traceparent } })).text()
      }
      await traces.post('start', { sample: 0 })
      await from('01')
      const trace = await traces.from('plain', 3)
      assert.equal(trace.correlationId, '4bf92f35-77b3-4da6-a3ce-929d0e0e4736')
      await traces.post('start', { sample: 1 })
      await from('00')
      await post(red, 'links')
      await traces.from('links', 9)
      assert.equal((await traces.report()).traces.length, 1)
    })

    it('refuses wrong settings and stays as it was', async () => {
      await traces.post('start', { sample: 1 })
      const response = await traces.post('start', { sample: 7 })
      assert.equal(response.status, 400)
      assert.match(await response.text(), /`traces\.sample`: expected a number from 0 to 1, got `7`/)
      assert.equal((await traces.report()).settings?.sample, 1)
    })

    it('can be looked at after recording was stopped', async () => {
      await post(red, 'plain')
      await traces.from('plain', 3)
      await traces.post('stop')
      const before = await traces.report()
      await post(red, 'plain')
      assert.equal(before.settings, undefined)
      assert.deepEqual(await traces.report(), before)
    })
  })

  describe(`traces in Node-RED ${version} that were not asked for`, function () {
    this.timeout(60_000)

    const hooks = resolve(
      'node_modules',
      version === '5.0' ? '' : `${NODE_RED[version]}/node_modules`,
      '@node-red/util',
    )
    const names = [
      'onSend',
      'preRoute',
      'preDeliver',
      'postDeliver',
      'onReceive',
      'postReceive',
      'onComplete',
    ]
    const flows = [
      { id: 'tab', type: 'tab', label: 'Hooks' },
      { ...httpIn('hooks', 'list'), method: 'get' },
      code('list', "msg.payload = global.get('hooks'); return msg", ['answer']),
      answer,
    ]
    const settings = (traces: string): string =>
      `functionGlobalContext: { get hooks() { const { hooks } = require(${JSON.stringify(hooks)}); return ${JSON.stringify(names)}.filter((name) => hooks.has(name)) } }, ${traces}`

    async function hooksWith(traces: string): Promise<{ log: string; hooks: unknown; report: unknown }> {
      const red = await startNodeRed(
        version,
        await makeUserDir(flows, { linkPalette: true, settings: settings(traces) }),
      )
      try {
        const of = new TracesOf(red.url)
        const found = await (await fetch(`${red.url}hooks`)).json()
        return { log: red.log(), hooks: found, report: await of.report() }
      } finally {
        await red.stop()
      }
    }

    it('have no hook in the runtime', async () => {
      const { hooks, report } = await hooksWith('')
      assert.deepEqual(hooks, [])
      assert.deepEqual(report, { problems: [], version: '0.0.off', traces: [] })
    })

    it('are off where their settings are wrong, and the log says why', async () => {
      const { hooks, log, report } = await hooksWith('cxoneFlows: { traces: { sample: 5, kep: 1 } },')
      assert.deepEqual(hooks, [])
      assert.match(
        log,
        /\[warn\] settings\.js: `cxoneFlows\.traces\.sample`: expected a number from 0 to 1, got `5`.*; traces stay off/,
      )
      assert.match(log, /`cxoneFlows\.traces\.kep`: no such setting; there are sample, keep,/)
      assert.equal((report as { problems: unknown[] }).problems.length, 2)
    })
  })
}

describe('the routes of traces', function () {
  this.timeout(60_000)

  const statusesWith = async (permission: string): Promise<readonly number[]> => {
    const settings = `adminAuth: { type: 'credentials', users: [], default: { permissions: '${permission}' } },`
    const red = await startNodeRed('5.0', await makeUserDir([], { linkPalette: true, settings }))
    try {
      const traces = new TracesOf(red.url)
      const read = await fetch(`${red.url}cxone/traces`)
      const started = await traces.post('start', { sample: 1 })
      const stopped = await traces.post('stop')
      const cleared = await traces.post('clear')
      return [read, started, stopped, cleared].map(({ status }) => status)
    } finally {
      await red.stop()
    }
  }

  it('are open for reading with cxone.read, for switching with cxone.write, and else closed', async () => {
    assert.deepEqual(await statusesWith('cxone.read'), [200, 401, 401, 401])
    assert.deepEqual(await statusesWith('cxone.write'), [401, 200, 200, 200])
    assert.deepEqual(await statusesWith('flows.read'), [401, 401, 401, 401])
  })
})
