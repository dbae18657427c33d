import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import vm from 'node:vm'
import fc from 'fast-check'
import { codeUnits } from '../../../lib/flowtest/code-coverage.ts'
import {
  coverageOf,
  percentOf,
  shortfalls,
  totalOf,
  type FlowCoverage,
} from '../../../lib/flowtest/coverage.ts'
import { functionTimes, topTen } from '../../../lib/flowtest/cpu-profile.ts'
import { parseFlowFile } from '../../../lib/flowtest/flow-file.ts'
import { nodeTimes } from '../../../lib/flowtest/node-times.ts'
import { escapeXml } from '../../../lib/flowtest/report/escape.ts'
import { toHtml } from '../../../lib/flowtest/report/html.ts'
import { toJson } from '../../../lib/flowtest/report/json.ts'
import { toJunit } from '../../../lib/flowtest/report/junit.ts'
import { sourcesOf, toLcov } from '../../../lib/flowtest/report/lcov.ts'
import { describeProfile } from '../../../lib/flowtest/report/profile.ts'
import {
  coverageTable,
  describeCase,
  describeMissed,
  describeTotals,
  painter,
} from '../../../lib/flowtest/report/spec.ts'
import { describeTrace, tracesToJson } from '../../../lib/flowtest/report/trace.ts'
import { wirePath } from '../../../lib/flowtest/report/wire-path.ts'
import type { CaseResult, RunResult } from '../../../lib/flowtest/results.ts'
import { buildTopology } from '../../../lib/flowtest/topology.ts'
import type { Trace } from '../../../lib/flowtest/trace.ts'

const file = 'flows/counted.json'
const flows = parseFlowFile(await readFile(`${import.meta.dirname}/fixtures/counted.json`, 'utf8'), file)
const topology = buildTopology(flows)
const units = await codeUnits(topology)
const looks = new Map([
  ['uuid-gen', { color: '#B7DDB0', inputs: 1, failureModes: ['UUID_INVALID', 'UUID_COLLISIONS'] }],
])
const flow: FlowCoverage = coverageOf({
  file,
  topology,
  units,
  looks,
  counts: {
    nodes: { start: 2, sort: 2, done: 1, 'no such node': 9 },
    outputs: { 'start:0': 2, 'sort:0': 1, 'sort:9': 1 },
    wires: { 'start:0>joint': 2, 'joint:0>sort': 2, nonsense: 1 },
    failures: { 'id UUID_COLLISIONS': 1, 'id OTHER': 1 },
  },
  code: { 'sort/body': { branches: [2, 0, 2, 1, 1], statements: [2, 0, 2] } },
})

const hostile = 'a <b> & "c" \'d\' \u0000\u001b[31m'
const passed: CaseResult = {
  file: 'a.test.yaml',
  name: 'works',
  line: 3,
  status: 'passed',
  problems: [],
  durationMs: 12,
  blocked: [],
  log: [],
  flows: file,
  trace: { hops: [], dropped: 0 },
}
const failed: CaseResult = {
  ...passed,
  name: hostile,
  line: 9,
  status: 'failed',
  problems: [`${hostile}\n  more`],
  log: [hostile],
  blocked: ['A connection to x:1'],
}
const skipped: CaseResult = { ...passed, name: 'later', status: 'skipped', problems: ['not yet'] }
const run: RunResult = {
  nodeRed: '5.0.7',
  cases: [passed, failed, skipped],
  durationMs: 1500,
  coverage: [flow],
}
const plain = painter(false)

describe('coverage in figures', () => {
  it('counts what there is to reach, and nothing else', () => {
    assert.deepEqual(flow.summary, {
      nodes: { reached: 3, total: 15 },
      outputs: { reached: 2, total: 12 },
      wires: { reached: 2, total: 15 },
      branches: { reached: 4, total: 15 },
      failures: { reached: 1, total: 2 },
    })
  })

  it('says 100 % only when all was reached, and never more', () => {
    assert.equal(percentOf({ reached: 9999, total: 10_000 }), 99.9)
    assert.equal(percentOf({ reached: 3, total: 3 }), 100)
    assert.equal(percentOf({ reached: 0, total: 0 }), 100)
    fc.assert(
      fc.property(fc.nat(), fc.nat(), (a, b) => {
        const percent = percentOf({ reached: Math.min(a, b), total: Math.max(a, b) })
        assert.ok(percent >= 0 && percent <= 100 && (percent === 100) === (a === b))
      }),
    )
  })

  it('adds flow files up, and tells which minimum is missed', () => {
    const all = totalOf([flow.summary, flow.summary])
    assert.deepEqual(all.nodes, { reached: 6, total: 30 })
    assert.deepEqual(shortfalls(all, { nodes: 20, wires: 50 }), [
      'Coverage of wires is 13.3 % (4 of 30), less than the 50 % asked for',
    ])
  })
})

