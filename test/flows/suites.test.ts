import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

interface CaseReport {
  readonly file: string
  readonly name: string
  readonly status: string
  readonly problems: readonly string[]
}

interface FlowReport {
  readonly file: string
  readonly summary: { readonly nodes: { readonly percent: number } }
  readonly nodes: readonly { readonly name: string; readonly count: number }[]
}

interface Report {
  readonly cases: readonly CaseReport[]
  readonly coverage: { readonly flows: readonly FlowReport[] }
}

const names = (await readdir('examples'))
  .filter((file) => file.endsWith('.json') && !file.endsWith('.test.json'))
  .map((file) => file.replace('.json', ''))

/** Tests the examples with the command that their users have. */
async function testExamples(): Promise<{ code: number; report: Report; printed: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'cxone-examples-'))
  const file = join(folder, 'report.json')
  const args = ['test', 'examples', '--min-nodes', '100', '--reporter', `json=${file}`]
  try {
    const { code, printed } = await new Promise<{ code: number; printed: string }>((done) => {
      execFile(process.execPath, ['dist/cli/main.js', ...args], (error, out, err) => {
        done({ code: typeof error?.code === 'number' ? error.code : 0, printed: out + err })
      })
    })
    const report = JSON.parse(await readFile(file, 'utf8').catch(() => assert.fail(printed))) as Report
    return { code, report, printed }
  } finally {
    await rm(folder, { recursive: true })
  }
}

describe('the flow tests of the examples', function () {
  this.timeout(600_000)
  let ran: Awaited<ReturnType<typeof testExamples>>

  before(async () => {
    ran = await testExamples()
  })

  for (const name of names) {
    it(`${name} has cases, which pass and reach each of its nodes`, () => {
      const { cases, coverage } = ran.report
      const own = cases.filter(({ file }) => file.startsWith(`examples/${name}.test.`))
      assert.ok(own.length > 0, `examples/${name}.test.yaml is missing`)
      const failed = own.filter(({ status }) => status !== 'passed')
      assert.deepEqual(
        failed.map(({ name: title, problems }) => `${title}: ${problems.join('\n')}`),
        [],
      )
      const flow = coverage.flows.find(({ file }) => file === `examples/${name}.json`)
      const missed = flow?.nodes.filter(({ count }) => count === 0).map((node) => node.name)
      assert.deepEqual(missed, [])
    })
  }

  it('end with 0: what they ask for was reached', () => {
    assert.equal(ran.code, 0, ran.printed)
  })
})
