import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { until } from '../support/until.ts'

const fixtures = resolve('test/lib/flowtest/fixtures')
const main = resolve('dist/cli/main.js')

interface Run {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs `cxone-flows test` as users do. */
function test(args: readonly string[], cwd = fixtures): Promise<Run> {
  return new Promise((done) => {
    execFile(process.execPath, [main, 'test', ...args], { cwd }, (error, out, err) => {
      done({ code: typeof error?.code === 'number' ? error.code : 0, out, err })
    })
  })
}

const reportOf = async (args: readonly string[], cwd?: string): Promise<any> => {
  const { out, err } = await test([...args, '--reporter', 'json'], cwd)
  try {
    return JSON.parse(out)
  } catch {
    return assert.fail(`no JSON: ${out} ${err}`)
  }
}

const problemOf = (report: any, name: string): string =>
  report.cases.find((each: any) => each.name === name).problems.join('\n')

describe('cxone-flows test', function () {
  this.timeout(90_000)

  for (const version of ['node-red', 'node-red-4']) {
    // Worked out by hand, see the fixture. Large numbers: start, sort, twice, times-two, done. Small ones: out, in, store.
    // Negative ones: any, failed. The id: ask, id. The call: call, sub-in, return.
    it(`counts exactly what the cases reach, on ${version}`, async () => {
      const report = await reportOf([
        'counted.test.yaml',
        '--coverage',
        '--node-red',
        resolve('node_modules', version),
      ])
      assert.deepEqual(
        report.totals,
        { passed: 5, failed: 0, skipped: 0 },
        JSON.stringify(report.cases, null, 1),
      )
      assert.match(report.nodeRed, version === 'node-red' ? /^5\./ : /^4\./)
      const [flow] = report.coverage.flows
      assert.deepEqual(flow.summary, {
        nodes: { reached: 15, total: 15, percent: 100 },
        outputs: { reached: 12, total: 12, percent: 100 },
        wires: { reached: 15, total: 15, percent: 100 },
        // Sort 5 of 5, Store 4 of 8 (code, loop, case, arrow), its set-up 1 of 1, Times two 1 of 1.
        branches: { reached: 11, total: 15, percent: 73.3 },
        failures: { reached: 1, total: 4, percent: 25 },
      })
      const count = Object.fromEntries(flow.nodes.map(({ id, count }: any) => [id, count]))
      assert.deepEqual(count, {
        start: 3,
        sort: 3,
        twice: 1,
        'times-two': 1,
        done: 2,
        out: 1,
        in: 1,
        store: 1,
        any: 2,
        failed: 2,
        ask: 2,
        id: 2,
        call: 1,
        'sub-in': 1,
        return: 1,
      })
      const sort = flow.branches.filter(({ node }: any) => node === 'sort')
      assert.deepEqual(
        sort.map(({ line, kind, count }: any) => [line, kind, count]),
        [
          [1, 'code', 3],
          [1, 'then', 1],
          [1, 'no else', 2],
          [4, 'if true', 1],
          [4, 'if false', 1],
        ],
      )
      // The set-up runs with each start of the flow: five cases.
      assert.equal(flow.branches.find(({ part }: any) => part === 'setup').count, 5)
    })

    it(`sets clock and randomness, starts each case afresh and plays stubs, on ${version}`, async () => {
      const args = [
        'repeatable.test.yaml',
        '--trace',
        join(tmpdir(), `trace-${process.pid}.json`),
        '--node-red',
        resolve('node_modules', version),
      ]
      const ids: unknown[] = []
      for (const workers of ['1', '2']) {
        const report = await reportOf([...args, '--workers', workers])
        assert.deepEqual(
          report.totals,
          { passed: 6, failed: 0, skipped: 1 },
          JSON.stringify(report.cases, null, 1),
        )
        const traces = JSON.parse(await readFile(args[2] ?? '', 'utf8'))
        const added = traces[0].hops.flatMap(({ sends }: any) => sends).flatMap(({ changes }: any) => changes)
        ids.push([
          added.find(({ path }: any) => path === 'msg.ids')?.to,
          added.find(({ path }: any) => path.endsWith('random'))?.to,
        ])
      }
      await rm(args[2] ?? '')
      assert.ok((ids[0] as unknown[][])[0]?.length === 3)
      assert.deepEqual(ids[0], ids[1])
    })

    it(`counts code that cannot see it: the same stacks, columns, names and faults as without, on ${version}`, async () => {
      const file = join(tmpdir(), `unseen-${process.pid}.json`)
      const args = ['unseen.test.yaml', '--trace', file, '--node-red', resolve('node_modules', version)]
      const seen = async (...more: string[]) => {
        const report = await reportOf([...args, ...more])
        const traces = JSON.parse(await readFile(file, 'utf8'))
        const sends = traces.flatMap(({ hops }: any) => hops).flatMap(({ sends }: any) => sends)
        const changes = sends.map(({ changes }: any) => changes)
        return { report, all: { changes, logs: report.cases.map(({ log }: any) => log) } }
      }
      const plain = await seen()
      const counted = await seen('--coverage')
      await rm(file)
      assert.deepEqual(counted.all, plain.all)
      assert.deepEqual(counted.report.totals, { passed: 2, failed: 0, skipped: 0 })
      const text = JSON.stringify(plain.all)
      for (const part of [
        'nowhere is not defined (line 1, col 46)',
        'look [Look round]:3:44',
        'look [Look round]:3:93',
        "Identifier 'msg' has already been",
      ])
        assert.ok(text.includes(part), `${part}\n${text}`)
      const { branches } = counted.report.coverage.flows[0]
      const counts = (node: string, part = 'body', kinds = /(?:)/) =>
        branches
          .filter((each: any) => each.node === node && each.part === part && kinds.test(each.kind))
          .map(({ count }: any) => count)
      assert.deepEqual(counts('look', 'body', /code|if|right/), [1, 1, 1, 0])
      // Both cases start and stop the flow.
      assert.deepEqual(counts('look', 'setup'), [2, 2, 0])
      assert.deepEqual(counts('look', 'cleanup'), [2, 2, 0])
      assert.deepEqual(counts('fail'), [1, 1, 1, 0])
      assert.deepEqual(counts('broken'), [0, 0, 0, 0])
    })
  }

  it('ends an endless loop, survives a crash, blocks the network and programs; the other cases go on', async () => {
    const report = await reportOf(['hostile.test.yaml'])
    const status = Object.fromEntries(report.cases.map(({ name, status }: any) => [name, status]))
    assert.deepEqual(status, {
      before: 'passed',
      loops: 'failed',
      crashes: 'failed',
      waits: 'failed',
      leaves: 'failed',
      runs: 'failed',
      after: 'passed',
      circles: 'failed',
    })
    assert.match(
      problemOf(report, 'loops'),
      /Time-out: node `Loop for ever` \(function, id loop\) was entered last and never let go/,
    )
    assert.match(
      problemOf(report, 'crashes'),
      /Crash: node `Throw later` \(function, id crash\) ended its process: Error: out of reach/,
    )
    assert.match(
      problemOf(report, 'circles'),
      /Time-out after 400 ms[\s\S]*Expected `Ring` to be reached once, but it was \d+ times/,
    )
    assert.match(problemOf(report, 'waits'), /Time-out after 400 ms; still at work: `Wait for ever`/)
    assert.match(
      problemOf(report, 'leaves'),
      /NETWORK_BLOCKED: A connection to example\.com:80 is blocked.*Stub the node/,
    )
    assert.match(problemOf(report, 'runs'), /The program true is blocked/)
    const leaves = report.cases.find(({ name }: any) => name === 'leaves')
    assert.deepEqual(leaves.blocked, ['A connection to example.com:80'])
  })

  it('prints cases, the path of a failed one, coverage and what was missed, and ends with 1', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cxone-cases-'))
    await copyFile(join(fixtures, 'counted.json'), join(folder, 'counted.json'))
    await writeFile(
      join(folder, 'counted.test.yaml'),
      'cases:\n  - name: wrong\n    trigger: { node: Start, message: { payload: 20 } }\n    expect:\n      - { node: Done, receives: { payload: 41 } }\n',
    )
    const { code, out } = await test(
      [
        '--coverage',
        '--reporter',
        'spec',
        '--reporter',
        'html=page.html',
        '--reporter',
        'lcov=cov/lcov.info',
      ],
      folder,
    )
    assert.equal(code, 1)
    for (const part of [
      '✖ wrong',
      'Expected `Done` to receive another message',
      'msg.payload\n          expected 41\n          actual   40',
      'Twice / Times two',
      'counted.test.yaml:2',
      '33.3 % 5/15',
      'node Out',
      '1 failed',
    ])
      assert.ok(out.includes(part), `${part}\n${out}`)
    assert.match(await readFile(join(folder, 'page.html'), 'utf8'), /<svg class="canvas"/)
    assert.match(await readFile(join(folder, 'cov/lcov.info'), 'utf8'), /SF:counted\/sort\.sort\.body\.js/)
    assert.match(await readFile(join(folder, 'cov/counted/sort.sort.body.js'), 'utf8'), /negative/)
    await rm(folder, { recursive: true })
  })

  it('ends with 3 where coverage is too low, and with 0 where it is high enough', async () => {
    const low = await test(['counted.test.yaml', '--min-nodes', '100', '--min-branches', '80'])
    assert.equal(low.code, 3)
    assert.equal(low.err, 'Coverage of branches is 73.3 % (11 of 15), less than the 80 % asked for\n')
    assert.equal((await test(['counted.test.yaml', '--min-nodes', '100', '--min-branches', '73.3'])).code, 0)
  })

  it('writes a CPU profile that V8 tools open, with the longest functions and the time of nodes', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cxone-profile-'))
    const { code, out } = await test(['counted.test.yaml', '--profile', join(folder, 'run.cpuprofile')])
    assert.equal(code, 0)
    const profile = JSON.parse(await readFile(join(folder, 'run.cpuprofile'), 'utf8'))
    assert.ok(profile.nodes.length > 10 && profile.samples.length === profile.timeDeltas.length)
    assert.match(out, /function, by own time +own ms +total ms +place/)
    assert.match(out, /Sort +3 +\d+\.\d +(\d+\.\d)? +function/)
    await rm(folder, { recursive: true })
  })

