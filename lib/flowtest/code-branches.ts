import type { AnyNode, IfStatement } from 'acorn'

/** Why the code goes one way or the other. */
export type BranchKind =
  | 'code'
  | 'function'
  | 'then'
  | 'else'
  | 'no else'
  | 'if true'
  | 'if false'
  | 'right side'
  | 'case'
  | 'default'
  | 'loop'
  | 'catch'

/**
 * A part of the code that is run or not, depending on a decision; offsets and lines are those of the user's own text. An `else`
 * that is not written is empty: it starts and ends behind the `if`.
 */
export interface Branch {
  readonly kind: BranchKind
  /** From 1. */
  readonly line: number
  readonly start: number
  readonly end: number
  /** Where in the text its count is read. */
  readonly at: number
  /** For an `else` that is not written: the count at `at` less that at `less`. */
  readonly less?: number
}

/** A statement, for the count of its line. */
export interface Statement {
  readonly line: number
  readonly start: number
}

/** Code of a Function node as it was read. */
export interface ParsedCode {
  readonly branches: readonly Branch[]
  readonly statements: readonly Statement[]
  /** Why the code cannot be read; then it counts as one branch. */
  readonly problem?: string
}

/**
 * Finds the branches of a Function node's code:
 * the code as a whole, the body of each function in it, both ways of each `if` (also where no `else` is written) and of each
 * `? :`, the right side of each `&&`, `||` and `??`, each clause of a `switch`, the body of each loop, each `catch`.
 */
export async function parseCode(code: string): Promise<ParsedCode> {
  const acorn = await import('acorn')
  try {
    const tree = acorn.parse(code, {
      ecmaVersion: 'latest',
      allowReturnOutsideFunction: true,
      allowAwaitOutsideFunction: true,
    })
    return new Finder(code).find(tree)
  } catch (error) {
    const branch: Branch = { kind: 'code', line: 1, start: 0, end: code.length, at: 0 }
    return { branches: [branch], statements: [], problem: (error as Error).message }
  }
}

const isNode = (value: unknown): value is AnyNode =>
  typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string'

const NO_STATEMENTS: ReadonlySet<string> = new Set([
  'BlockStatement',
  'EmptyStatement',
  'FunctionDeclaration',
])

class Finder {
  readonly #lineStarts: readonly number[]
  readonly #branches: Branch[] = []
  readonly #statements: Statement[] = []

  constructor(code: string) {
    this.#lineStarts = [
      0,
      ...[...code.matchAll(/\r\n|[\n\r\u2028\u2029]/g)].map((end) => end.index + end[0].length),
    ]
  }

  find(tree: AnyNode): ParsedCode {
    this.#branches.push({ kind: 'code', line: 1, start: 0, end: tree.end, at: 0 })
    this.#visit(tree)
    return { branches: this.#branches.sort((a, b) => a.start - b.start), statements: this.#statements }
  }

  #visit(node: AnyNode): void {
    if (/(Statement|Declaration)$/.test(node.type) && !NO_STATEMENTS.has(node.type))
      this.#statements.push({ line: this.#lineAt(node.start), start: node.start })
    this.#branchesOf(node)
    for (const value of Object.values(node) as unknown[]) {
      for (const child of Array.isArray(value) ? (value as unknown[]) : [value])
        if (isNode(child)) this.#visit(child)
    }
  }

  #branchesOf(node: AnyNode): void {
    switch (node.type) {
      case 'IfStatement':
        this.#add('then', node.consequent)
        if (node.alternate) this.#add('else', node.alternate)
        else this.#addMissingElse(node)
        break
      case 'ConditionalExpression':
        this.#add('if true', node.consequent)
        this.#add('if false', node.alternate)
        break
      case 'LogicalExpression':
        this.#add('right side', node.right)
        break
      case 'SwitchCase':
        this.#add(node.test ? 'case' : 'default', node, { at: node.consequent[0]?.start ?? node.end - 1 })
        break
      case 'ForStatement':
      case 'ForInStatement':
      case 'ForOfStatement':
      case 'WhileStatement':
      case 'DoWhileStatement':
        this.#add('loop', node.body)
        break
      case 'CatchClause':
        this.#add('catch', node, { at: node.body.start })
        break
      case 'FunctionDeclaration':
      case 'FunctionExpression':
      case 'ArrowFunctionExpression':
        this.#add('function', node, { at: node.body.start })
    }
  }

  #addMissingElse({ start, end, consequent }: IfStatement): void {
    const line = this.#lineAt(start)
    this.#branches.push({ kind: 'no else', line, start: end, end, at: start, less: consequent.start })
  }

  #add(kind: BranchKind, node: AnyNode, place: { at?: number } = {}): void {
    const { at = node.start } = place
    this.#branches.push({ kind, line: this.#lineAt(node.start), start: node.start, end: node.end, at })
  }

  #lineAt(offset: number): number {
    let line = this.#lineStarts.length
    while (line > 1 && (this.#lineStarts[line - 1] ?? 0) > offset) line -= 1
    return line
  }
}