describe('the report of a terminal', () => {
  it('shows cases, problems, what was blocked, the log and the place', () => {
    assert.equal(describeCase(passed, plain), '  ✔ works 12 ms')
    assert.equal(describeCase(skipped, plain), '  - later skipped: not yet')
    const lines = describeCase(failed, plain).split('\n')
    assert.equal(lines.at(-1), '      at a.test.yaml:9')
    assert.ok(lines.includes('      blocked: A connection to x:1'))
    assert.ok(lines.includes('        more'))
  })

  it('ends with totals, a table and what was not reached', () => {
    assert.equal(describeTotals(run, plain), '  1 passed, 1 failed, 1 skipped in 1.5 s on Node-RED 5.0.7')
    assert.deepEqual(coverageTable([flow], plain).split('\n'), [
      '  coverage                nodes      outputs        wires     branches  failures',
      '  flows/counted.json  20 % 3/15  16.6 % 2/12  13.3 % 2/15  26.6 % 4/15  50 % 1/2',
    ])
    assert.match(coverageTable([flow, flow], painter(true)), /all/)
    const missed = describeMissed(flow, 100)
    assert.ok(
      missed.includes('node Twice') &&
        missed.includes('output 2 of Sort') &&
        missed.includes('Sort line 1: then'),
    )
    assert.equal(describeMissed(flow, 2).at(-1), `and ${missed.length - 2} more`)
  })
})

describe('reports for machines', () => {
  it('JSON has totals, cases and each count', () => {
    const report = JSON.parse(toJson(run))
    assert.deepEqual(report.totals, { passed: 1, failed: 1, skipped: 1 })
    assert.deepEqual(report.coverage.totals.nodes, { reached: 3, total: 15, percent: 20 })
    const [sort] = report.coverage.flows[0].nodes.filter(({ id }: any) => id === 'sort')
    assert.deepEqual([sort.count, sort.outputs], [2, [1, 0]])
    assert.ok(!('coverage' in JSON.parse(toJson({ ...run, coverage: [] }))))
  })

  it('JUnit is well-formed whatever a case is called', () => {
    const xml = toJunit(run)
    assert.match(xml, /<testsuites name="cxone-flows" tests="3" failures="1" skipped="1" time="1\.500">/)
    assert.match(xml, /<testcase name="a &lt;b&gt; &amp; &quot;c&quot; &#39;d&#39; \[31m"/)
    assert.equal(xml.match(/<testcase /g)?.length, 3)
    assert.equal((xml.match(/<testcase [^>]*[^/]>/g) ?? []).length, xml.match(/<\/testcase>/g)?.length)
  })

  it('leaves in XML what XML may hold, and nothing else', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const escaped = escapeXml(text)
        assert.ok(!/[<>"']|&(?!amp;|lt;|gt;|quot;|#39;)/.test(escaped))
        assert.ok(escaped.isWellFormed() && !/\p{Cc}/u.test(escaped.replace(/[\t\n\r\u007f-\u009f]/g, '')))
      }),
    )
  })

  it('lcov counts branches and lines of the code that lies beside it', () => {
    const [first] = toLcov([flow]).split('end_of_record')
    assert.deepEqual(first?.trim().split('\n'), [
      'TN:',
      'SF:flows/counted/sort.sort.body.js',
      'BRDA:1,0,0,2',
      'BRDA:1,0,1,0',
      'BRDA:1,0,2,2',
      'BRDA:4,0,3,1',
      'BRDA:4,0,4,1',
      'BRF:5',
      'BRH:4',
      'DA:1,2',
      'DA:2,0',
      'DA:4,2',
      'LF:3',
      'LH:2',
    ])
    assert.match(toLcov([flow]), /BRDA:1,0,0,-/, 'code that never ran has no taken branch')
    const names = [...sourcesOf([{ ...flow, file: '../../up/C:/x.json' }]).keys()]
    assert.ok(
      names.every((name) => !name.includes('..') && !name.startsWith('/')),
      names.join(),
    )
    assert.equal(
      sourcesOf([flow]).get('flows/counted/times-two.times-two.body.js'),
      'msg.payload *= 2\nreturn msg',
    )
  })
})

