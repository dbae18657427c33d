import assert from 'node:assert/strict'
import { Session } from 'node:inspector'
import vm from 'node:vm'
import fc from 'fast-check'
import { parseCode } from '../../../lib/flowtest/code-branches.ts'
import {
  addCodeCounts,
  codeUnits,
  countCode,
  type CodeUnit,
  type ScriptCoverage,
} from '../../../lib/flowtest/code-coverage.ts'
import { buildTopology } from '../../../lib/flowtest/topology.ts'

const session = new Session()

function post(method: string, params: object = {}): any {
  let answer: unknown
  session.post(method, params, (error: Error | null, result?: unknown) => {
    if (error) throw error
    answer = result
  })
  return answer
}

/** Runs code as a Function node does, once a value, and returns V8's coverage of it. */
async function run(
  code: string,
  id: string,
  payloads: readonly unknown[],
  hit = (_: number): void => {},
): Promise<readonly ScriptCoverage[]> {
  post('Profiler.takePreciseCoverage')
  // One line in front and a line break behind, as in node-red/10-function.js.
  const text = `var results = null;results = (async function(msg,__send__,__done__){ var node = {send:function(){}};\n${code}\n})(msg,__send__,__done__);`
  const script = new vm.Script(text, { filename: `Function node:${id} [any name]` })
  for (const payload of payloads) {
    const context = vm.createContext({ msg: { payload }, hit, results: undefined, __send__: 0, __done__: 0 })
    script.runInContext(context)
    await (context['results'] as Promise<unknown>).catch(() => undefined)
  }
  return post('Profiler.takePreciseCoverage').result
}

const topologyOf = (code: string) =>
  buildTopology([
    { id: 't', type: 'tab' },
    { id: 'f', type: 'function', z: 't', x: 1, y: 1, func: code, wires: [[]] },
  ])

async function countsOf(
  code: string,
  payloads: readonly unknown[],
  hit?: (at: number) => void,
): Promise<Record<string, number[]>> {
  const topology = topologyOf(code)
  const units = await codeUnits(topology)
  const counts = countCode(
    await run(code, 'f', payloads, hit),
    new Map(units.map((unit) => [unit.key, unit])),
    topology,
  )
  const byKind: Record<string, number[]> = {}
  const [unit] = units as [CodeUnit]
  unit.branches.forEach(({ kind }, at) => (byKind[kind] ??= []).push(counts[unit.key]?.branches[at] ?? 0))
  return byKind
}

