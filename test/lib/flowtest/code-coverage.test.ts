import assert from 'node:assert/strict'
import vm from 'node:vm'
import fc from 'fast-check'
import { parseCode } from '../../../lib/flowtest/code-branches.ts'
import {
  addCodeCounts,
  codeUnits,
  placeOfUnit,
  unitCounts,
  type CodeUnit,
} from '../../../lib/flowtest/code-coverage.ts'
import { editText } from '../../../lib/flowtest/code-edits.ts'
import { buildTopology } from '../../../lib/flowtest/topology.ts'
import { HAZARDS } from './hazards.ts'
import { resetV8, runScript, scriptOf, startV8, stopV8, takeV8, type V8Counts } from './v8-counts.ts'

const topologyOf = (code: string) =>
  buildTopology([
    { id: 't', type: 'tab' },
    { id: 'f', type: 'function', z: 't', x: 1, y: 1, func: code, wires: [[]] },
  ])

let scripts = 0

/** Runs code with counters in it, and as it is under V8's coverage; both must do the same. */
async function runBoth(
  code: string,
  payloads: readonly unknown[],
  sandbox: object = {},
): Promise<{ readonly ours: V8Counts; readonly v8: V8Counts }> {
  const topology = topologyOf(code)
  const [unit] = (await codeUnits(topology)) as [CodeUnit]
  const { text, begin } = scriptOf(code)
  const place = placeOfUnit('Function node:f [any name]', text, new Map([[unit.key, unit]]), topology)
  assert.equal(place?.begin, begin)
  const edited = editText(text, begin, unit.edits, '__counters__')
  const counters = new Float64Array(unit.counters)
  const counted = new vm.Script(edited.text, { filename: 'counted' })
  const results = await runScript(counted, payloads, { ...sandbox, __counters__: counters })
  resetV8()
  const filename = `plain ${(scripts += 1)}`
  const plain = new vm.Script(text, { filename })
  const expected = await runScript(plain, payloads, sandbox)
  const v8 = takeV8(filename, code, begin)
  assert.deepEqual(results, expected, code)
  const counts = unitCounts(unit, counters)
  const branches: Record<string, number[]> = {}
  unit.branches.forEach(({ kind }, at) => (branches[kind] ??= []).push(counts?.branches[at] ?? 0))
  return { ours: { branches, statements: counts?.statements ?? [] }, v8 }
}

async function countsOf(
  code: string,
  payloads: readonly unknown[],
  sandbox = {},
): Promise<V8Counts['branches']> {
  const { ours, v8 } = await runBoth(code, payloads, sandbox)
  assert.deepEqual(ours, v8, `other than V8 counts:\n${code}`)
  return ours.branches
}

describe('branches of a Function node', () => {
  before(startV8)
  after(stopV8)

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

  // Where text is written into code, code can change its meaning.
  for (const code of HAZARDS) {
    it(`do not change what the code does: ${code.replaceAll('\n', ' ⏎ ').slice(0, 70)}`, async () => {
      await countsOf(code, [0, 1, 2, 'a', null])
    })
  }

  // V8 does not count on behind what throws or yields, and has one count where a function begins.
  for (const [what, code, branches, statements] of [
    [
      'a condition that throws goes neither way',
      'function f() { throw 1 }\nif (f()) msg.a = 1\nmsg.b = 2',
      { code: [2], function: [2], then: [0], 'no else': [0] },
      [2, 2, 0, 0],
    ],
    [
      'what stands behind a throw is not run',
      'try { early; let early } catch (e) { msg.e = e.name }',
      { code: [2], catch: [2] },
      [2, 2, 0, 2],
    ],
    [
      'a generator goes on',
      'function* g() { const x = msg.payload ? yield 1 : yield 2; return x && (yield 3) }\nmsg.g = [...g()]',
      { code: [2], function: [2], 'if true': [1], 'if false': [1], 'right side': [0] },
      [2, 2, 2],
    ],
    ['code that begins with a function', 'function f() {}', { code: [2], function: [0] }, []],
    [
      'a way that is a function which is not called',
      'if (msg.payload) function f() { return 1 }\nmsg.f = null || function () {}',
      { code: [2], then: [1], function: [0, 0], 'no else': [1], 'right side': [2] },
      [2, 0, 2],
    ],
  ] as const) {
    it(`are counted where V8 does not: ${what}`, async () => {
      const { ours, v8 } = await runBoth(code, [0, 1])
      assert.deepEqual(ours, { branches, statements })
      assert.notDeepEqual(v8, ours)
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
          const counted = await countsOf(code, payloads, {
            hit: (at: number) => void (hits[at] = (hits[at] ?? 0) + 1),
          })
          // The code runs twice.
          const expected: Record<string, number[]> = {}
          kinds.forEach((kind, at) => (expected[kind] ??= []).push((hits[at] ?? 0) / 2))
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