  for (const [what, args, says] of [
    ['a file that is not there', ['nowhere.test.yaml'], 'There is no file or folder `nowhere.test.yaml`'],
    [
      'no flow file',
      ['hostile.test.yaml', '--flows', 'nowhere.json'],
      'The flow file `nowhere.json` cannot be read',
    ],
    [
      'a flow file that is none',
      ['hostile.test.yaml', '--flows', 'hostile.test.yaml'],
      'hostile.test.yaml: no JSON',
    ],
    [
      'nodes that the flow has not',
      ['hostile.test.yaml', '--flows', 'counted.json'],
      'hostile.test.yaml:5: There is no node `Good`; the nearest are',
    ],
    ['a report that is none', ['--reporter', 'pdf'], 'Expected one of spec, json, junit, html, lcov'],
    ['a coverage over 100', ['--min-nodes', '101'], 'Expected a number from 0 to 100'],
    ['a Node-RED that is none', ['counted.test.yaml', '--node-red', fixtures], 'Node-RED is not there'],
  ] as const) {
    it(`ends with 2 on ${what}`, async () => {
      const { code, err } = await test(args)
      assert.equal(code, 2, err)
      assert.ok(err.includes(says), err)
    })
  }

  it('names the nodes whose type is not installed', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cxone-types-'))
    const at = { z: 't', x: 1, y: 1, wires: [] }
    const flows = [
      { id: 't', type: 'tab', label: 'T' },
      { ...at, id: 'a', type: 'no-such-type', name: 'Stranger' },
      { ...at, id: 'b', type: 'debug', name: 'End' },
    ]
    await writeFile(join(folder, 'a.json'), JSON.stringify(flows))
    await writeFile(
      join(folder, 'a.test.json'),
      JSON.stringify({
        cases: [
          { name: 'one', trigger: { node: 'End', message: {} }, expect: [{ node: 'End', reached: true }] },
        ],
      }),
    )
    const report = await reportOf(['a.test.json'], folder)
    assert.match(
      problemOf(report, 'one'),
      /Unknown node types: no-such-type, of `Stranger` \(id a\)\. Install the nodes/,
    )
    await rm(folder, { recursive: true })
  })

  it('runs again when a case file changes, until it is stopped', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cxone-watch-'))
    await copyFile(join(fixtures, 'hostile.json'), join(folder, 'a.json'))
    const write = (text: string): Promise<void> =>
      writeFile(
        join(folder, 'a.test.yaml'),
        `cases:\n  - { name: one, trigger: { node: Good, message: {} }, expect: [{ node: End, receives: { payload: ${text} } }] }\n`,
      )
    await write('bad')
    const child = spawn(process.execPath, [main, 'test', '--watch'], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let out = ''
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
    const waits = (times: number) =>
      until(
        () => out.split('waiting for changes').length > times || undefined,
        () => out,
      )
    await waits(1)
    await write('good')
    await waits(2)
    assert.match(out, /1 failed[\s\S]*1 passed/)
    child.kill('SIGINT')
    assert.deepEqual(await once(child, 'exit'), [0, null])
    await rm(folder, { recursive: true })
  })
})
