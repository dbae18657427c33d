import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

interface Run {
  readonly code: number
  readonly err: string
  /** The problems of each case; none where it passed. */
  readonly problems: readonly string[]
}

const tab = { id: 't', type: 'tab', label: 'Main' }
const place = { z: 't', x: 1, y: 1, wires: [[]] }
const code = (id: string, name: string, more: object = {}): object => ({
  ...place,
  ...{ id, type: 'function', name, func: 'return msg', outputs: 1, timeout: 0, noerr: 0 },
  ...{ initialize: '', finalize: '', libs: [], ...more },
})
const send = (name: string, node: string, expectation: object = { node, sends: {} }): object => ({
  name,
  trigger: { node, message: { payload: {} } },
  expect: [expectation],
})

/** Runs cases on flows with the command of their users. */
async function run(flows: unknown, cases: readonly object[]): Promise<Run> {
  const folder = await mkdtemp(join(tmpdir(), 'cxone-bad-'))
  await writeFile(join(folder, 'a.json'), typeof flows === 'string' ? flows : JSON.stringify(flows))
  await writeFile(join(folder, 'a.test.json'), JSON.stringify({ timeoutMs: 1500, cases }))
  const { exit, out, err } = await new Promise<{ exit: number; out: string; err: string }>((done) => {
    const args = [resolve('dist/cli/main.js'), 'test', '--reporter', 'json']
    execFile(process.execPath, args, { cwd: folder }, (error, out, err) => {
      done({ exit: typeof error?.code === 'number' ? error.code : 0, out, err })
    })
  })
  await rm(folder, { recursive: true })
  const report = out === '' ? { cases: [] } : JSON.parse(out)
  return { code: exit, err, problems: report.cases.map(({ problems }: any) => problems.join('\n')) }
}

describe('a flow that is tested', function () {
  this.timeout(90_000)

  for (const [what, flows, says] of [
    ['cut off', '[{"id": "t", "type": "ta', 'a.json: no JSON: '],
    ['no list of nodes', { nodes: [] }, 'a.json: expected a list of nodes'],
    [
      'with two nodes of an id',
      [tab, code('a', 'One'), code('a', 'Two')],
      'a.json: entries 2 and 3 have the same id `a`',
    ],
    [
      'with a subflow that is missing',
      [tab, code('a', 'One'), { ...place, id: 'b', type: 'subflow:none', name: 'Lost' }],
      '`Lost`',
    ],
    [
      'with a subflow that holds itself',
      [
        tab,
        { id: 's', type: 'subflow', name: 'Snake', in: [], out: [] },
        { ...place, z: 's', id: 'b', type: 'subflow:s', name: 'Tail' },
        { ...place, id: 'a', type: 'subflow:s', name: 'One' },
      ],
      'Snake',
    ],
    [
      'whose node is on a disabled tab',
      [{ ...tab, disabled: true }, code('a', 'One')],
      'a.test.json:1: Node `One` does not run: it is disabled, lies on a disabled tab',
    ],
    [
      'whose node is a group',
      [tab, { ...place, id: 'g', type: 'group', name: 'One', nodes: [], w: 10, h: 10 }],
      'a.test.json:1: Node `One` does not run',
    ],
  ] as const) {
    it(`${what} ends with 2, and says why`, async () => {
      const { code: exit, err } = await run(flows, [send('one', 'One')])
      assert.equal(exit, 2, err)
      assert.ok(err.includes(says), err)
    })
  }

  it('whose config node is missing fails as it would in production', async () => {
    const lost = { auth: 'gone', actionId: 'x', actionIdType: 'str', inputs: 'payload', inputsType: 'msg' }
    const flows = [tab, { ...place, id: 'a', type: 'action-execute', name: 'Execute', ...lost }]
    const fails = { code: 'CONFIG_INVALID', details: { field: 'auth' } }
    const { problems } = await run(flows, [
      send('told', 'Execute', { node: 'Execute', fails }),
      send('untold', 'Execute', { node: 'Execute', reached: true }),
    ])
    assert.deepEqual(problems, [
      '',
      '`Execute` failed and no Catch node took it: CONFIG_INVALID: Property `auth`: the cxone-auth node `gone` is missing or disabled',
    ])
  })

  it('whose database takes longer to open than the case may take is not ended for it', async () => {
    const database = {
      id: 'd',
      type: 'pg-database',
      name: 'Stock',
      mode: 'embedded',
      initSql: 'select pg_sleep(1)',
    }
    const look = { ...place, id: 'a', type: 'pg-action', name: 'Look', database: 'd', sql: 'select 7 as n' }
    const stubs = [{ node: 'Look', sends: { payload: [{ n: 8 }] } }]
    const { problems } = await run(
      [tab, database, look],
      [
        send('asks it', 'Look', { node: 'Look', sends: { payload: [{ n: 7 }] }, withinMs: 1500 }),
        { ...send('does not need it', 'Look', { node: 'Look', sends: { payload: [{ n: 8 }] } }), stubs },
      ],
    )
    assert.deepEqual(problems, ['', ''])
  })

  it('whose wires run in a circle ends where the messages end', async () => {
    const func = 'msg.payload.round = (msg.payload.round ?? 0) + 1; return msg.payload.round < 3 ? msg : null'
    const ring = code('a', 'Ring', { func, wires: [['a']] })
    const { problems } = await run([tab, ring], [send('rounds', 'Ring', { node: 'Ring', reached: 3 })])
    assert.deepEqual(problems, [''])
  })

  it('with an endless loop in a set-up names the set-up, for each case', async () => {
    const flows = [tab, code('a', 'Good'), code('b', 'Bad', { initialize: 'for (;;);' })]
    const { code: exit, problems } = await run(flows, [send('one', 'Good'), send('two', 'Good')])
    assert.equal(exit, 1)
    assert.equal(problems.length, 2)
    for (const problem of problems)
      assert.match(
        problem,
        /^Time-out: the set-up of `Bad` never let go \(an endless loop\?\); its process was ended/,
      )
  })

  it('with a set-up that throws, or code that is none, says so where the node is needed', async () => {
    const flows = [
      tab,
      code('a', 'Good'),
      code('b', 'Throws', { initialize: 'throw new Error("no set-up")' }),
      code('c', 'Wrong', { func: 'return return' }),
    ]
    const { problems } = await run(flows, [
      send('one', 'Good'),
      send('two', 'Throws'),
      send('three', 'Wrong'),
    ])
    assert.equal(problems[0], '')
    assert.match(problems[1] ?? '', /still at work: `Throws`/)
    assert.match(problems[2] ?? '', /still at work: `Wrong`/)
  })
})
