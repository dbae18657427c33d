import type { AnyNode, Function as FunctionNode, IfStatement, Statement as AnyStatement } from 'acorn'
import { CodeEdits, type Edit } from './code-edits.ts'

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
  /** Which counter tells how often it was run. */
  readonly counter: number
}

/** A statement, for the count of its line. */
export interface Statement {
  readonly line: number
  /** Which counter tells how often it was begun. */
  readonly counter: number
}

/** Code of a Function node as it was read. */
export interface ParsedCode {
  readonly branches: readonly Branch[]
  readonly statements: readonly Statement[]
  /** What makes the code count itself: to be written into it, in this order. */
  readonly edits: readonly Edit[]
  /** How many counters that takes. */
  readonly counters: number
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
    return new Reader(code).read(tree.body as AnyStatement[])
  } catch (error) {
    const branch: Branch = { kind: 'code', line: 1, start: 0, end: code.length, counter: 0 }
    return { branches: [branch], statements: [], edits: [], counters: 1, problem: (error as Error).message }
  }
}

const isNode = (value: unknown): value is AnyNode =>
  typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string'

/** What has no line of its own to count. */
const NO_STATEMENTS: ReadonlySet<string> = new Set([
  'BlockStatement',
  'EmptyStatement',
  'FunctionDeclaration',
])

const isDirective = (node: AnyNode): boolean =>
  node.type === 'ExpressionStatement' && node.directive !== undefined

/**
 * Reads code once, from the outside in. What is opened at a place is written before what is read inside, what is closed after
 * it, so that edits at one place nest.
 */
class Reader {
  readonly #lineStarts: readonly number[]
  readonly #branches: Branch[] = []
  readonly #statements: Statement[] = []
  readonly #edits = new CodeEdits()
  readonly #length: number

