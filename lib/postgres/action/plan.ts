import { createHash } from 'node:crypto'

/** One step of a plan, outermost first. */
export interface PlanNode {
  /** As PostgreSQL names it: `Index Scan`. */
  readonly node: string
  /** The table or index that it reads; empty for steps that read none. */
  readonly relation: string
  readonly index: string
  /** PostgreSQL's estimate of this step and all below it, in units of a page read in sequence. */
  readonly cost: number
  /** 0 for the outermost. */
  readonly depth: number
}

/** How PostgreSQL means to run a statement, whatever its values. */
export interface Plan {
  readonly cost: number
  /** Hash of the plan's shape: steps, tables, indexes. Estimates do not count. */
  readonly fingerprint: string
  readonly nodes: readonly PlanNode[]
}

/** A plan as `EXPLAIN (FORMAT JSON)` gives it. */
interface RawNode {
  readonly 'Node Type': string
  readonly 'Total Cost': number
  readonly Plans?: readonly RawNode[]
  readonly [property: string]: unknown
}

/** What tells two plans apart, besides the order of their steps. */
const SHAPE = [
  'Node Type',
  'Operation',
  'Join Type',
  'Strategy',
  'Parent Relationship',
  'Subplan Name',
  'Schema',
  'Relation Name',
  'Index Name',
  'CTE Name',
  'Function Name',
] as const

/** Reads the value of `EXPLAIN (FORMAT JSON)`: text or parsed. */
export function readPlan(explained: unknown): Plan {
  const [{ Plan: root }] = (typeof explained === 'string' ? JSON.parse(explained) : explained) as [
    { Plan: RawNode },
  ]
  return {
    cost: root['Total Cost'],
    fingerprint: createHash('sha256')
      .update(JSON.stringify(shapeOf(root)))
      .digest('hex')
      .slice(0, 16),
    nodes: nodesOf(root, 0),
  }
}

const shapeOf = (raw: RawNode): unknown => [
  ...SHAPE.map((property) => raw[property] ?? ''),
  ...(raw.Plans ?? []).map(shapeOf),
]

const nodesOf = (raw: RawNode, depth: number): PlanNode[] => [
  {
    node: nameOf(raw),
    relation: textOf(raw, 'Relation Name') || textOf(raw, 'Function Name') || textOf(raw, 'CTE Name'),
    index: textOf(raw, 'Index Name'),
    cost: raw['Total Cost'],
    depth,
  },
  ...(raw.Plans ?? []).flatMap((part) => nodesOf(part, depth + 1)),
]

// "ModifyTable" tells less than what it does: Insert, Update, Delete.
const nameOf = (raw: RawNode): string => textOf(raw, 'Operation') || raw['Node Type']

function textOf(raw: RawNode, property: string): string {
  const value = raw[property]
  return typeof value === 'string' ? value : ''
}

/** A step in words: `Seq Scan on customer_accounts`. */
export function describeNode({ node, relation, index }: PlanNode): string {
  const using = index === '' ? '' : ` using ${index}`
  return relation === '' ? `${node}${using}` : `${node}${using} on ${relation}`
}

/** The step that takes the most by itself, without the steps below it. */
export function dearestNode({ nodes }: Plan): PlanNode | undefined {
  let dearest: PlanNode | undefined
  let most = -1
  for (const [index, node] of nodes.entries()) {
    const own = node.cost - costBelow(nodes, index)
    if (own > most) {
      most = own
      dearest = node
    }
  }
  return dearest
}

function costBelow(nodes: readonly PlanNode[], index: number): number {
  const depth = nodes[index]?.depth ?? 0
  let sum = 0
  for (const node of nodes.slice(index + 1)) {
    if (node.depth <= depth) break
    if (node.depth === depth + 1) sum += node.cost
  }
  return sum
}
