// V8's own precise block coverage, read at the places where branches begin: what the counters in the code are held against.
import { Session } from 'node:inspector'
import vm from 'node:vm'
import { parse, type AnyNode } from 'acorn'

interface Place {
  readonly kind: string
  readonly start: number
  readonly at: number
  /** For an `else` that is not written: the count at `at` less that at `less`. */
  readonly less?: number
}

/** Counts of V8 by kind, branches in the order of the text, and those of statements. */
export interface V8Counts {
  readonly branches: Readonly<Record<string, readonly number[]>>
  readonly statements: readonly number[]
}

const session = new Session()

function post(method: string, params: object = {}): any {
  let answer: unknown
  session.post(method, params, (error: Error | null, result?: unknown) => {
    if (error) throw error
    answer = result
  })
  return answer
}

/** Once: V8 keeps compiled code, and what it compiled without coverage is never counted in detail. */
export function startV8(): void {
  session.connect()
  post('Profiler.enable')
  post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
}

export const stopV8 = (): void => session.disconnect()

/** Begins to count afresh. */
export const resetV8 = (): void => void post('Profiler.takePreciseCoverage')

/** What V8 counted since in the script of this name. */
export function takeV8(filename: string, code: string, begin: number): V8Counts {
  const scripts: readonly any[] = post('Profiler.takePreciseCoverage').result
  const ranges = scripts
    .filter(({ url }) => url === filename)
    .flatMap(({ functions }) => functions)
    .flatMap(({ ranges }) => ranges)
    .sort((a, b) => a.endOffset - a.startOffset - (b.endOffset - b.startOffset))
  const countAt = (offset: number): number =>
    ranges.find(({ startOffset, endOffset }) => startOffset <= begin + offset && begin + offset < endOffset)
      ?.count ?? 0
  const { places, statements } = placesIn(code)
  const branches: Record<string, number[]> = {}
  for (const { kind, at, less } of places)
    (branches[kind] ??= []).push(countAt(at) - (less === undefined ? 0 : countAt(less)))
  return { branches, statements: statements.map(countAt) }
}

/** The user's code as a script that is run once a message, as in node-red/10-function.js. */
export const scriptOf = (code: string): { readonly text: string; readonly begin: number } => {
  const head =
    'var results = null;results = (async function(msg,__send__,__done__){ var node = {send:function(){}};\n'
  return { text: `${head}${code}\n})(msg,__send__,__done__);`, begin: head.length }
}

/** Runs a script once a value, each in a context of its own, to its end. */
export async function runScript(
  script: vm.Script,
  payloads: readonly unknown[],
  sandbox: object = {},
): Promise<readonly unknown[]> {
  const results: unknown[] = []
  for (const payload of payloads) {
    const msg = { payload: structuredClone(payload) }
    const context = vm.createContext({ ...sandbox, msg, results: undefined, __send__: 0, __done__: 0 })
    script.runInContext(context)
    const error = await (context['results'] as Promise<unknown>).then(() => undefined, String)
    results.push(JSON.stringify({ msg, error }))
  }
  return results
}

const isNode = (value: unknown): value is AnyNode =>
  typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string'

function placesIn(code: string): { places: readonly Place[]; statements: readonly number[] } {
  const tree = parse(code, {
    ecmaVersion: 'latest',
    allowReturnOutsideFunction: true,
    allowAwaitOutsideFunction: true,
  })
  const places: Place[] = [{ kind: 'code', start: 0, at: 0 }]
  const statements: number[] = []
  const add = (kind: string, { start }: AnyNode, at = start): void => void places.push({ kind, start, at })
  const visit = (node: AnyNode): void => {
    if (/(Statement|Declaration)$/.test(node.type) && !/^(Block|Empty|FunctionDecl)/.test(node.type))
      statements.push(node.start)
    branchesOf(node, add, places)
    for (const value of Object.values(node) as unknown[])
      for (const child of Array.isArray(value) ? (value as unknown[]) : [value])
        if (isNode(child)) visit(child)
  }
  visit(tree)
  return { places: places.sort((a, b) => a.start - b.start), statements }
}

function branchesOf(
  node: AnyNode,
  add: (kind: string, node: AnyNode, at?: number) => void,
  places: Place[],
): void {
  switch (node.type) {
    case 'IfStatement':
      add('then', node.consequent)
      if (node.alternate) add('else', node.alternate)
      else places.push({ kind: 'no else', start: node.end, at: node.start, less: node.consequent.start })
      break
    case 'ConditionalExpression':
      add('if true', node.consequent)
      add('if false', node.alternate)
      break
    case 'LogicalExpression':
      add('right side', node.right)
      break
    case 'SwitchCase':
      add(node.test ? 'case' : 'default', node, node.consequent[0]?.start ?? node.end - 1)
      break
    case 'ForStatement':
    case 'ForInStatement':
    case 'ForOfStatement':
    case 'WhileStatement':
    case 'DoWhileStatement':
      add('loop', node.body)
      break
    case 'CatchClause':
      add('catch', node, node.body.start)
      break
    case 'FunctionDeclaration':
    case 'FunctionExpression':
    case 'ArrowFunctionExpression':
      add('function', node, node.body.start)
  }
}