  constructor(code: string) {
    this.#length = code.length
    this.#lineStarts = [
      0,
      ...[...code.matchAll(/\r\n|[\n\r\u2028\u2029]/g)].map((end) => end.index + end[0].length),
    ]
  }

  read(body: readonly AnyStatement[]): ParsedCode {
    // No directive: the node writes code of its own in front.
    const counter = this.#branch('code', { start: 0, end: this.#length })
    this.#edits.open(0, '', counter, ';')
    this.#list(body, counter)
    return {
      branches: this.#branches.sort((a, b) => a.start - b.start),
      statements: this.#statements,
      edits: this.#edits.inOrder,
      counters: this.#edits.counters,
    }
  }

  /** @param begun counts how often the list is begun, where that is counted. */
  #list(statements: readonly AnyNode[], begun?: number): void {
    let known = begun
    for (const node of statements) {
      if (NO_STATEMENTS.has(node.type)) {
        this.#visit(node)
        if (node.type === 'BlockStatement') known = undefined
        continue
      }
      this.#statement(node, known ?? this.#edits.count(node.start, '', ';'))
      if (!isDirective(node)) known = undefined
    }
  }

  /** @param counter counts how often the statement is begun. */
  #statement(node: AnyNode, counter: number): void {
    this.#statements.push({ line: this.#lineAt(node.start), counter })
    switch (node.type) {
      case 'IfStatement':
        this.#if(node)
        break
      case 'ForStatement':
        if (node.init?.type === 'VariableDeclaration') this.#statement(node.init, counter)
        else this.#visit(node.init)
        this.#visit(node.test)
        this.#visit(node.update)
        this.#enclose(node.body, 'loop')
        break
      case 'ForInStatement':
      case 'ForOfStatement':
        if (node.left.type === 'VariableDeclaration') this.#statement(node.left, counter)
        else this.#visit(node.left)
        this.#visit(node.right)
        this.#enclose(node.body, 'loop')
        break
      case 'WhileStatement':
        this.#visit(node.test)
        this.#enclose(node.body, 'loop')
        break
      case 'DoWhileStatement':
        this.#enclose(node.body, 'loop')
        this.#visit(node.test)
        break
      case 'WithStatement':
        this.#visit(node.object)
        this.#enclose(node.body)
        break
      case 'LabeledStatement':
        // Nothing may come between a label and its loop.
        if (NO_STATEMENTS.has(node.body.type)) this.#visit(node.body)
        else this.#statement(node.body, counter)
        break
      default:
        this.#children(node)
    }
  }

  #if(node: IfStatement): void {
    this.#visit(node.test)
    const end = { start: node.end, end: node.end }
    const missing = node.alternate ? undefined : this.#branch('no else', end, node.start)
    this.#enclose(node.consequent, 'then')
    if (node.alternate) this.#enclose(node.alternate, 'else')
    else this.#edits.close(node.end, 'else{', missing, '}')
  }

  // One statement where the language allows no list becomes a block.
  #enclose(node: AnyNode, kind?: BranchKind): void {
    const counter = kind ? this.#branch(kind, node) : this.#edits.counter()
    if (node.type === 'BlockStatement') {
      this.#edits.open(node.start + 1, '', counter, ';')
      this.#list(node.body, counter)
      return
    }
    this.#edits.open(node.start, '{', counter, ';')
    this.#list([node], counter)
    this.#edits.close(node.end, '}')
  }

  #expression(kind: BranchKind, node: AnyNode): void {
    this.#edits.open(node.start, '(', this.#branch(kind, node), ',')
    this.#visit(node)
    this.#edits.close(node.end, ')')
  }

  #visit(node: AnyNode | null | undefined): void {
    if (!node) return
    switch (node.type) {
      case 'BlockStatement':
      case 'StaticBlock':
        this.#list(node.body)
        break
      case 'ConditionalExpression':
        this.#visit(node.test)
        this.#expression('if true', node.consequent)
        this.#expression('if false', node.alternate)
        break
      case 'LogicalExpression':
        this.#visit(node.left)
        this.#expression('right side', node.right)
        break
      case 'SwitchCase': {
        this.#visit(node.test)
        const counter = this.#branch(node.test ? 'case' : 'default', node)
        this.#edits.close(node.consequent[0]?.start ?? node.end, '', counter, ';')
        this.#list(node.consequent, counter)
        break
      }
      case 'CatchClause': {
        this.#visit(node.param)
        const counter = this.#branch('catch', node)
        this.#edits.open(node.body.start + 1, '', counter, ';')
        this.#list(node.body.body, counter)
        break
      }
      case 'FunctionDeclaration':
      case 'FunctionExpression':
      case 'ArrowFunctionExpression':
        this.#function(node)
        break
      default:
        this.#children(node)
    }
  }

  #function(node: FunctionNode): void {
    node.params.forEach((param) => this.#visit(param))
    const counter = this.#branch('function', node)
    const { body } = node
    if (body.type !== 'BlockStatement') {
      this.#edits.open(body.start, '(', counter, ',')
      this.#visit(body)
      this.#edits.close(body.end, ')')
      return
    }
    // Directives stay in front. One without a semicolon may be all that there is.
    const first = body.body.find((each) => !isDirective(each))
    if (first && first !== body.body[0]) this.#edits.open(first.start, '', counter, ';')
    else if (body.body.length > 0 && !first) this.#edits.close(body.end - 1, ';', counter, ';')
    else this.#edits.open(body.start + 1, '', counter, ';')
    this.#list(body.body, counter)
  }

  #children(node: AnyNode): void {
    for (const value of Object.values(node) as unknown[]) {
      for (const child of Array.isArray(value) ? (value as unknown[]) : [value])
        if (isNode(child)) this.#visit(child)
    }
  }

  /** @param from where its line is read, if not at its start. */
  #branch(kind: BranchKind, { start, end }: { start: number; end: number }, from = start): number {
    const counter = this.#edits.counter()
    this.#branches.push({ kind, line: this.#lineAt(from), start, end, counter })
    return counter
  }

  #lineAt(offset: number): number {
    let line = this.#lineStarts.length
    while (line > 1 && (this.#lineStarts[line - 1] ?? 0) > offset) line -= 1
    return line
  }
}
