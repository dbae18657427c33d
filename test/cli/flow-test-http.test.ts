import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const fixtures = resolve('test/lib/flowtest/fixtures')

interface Report {
  readonly text: string
  readonly report: any
  readonly traces: any
}

/** Runs the cases of a fixture as users do. */
async function run(file: string, version = 'node-red'): Promise<Report> {
  const folder = await mkdtemp(join(tmpdir(), 'cxone-http-'))
  const trace = join(folder, 'trace.json')
  const nodeRed = resolve('node_modules', version)
  const args = ['test', file, '--coverage', '--reporter', 'json', '--trace', trace, '--node-red', nodeRed]
  const text = await new Promise<string>((done) => {
    execFile(process.execPath, [resolve('dist/cli/main.js'), ...args], { cwd: fixtures }, (_, out, err) => {
      done(out || err)
    })
  })
  try {
    const traces = JSON.parse(await readFile(trace, 'utf8'))
    return { text, report: JSON.parse(text), traces }
  } catch {
    return assert.fail(text)
  } finally {
    await rm(folder, { recursive: true })
  }
}

describe('HTTP triggers of flow tests', function () {
  this.timeout(120_000)

  for (const version of ['node-red', 'node-red-4']) {
    it(`send requests one after the other and read the answers, on ${version}`, async () => {
      const { report, traces } = await run('http.test.yaml', version)
      assert.deepEqual(
        report.totals,
        { passed: 6, failed: 0, skipped: 0 },
        JSON.stringify(report.cases, null, 1),
      )
      const [{ nodes, failures }] = report.coverage.flows
      const counts = Object.fromEntries(nodes.map(({ id, count, outputs }: any) => [id, [count, ...outputs]]))
      // Refused requests came to the endpoint, but not into the flow.
      assert.deepEqual(counts['hook'], [4, 2])
      assert.deepEqual(
        [counts['read'], counts['write']],
        [
          [2, 2],
          [5, 5],
        ],
      )
      const provoked = failures.filter(({ count }: any) => count > 0)
      assert.deepEqual(
        provoked.map(({ node, code }: any) => `${node} ${code}`),
        ['hook ENDPOINT_UNAUTHORIZED', 'hook ENDPOINT_METHOD', 'hook ENDPOINT_FLOW_FAILED'],
      )
      const [first] = traces
      assert.deepEqual(
        first.hops.map(({ node, arrival, parent }: any) => [node, arrival, parent]),
        [
          ['read', 'http', null],
          ['find', 'wire', 0],
          ['found', 'wire', 1],
        ],
      )
      // All three messages are worked in the context of the first one.
      const pressed = traces.at(-1).hops.filter(({ node }: any) => node === 'queue')
      assert.deepEqual(
        pressed.map(({ sends }: any) => sends.length),
        [1, 1, 1, 1],
      )
    })
  }

  it('tell what was not answered, and what was answered otherwise, without a secret', async () => {
    const { text, report } = await run('http-wrong.test.yaml')
    const problems = Object.fromEntries(
      report.cases.map(({ name, problems }: any) => [name, problems.join('\n')]),
    )
    assert.match(problems['never answered'], /^Time-out after 1500 ms/)
    assert.match(problems['never answered'], /^GET \/orders\/lost was not answered$/m)
    assert.match(problems['cut off'], /^GET \/orders\/cut was not answered: the connection was closed\n/)
    assert.match(problems['cut off'], /^Expected the flow to give an answer, but it never did$/m)
    assert.equal(
      problems['cut off in the middle'],
      'GET /orders/part was answered in part: the connection was closed after 4 bytes',
    )
    assert.deepEqual(problems['answered otherwise'].split('\n'), [
      'Expected the flow to give another answer',
      '  answer.status',
      '    expected 404',
      '    actual   200',
      '  answer.body.id',
      '    expected 9',
      '    actual   "8"',
      '  answer.body.token',
      '    expected "other"',
      '    actual   [redacted]',
      '  answer.headers["x-api-key"]',
      '    expected "other"',
      '    actual   [redacted]',
    ])
    assert.match(
      problems['too late'],
      /^Expected the flow to give this answer within 1 ms, but it took \d+ ms\n/,
    )
    assert.match(problems['too late'], /^Expected the flow to give answer 2, but it did so once$/m)
    assert.equal(
      problems['a failure that nobody expects'],
      '`Work` failed and no Catch node took it: out of order',
    )
    assert.match(
      problems['waits for what does not come'],
      /^A trigger waited for `Found`, which was not reached$/m,
    )
    assert.ok(!/of-the-(flow|test|caller)/.test(text))
  })
})