describe('the page', () => {
  const html = toHtml(run)

  it('needs nothing but itself', () => {
    assert.ok(!/<script|<link|<img|src=|@import|url\(/i.test(html))
    assert.match(html, /default-src 'none'/)
  })

  it('shows no markup that a flow or a case brings', () => {
    assert.ok(!html.includes(hostile) && html.includes('a &lt;b&gt; &amp;'))
  })

  it('draws each canvas with its nodes, wires and counts', () => {
    assert.equal(html.match(/<svg class="canvas"/g)?.length, 3)
    assert.equal(html.match(/<g class="node hit">/g)?.length, 3)
    assert.equal(html.match(/<g class="node miss">/g)?.length, 12)
    assert.equal(html.match(/<g class="node off">/g)?.length, 1)
    assert.match(html, /Start, output 1 → the subflow: 2 ×|Start, output 1 → .*: 2 ×/)
    assert.match(html, /<title>Id \(uuid-gen\): not reached\nfailure modes 1 of 2<\/title>/)
  })

  it('shows in a node how many messages entered it, and below it its branches or failure modes', () => {
    assert.match(html, /<text class="count" [^>]*>2<\/text><text [^>]*>Sort<\/text>/)
    assert.match(html, /<g class="status part">[^]*?4 of 5 branches/)
    assert.match(html, /<g class="status part">[^]*?1 of 2 failure modes/)
    assert.match(html, /<g class="status none">[^]*?0 of 1 branches/)
  })

  it('opens each case to the path of its messages, and has those of failed ones open', () => {
    const error = { code: 'UUID_INVALID', message: hostile }
    const hop = { index: 0, parent: null, path: [], node: 'start', enteredMs: 0, sends: [], error }
    const trace: Trace = { dropped: 0, hops: [{ ...hop, arrival: 'trigger' }] }
    const page = toHtml({ ...run, cases: [{ ...passed, trace }, { ...failed, trace }, passed] })
    assert.match(
      page,
      /<details class="case passed"><summary[^]*?0\.0 ms {2}Start \(trigger\)[^]*?<em> +✖ UUID_INVALID: a &lt;b/,
    )
    assert.match(page, /<details class="case failed" open>/)
    assert.match(page, /<div class="case passed">/)
    assert.ok(!page.includes(hostile))
  })

  it('says once what one flow file reached, and adds up where there are several', () => {
    assert.equal(html.match(/class="figures"/g)?.length, 1)
    assert.equal(toHtml({ ...run, coverage: [flow, flow] }).match(/class="figures"/g)?.length, 3)
  })

  it('marks the code that was not run, and the else that is not written', () => {
    assert.match(html, /if \(msg\.payload &lt; 0\) <mark title="not run">\{<\/mark>/)
    assert.match(html, /<tr class="miss"><td>2<\/td><td>0 ×<\/td>/)
  })
})

describe('a wire', () => {
  it('runs as in the editor of Node-RED', async () => {
    const red = await readFile('node_modules/@node-red/editor-client/public/red/red.js', 'utf8')
    const begin = red.indexOf('function generateLinkPath(')
    const source = red.slice(begin, red.indexOf('\n    }\n', begin) + 6)
    const context = vm.createContext({ node_width: 100, node_height: 30, lineCurveScale: 0.75 })
    const theirs = vm.runInContext(`${source}; generateLinkPath`, context) as (...args: number[]) => string
    const numbers = (path: string): number[] =>
      (path.match(/-?\d+(\.\d+)?(e-?\d+)?/g) ?? []).map((text) => Math.round(Number(text) * 1000) / 1000)
    const place = fc.integer({ min: -600, max: 600 })
    fc.assert(
      fc.property(place, place, place, place, (x1, y1, x2, y2) => {
        assert.deepEqual(
          numbers(wirePath({ x: x1, y: y1 }, { x: x2, y: y2 })),
          numbers(theirs(x1, y1, x2, y2, 1)),
        )
      }),
    )
  })
})

describe('a trace', () => {
  const trace = {
    dropped: 0,
    hops: [
      {
        index: 0,
        parent: null,
        node: 'start',
        path: [],
        arrival: 'source',
        enteredMs: 0,
        sends: [{ output: 0, atMs: 1, changes: [{ path: 'msg.payload', kind: 'added', to: 1 }] }],
      },
      {
        index: 1,
        parent: 0,
        node: 'sort',
        path: [],
        arrival: 'wire',
        fromOutput: 0,
        enteredMs: 1,
        leftMs: 3,
        sends: [],
        error: { code: 'X', message: 'no' },
      },
      {
        index: 2,
        parent: 1,
        node: 'times-two',
        path: ['twice'],
        arrival: 'wire',
        fromOutput: 1,
        enteredMs: 4,
        leftMs: 5,
        sends: [],
        stubbed: true,
      },
    ],
  } as const

  it('reads as a path with subflows, outputs, changes, errors and stubs', () => {
    assert.deepEqual(describeTrace(structuredClone(trace) as any, topology).split('\n'), [
      '0.0 ms  Start (source)',
      '  + msg.payload = 1',
      '1.0 ms  Sort  2.0 ms',
      '  ✖ X: no',
      '4.0 ms  Twice / Times two (output 2)  1.0 ms  stub',
    ])
    assert.equal(JSON.parse(tracesToJson([{ ...passed, trace: trace as any }]))[0].hops.length, 3)
  })

  it('tells the time that messages spent in each node', () => {
    const times = nodeTimes(
      topology,
      [trace as any],
      [
        { name: '(anonymous)', place: 'Function node:sort [Sort]:1', selfMs: 1, totalMs: 2 },
        { name: 'inner', place: 'Function node:sort [Sort]:3', selfMs: 1, totalMs: 1 },
        {
          name: '(anonymous)',
          place: 'Function node:twice-times-two [Times two]:1',
          selfMs: 0.5,
          totalMs: 0.5,
        },
      ],
    )
    assert.deepEqual(
      times.map(({ node, messages, elapsedMs, cpuMs }) => [node, messages, elapsedMs, cpuMs]),
      [
        ['sort', 1, 2, 2],
        ['times-two', 1, 1, 0.5],
        ['start', 1, 0, undefined],
      ],
    )
  })
})

describe('a CPU profile', () => {
  const frame = (functionName: string, url = 'file:///a.js', lineNumber = 0) => ({
    functionName,
    url,
    lineNumber,
  })
  // root -> a -> b -> a (calls itself by way of b), and idle time
  const profile = {
    nodes: [
      { id: 1, callFrame: frame('(root)', ''), children: [2, 5] },
      { id: 2, callFrame: frame('a'), children: [3] },
      { id: 3, callFrame: frame('b'), children: [4] },
      { id: 4, callFrame: frame('a') },
      { id: 5, callFrame: frame('(idle)', '') },
    ],
    samples: [2, 3, 4, 4, 5],
    timeDeltas: [1000, 2000, 3000, 3000, 90_000],
  }

  it('gives own and total time, functions that call themselves once', () => {
    assert.deepEqual(functionTimes(profile), [
      { name: 'a', place: '/a.js:1', selfMs: 7, totalMs: 9 },
      { name: 'b', place: '/a.js:1', selfMs: 2, totalMs: 8 },
    ])
    assert.deepEqual(functionTimes({ nodes: [] }), [])
  })

  it('shows the ten longest by each', () => {
    const times = Array.from({ length: 20 }, (_, at) => ({
      name: `f${at}`,
      place: 'x:1',
      selfMs: 20 - at,
      totalMs: at,
    }))
    assert.deepEqual([topTen(times).self.length, topTen(times).total[0]?.name], [10, 'f19'])
    const text = describeProfile(functionTimes(profile), [])
    assert.match(text, /function, by own time +own ms +total ms +place\n {2}a +7\.0 +9\.0 +\/a\.js:1/)
  })
})
