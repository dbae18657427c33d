import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { addCounts, noCounts, ReachCounter } from '../../../lib/flowtest/counts.ts'
import { findNode, findTriggered } from '../../../lib/flowtest/find-node.ts'
import { parseFlowFile, type StoredNode } from '../../../lib/flowtest/flow-file.ts'
import { buildTopology } from '../../../lib/flowtest/topology.ts'
import { isPaletteError } from '../../../lib/errors.ts'

const read = async (name: string): Promise<readonly StoredNode[]> =>
  parseFlowFile(await readFile(`${import.meta.dirname}/fixtures/${name}`, 'utf8'), name)

const at = { x: 1, y: 1 }
const tab = (id: string, more: object = {}): StoredNode => ({
  id,
  type: 'tab',
  label: id.toUpperCase(),
  ...more,
})
const node = (id: string, z: string, wires: string[][] = [], more: object = {}): StoredNode => ({
  id,
  type: 'function',
  z,
  wires,
  ...at,
  ...more,
})

const message = (run: () => unknown): string => {
  try {
    run()
  } catch (error) {
    assert.ok(isPaletteError(error))
    return error.message
  }
  return assert.fail('it did not fail')
}

describe('a flow file', () => {
  for (const [text, says] of [
    ['[{', 'f.json: no JSON: '],
    ['{"id": "a"}', 'f.json: expected a list of nodes'],
    ['[1]', 'f.json: entry 1 is no node'],
    ['[{"id": "a", "type": "tab"}, {"id": "b"}]', 'f.json: entry 2 is no node'],
    [
      '[{"id": "a", "type": "tab"}, {"id": "a", "type": "tab"}]',
      'f.json: entries 1 and 2 have the same id `a`',
    ],
  ] as const) {
    it(`that is broken says so: ${text}`, () => {
      assert.ok(message(() => parseFlowFile(text, 'f.json')).startsWith(says))
    })
  }

  it('may be what the admin API gives, and begin with a byte order mark', () => {
    assert.deepEqual(parseFlowFile('\uFEFF{"flows": [{"id": "a", "type": "tab"}], "rev": "1"}', 'f'), [
      { id: 'a', type: 'tab' },
    ])
  })
})

describe('what there is to reach', () => {
  it('leaves disabled nodes and tabs, comments, groups, config nodes, junctions and unused subflows out', async () => {
    const { nodes, canvases } = buildTopology(await read('counted.json'))
    // Main: start, sort, twice, out, done, any, failed, ask, id, call. Other: in, store, sub-in, return. Double: times-two.
    assert.equal(nodes.size, 15)
    assert.deepEqual([...canvases.keys()], ['main', 'other', 'double'])
    for (const id of ['ghost', 'joint', 'remark', 'frame', 'auth', 'off-start', 'unused', 'double'])
      assert.ok(!nodes.has(id), id)
  })

  it('counts the wires of junctions, links and subflows, and none to a node that does not run', async () => {
    const { wires } = buildTopology(await read('counted.json'))
    assert.deepEqual(wires.map(({ key }) => key).sort(), [
      'any:0>failed',
      'ask:0>id',
      'call:0>done',
      'call:0~sub-in',
      'double:0>times-two',
      'id:0>call',
      'in:0>store',
      'joint:0>sort',
      'out:0~in',
      'sort:0>twice',
      'sort:1>out',
      'start:0>joint',
      'sub-in:0>return',
      'times-two:0>double:0',
      'twice:0>done',
    ])
  })

  it('says which subflow is missing, and which holds itself', () => {
    const instance = node('i', 't', [], { type: 'subflow:s', name: 'Inst' })
    assert.match(
      message(() => buildTopology([tab('t'), instance])),
      /`Inst` \(i\) is an instance of subflow `s`/,
    )
    const subflow = { id: 's', type: 'subflow', name: 'Ring', in: [], out: [] }
    const inner = node('j', 's', [], { type: 'subflow:s' })
    assert.match(
      message(() => buildTopology([tab('t'), instance, subflow, inner])),
      /Ring -> Ring/,
    )
  })

  it('takes loops of wires and a part of a flow without its tab', () => {
    const { wires, canvases } = buildTopology([node('a', 'gone', [['b']]), node('b', 'gone', [['a'], ['b']])])
    assert.equal(wires.length, 3)
    assert.deepEqual([...canvases.keys()], ['gone'])
  })

  it('follows messages through nested subflows out of all instances', () => {
    // outer(in -> inner instance -> out), inner(in -> f -> out): two instances of outer on the tab.
    const file = [
      tab('t'),
      {
        id: 'inner',
        type: 'subflow',
        in: [{ wires: [{ id: 'f' }] }],
        out: [{ wires: [{ id: 'f', port: 0 }] }],
      },
      {
        id: 'outer',
        type: 'subflow',
        in: [{ wires: [{ id: 'mid' }] }],
        out: [{ wires: [{ id: 'mid', port: 0 }] }],
      },
      node('f', 'inner', [[]]),
      node('mid', 'outer', [[]], { type: 'subflow:inner' }),
      node('one', 't', [['end']], { type: 'subflow:outer' }),
      node('two', 't', [['end']], { type: 'subflow:outer' }),
      node('end', 't'),
    ]
    const topology = buildTopology(file)
    assert.deepEqual(
      [...topology.running.keys()],
      ['one', 'one-mid', 'one-mid-f', 'two', 'two-mid', 'two-mid-f', 'end'],
    )
    const reach = new ReachCounter(topology)
    reach.sent('one', 0)
    reach.sent('one-mid', 0)
    reach.sent('one-mid-f', 0)
    const { counts } = reach
    assert.deepEqual(counts.outputs, { 'f:0': 1, 'mid:0': 1, 'one:0': 1 })
    assert.deepEqual(Object.keys(counts.wires).sort(), [
      'f:0>inner:0',
      'inner:0>f',
      'mid:0>outer:0',
      'one:0>end',
      'outer:0>mid',
    ])
    const sum = noCounts()
    addCounts(sum, counts)
    addCounts(sum, counts)
    assert.equal(sum.outputs['f:0'], 2)
  })

  it('carries messages from the input of a subflow straight to its output', () => {
    const reach = new ReachCounter(
      buildTopology([
        tab('t'),
        { id: 's', type: 'subflow', in: [{ wires: [] }], out: [{ wires: [{ id: 's', port: 0 }] }] },
        node('i', 't', [['end']], { type: 'subflow:s' }),
        node('end', 't'),
      ]),
    )
    for (let count = 0; count < 3; count += 1) reach.sent('i', 0)
    assert.deepEqual(reach.counts.wires, { 's:0>s:0': 3, 'i:0>end': 3 })
  })
})