describe('branches of a Function node', () => {
  // Once: V8 keeps compiled code, and what it compiled without coverage is never counted in detail.
  before(() => {
    session.connect()
    post('Profiler.enable')
    post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
  })
  after(() => session.disconnect())

  for (const [what, code, payloads, expected] of [
    ['nothing to decide', 'return msg', [1, 2], { code: [2] }],
    [
      'if and else',
      'if (msg.payload > 1) { msg.a = 1 } else { msg.b = 2 }\nreturn msg',
      [1, 2, 3],
      { code: [3], then: [2], else: [1] },
    ],
    [
      'if without else',
      'if (msg.payload > 1) msg.a = 1\nreturn msg',
      [2, 2, 2],
      { code: [3], then: [3], 'no else': [0] },
    ],
    [
      'early return',
      'if (msg.payload > 1) return null\nif (msg.payload > 0) return msg\nreturn null',
      [2, 1],
      { code: [2], then: [1, 1], 'no else': [1, 0] },
    ],
    [
      'throw',
      "if (msg.payload > 1) { throw new Error('x') }\nreturn msg",
      [2, 1],
      { code: [2], then: [1], 'no else': [1] },
    ],
    [
      'else if',
      'if (msg.payload === 1) { msg.a = 1 } else if (msg.payload === 2) { msg.a = 2 } else { msg.a = 3 }',
      [1, 2],
      { code: [2], then: [1, 1], else: [1, 0] },
    ],
    [
      'conditional',
      'return msg.payload ? [msg, null] : [null, msg]',
      [1, 0, 0],
      { code: [3], 'if true': [1], 'if false': [2] },
    ],
    [
      'and, or, ??',
      'const a = msg.payload && 1\nconst b = msg.payload || 2\nconst c = msg.payload ?? 3\nreturn msg',
      [1, 0, null],
      { code: [3], 'right side': [1, 2, 1] },
    ],
    [
      'switch',
      'switch (msg.payload) {\n case 1: msg.a = 1; break\n case 2:\n case 3: msg.a = 3; break\n default: msg.a = 0 }\nreturn msg',
      [1, 3, 9],
      { code: [3], case: [1, 0, 1], default: [1] },
    ],
    [
      'loops',
      'for (let i = 0; i < msg.payload; i += 1) msg.n = i\nwhile (msg.payload > 9) { msg.payload -= 1 }\nfor (const x of []) { msg.x = x }\ndo { msg.y = 1 } while (false)',
      [3],
      { code: [1], loop: [3, 0, 0, 1] },
    ],
    [
      'catch',
      'try { JSON.parse(msg.payload) } catch (error) { msg.bad = true }\nreturn msg',
      ['{}', '{'],
      { code: [2], catch: [1] },
    ],
    [
      'functions',
      'const f = (x) => x + 1\nfunction g() { return 2 }\nmsg.a = [1, 2].map(f)\nreturn msg',
      [0],
      { code: [1], function: [2, 0] },
    ],
    [
      'await',
      'await null\nif (msg.payload) { await null; msg.a = 1 }\nreturn msg',
      [1, 0],
      { code: [2], then: [1], 'no else': [1] },
    ],
    [
      'Windows line ends',
      'if (msg.payload) {\r\n msg.a = 1\r\n} else {\r\n msg.b = 1\r\n}\r\nreturn msg',
      [1],
      { code: [1], then: [1], else: [0] },
    ],
  ] as const) {
    it(`are counted exactly: ${what}`, async () => {
      assert.deepEqual(await countsOf(code, payloads), expected)
    })
  }

  it('equal the counts of counters written into the code, for any program', async function () {
    this.timeout(60_000)
    await fc.assert(
      fc.asyncProperty(
        programs,
        fc.array(fc.integer({ min: 0, max: 15 }), { minLength: 1, maxLength: 4 }),
        async (make, payloads) => {
          const hits: number[] = []
          const kinds: string[] = []
          const code = `${make((kind) => {
            kinds.push(kind)
            hits.push(0)
            return `hit(${hits.length - 1})`
          })}\nreturn msg`
          const counted = await countsOf(code, payloads, (at) => (hits[at] = (hits[at] ?? 0) + 1))
          const expected: Record<string, number[]> = {}
          kinds.forEach((kind, at) => (expected[kind] ??= []).push(hits[at] ?? 0))
          for (const kind of ['then', 'else', 'loop', 'if true', 'if false', 'right side'])
            assert.deepEqual(counted[kind] ?? [], expected[kind] ?? [], `${kind}\n${code}`)
        },
      ),
      { numRuns: 60 },
    )
  })

  it('of code that cannot be read are one, which is never reached', async () => {
    const { branches, problem } = await parseCode('if (')
    assert.equal(branches.length, 1)
    assert.match(problem ?? '', /Unexpected token/)
  })

  it('tell the line in the text that the user sees', async () => {
    const { branches } = await parseCode('// one\n\nif (a)\n  b()\nelse c()')
    assert.deepEqual(
      branches.map(({ kind, line }) => `${kind} ${line}`),
      ['code 1', 'then 4', 'else 5'],
    )
  })

  it('are added up over runs and over the instances of a subflow', () => {
    const a = { 'f/body': { branches: [1, 0], statements: [1] } }
    const b = { 'f/body': { branches: [1, 2], statements: [3] }, 'g/body': { branches: [1], statements: [] } }
    assert.deepEqual(addCodeCounts(a, b), {
      'f/body': { branches: [2, 2], statements: [4] },
      'g/body': { branches: [1], statements: [] },
    })
  })
})

// Programs whose branches each begin with a counter; the names of the kinds come in the order of the branches in the text.
type Program = (counter: (kind: string) => string) => string
const condition = fc.integer({ min: 0, max: 3 }).map((bit) => `(msg.payload & ${1 << bit})`)
const { program: programs } = fc.letrec<{ program: Program; statement: Program }>((tie) => ({
  program: fc.array(tie('statement'), { minLength: 1, maxLength: 3, depthIdentifier: 'p' }).map(
    (list): Program =>
      (counter) =>
        list.map((each) => each(counter)).join('\n'),
  ),
  statement: fc.oneof(
    { depthSize: 'small', depthIdentifier: 'p' },
    fc.constant<Program>(() => 'msg.n = 1'),
    fc.tuple(condition, tie('program'), tie('program')).map(([test, yes, no]): Program => (counter) => {
      const then = `${counter('then')}\n${yes(counter)}`
      return `if ${test} {\n${then}\n} else {\n${counter('else')}\n${no(counter)}\n}`
    }),
    fc.tuple(fc.integer({ min: 0, max: 3 }), tie('program')).map(
      ([turns, body]): Program =>
        (counter) =>
          `for (let i = 0; i < ${turns}; i += 1) {\n${counter('loop')}\n${body(counter)}\n}`,
    ),
    condition.map(
      (test): Program =>
        (counter) =>
          `msg.c = ${test} ? ${counter('if true')} : ${counter('if false')}`,
    ),
    condition.map(
      (test): Program =>
        (counter) =>
          `msg.r = ${test} && ${counter('right side')}`,
    ),
  ),
}))
