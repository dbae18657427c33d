import assert from 'node:assert/strict'
import { dearestNode, describeNode, readPlan } from '../../../../lib/postgres/action/plan.ts'

const scan = (more: object = {}) => ({
  'Node Type': 'Seq Scan',
  'Total Cost': 40,
  'Relation Name': 'orders',
  Schema: 'public',
  ...more,
})
const join = (cost: number, ...Plans: object[]) => [
  { Plan: { 'Node Type': 'Hash Join', 'Total Cost': cost, 'Join Type': 'Inner', Plans } },
]

describe('a plan', () => {
  it('is a list of steps with their depth, read from text or value', () => {
    const explained = join(100, scan(), scan({ 'Node Type': 'Index Scan', 'Index Name': 'orders_id' }))
    const { cost, nodes } = readPlan(JSON.stringify(explained))
    assert.equal(cost, 100)
    assert.deepEqual(nodes, readPlan(explained).nodes)
    assert.deepEqual(
      nodes.map((node) => [node.depth, describeNode(node)]),
      [
        [0, 'Hash Join'],
        [1, 'Seq Scan on orders'],
        [1, 'Index Scan using orders_id on orders'],
      ],
    )
  })

  it('names a change by what it does', () => {
    const [node] = readPlan([
      {
        Plan: { 'Node Type': 'ModifyTable', Operation: 'Update', 'Relation Name': 'orders', 'Total Cost': 1 },
      },
    ]).nodes
    assert.equal(node && describeNode(node), 'Update on orders')
  })

  it('has the same fingerprint whatever the estimates, and another one for another index, table, join or order', () => {
    const plain = readPlan(join(100, scan(), scan({ Alias: 'o' })))
    assert.equal(
      readPlan(join(900, scan({ 'Total Cost': 7, 'Plan Rows': 1 }), scan())).fingerprint,
      plain.fingerprint,
    )
    const others = [
      join(100, scan(), scan({ 'Node Type': 'Index Scan', 'Index Name': 'a' })),
      join(100, scan(), scan({ 'Node Type': 'Index Scan', 'Index Name': 'b' })),
      join(100, scan({ 'Relation Name': 'people' }), scan()),
      join(100, scan({ Schema: 'other' }), scan()),
      join(100, { ...scan(), Plans: [scan()] }),
      [{ Plan: { ...join(100, scan(), scan())[0]?.Plan, 'Join Type': 'Left' } }],
    ].map((explained) => readPlan(explained).fingerprint)
    assert.equal(new Set([plain.fingerprint, ...others]).size, 7)
  })

  it('finds the step that costs most by itself', () => {
    const dear = (explained: unknown): string => {
      const node = dearestNode(readPlan(explained))
      return node ? describeNode(node) : ''
    }
    assert.equal(dear(join(100, scan({ 'Total Cost': 90 }), scan({ 'Total Cost': 5 }))), 'Seq Scan on orders')
    assert.equal(dear(join(1000, scan({ 'Total Cost': 90 }), scan({ 'Total Cost': 5 }))), 'Hash Join')
    assert.equal(
      dear(join(100, { 'Node Type': 'Sort', 'Total Cost': 99, Plans: [scan({ 'Total Cost': 98 })] })),
      'Seq Scan on orders',
    )
  })
})