describe('the name of a node in a case', () => {
  const topology = buildTopology([
    tab('a'),
    tab('b'),
    tab('off', { disabled: true }),
    node('1', 'a', [], { name: 'Validate inputs' }),
    node('2', 'b', [], { name: 'Validate inputs' }),
    node('3', 'b', [], { name: 'Result', type: 'debug' }),
    node('4', 'off', [], { name: 'Sleeping' }),
    { id: '5', type: 'cxone-auth', name: 'Tenant' },
  ])
  const find = (reference: string): string => findNode(topology, reference, 'cases[0].trigger.node').id

  it('may be an id, a name, a tab with a name, or the only node of a type', () => {
    assert.deepEqual(['1', 'Result', 'B/Validate inputs', 'debug'].map(find), ['1', '3', '2', '3'])
    assert.deepEqual(['Result (debug)', 'A/Validate inputs (function)'].map(find), ['3', '1'])
  })

  it('that is ambiguous lists the candidates', () => {
    assert.equal(
      message(() => find('Validate inputs')),
      'Node `Validate inputs` is ambiguous: `A/Validate inputs (function)` with the id 1, `B/Validate inputs (function)` with the id 2. Say which one: `Name (type)`, `Tab/Name` or the id',
    )
  })

  it('that is to be pressed is that of an inject node, also where another node has it', () => {
    const place = { z: 't', x: 1, y: 1, wires: [] }
    const buttons = buildTopology([
      { id: 't', type: 'tab' },
      { ...place, id: 'button', type: 'inject', name: 'Run' },
      { ...place, id: 'other', type: 'function', name: 'Run' },
      { ...place, id: 'work', type: 'function', name: 'Work' },
    ])
    const press = (node: string): string => findTriggered(buttons, { node, inject: true }, 'p').id
    assert.equal(press('Run'), 'button')
    assert.equal(
      message(() => press('Work')),
      'Node `Work` (function) has no button to press: give it a `message` instead of `inject`',
    )
    assert.match(
      message(() => press('Rum')),
      /^There is no node `Rum`; the nearest are/,
    )
    assert.match(
      message(() => findTriggered(buttons, { node: 'Run' }, 'p')),
      /ambiguous/,
    )
  })

  it('that is unknown lists the nearest first', () => {
    assert.match(
      message(() => find('resullt')),
      /^There is no node `resullt`; the nearest are `B\/Result`/,
    )
    assert.match(
      message(() => findNode(buildTopology([]), 'x', 'p')),
      /none: the flow file is empty/,
    )
  })

  it('of a node that does not run says why', () => {
    for (const name of ['Sleeping', 'Tenant'])
      assert.match(
        message(() => find(name)),
        /does not run: it is disabled/,
      )
  })
})
