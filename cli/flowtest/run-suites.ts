import { addCodeCounts, codeUnits, type CodeCounts } from '../../lib/flowtest/code-coverage.ts'
import { coverageOf, type FlowCoverage } from '../../lib/flowtest/coverage.ts'
import { addCounts, noCounts, type Counts } from '../../lib/flowtest/counts.ts'
import type { CaseResult, RunResult } from '../../lib/flowtest/results.ts'
import type { Topology } from '../../lib/flowtest/topology.ts'
import { runTasks, type Ended, type PoolOptions, type PoolResult, type Task } from './pool.ts'
import { timeoutOf } from './prepare-case.ts'
import type { LoadedSuite } from './read-suites.ts'

/** How to run case files. */
export interface RunOptions extends PoolOptions {
  readonly workers: number
  readonly signal: AbortSignal
  readonly onResult: (result: CaseResult) => void
}

/** What a run gave, and the CPU profiles of its processes where they were asked for. */
export interface Run extends RunResult {
  readonly profiles: readonly string[]
}

interface FlowCounts {
  readonly counts: Counts
  code: CodeCounts
}

/** Runs the cases of several case files side by side. */
export async function runSuites(suites: readonly LoadedSuite[], options: RunOptions): Promise<Run> {
  const { onResult, ...pool } = options
  const started = performance.now()
  const results: CaseResult[] = []
  const end = (result: CaseResult): void => {
    results.push(result)
    onResult(result)
  }
  const tasks: Task[] = []
  suites.forEach((suite, id) => {
    suite.suite.cases.forEach((test, at) => {
      if (test.skip !== undefined) {
        end(resultOf(suite, at, { status: 'skipped', problems: [test.skip] }))
        return
      }
      const job = { id, suite: suite.suite, base: suite.base, flows: suite.flows }
      tasks.push({ job, at, timeoutMs: timeoutOf(job, test) })
    })
  })
  const byFlow = new Map<string, FlowCounts>()
  for (const { flowFile } of suites) byFlow.set(flowFile, { counts: noCounts(), code: {} })
  const done = await runTasks(tasks, pool, ({ job, at }, ended) => {
    const suite = suites[job.id] as LoadedSuite
    if (ended.kind === 'ran') add(byFlow.get(suite.flowFile), ended)
    end(ended.kind === 'ran' ? ranResult(suite, at, ended) : lostResult(suite, at, ended))
  })
  const order = new Map(
    suites
      .flatMap(({ file, suite }) => suite.cases.map(({ name }) => `${file}\n${name}`))
      .map((key, at) => [key, at]),
  )
  const placeOf = ({ file, name }: CaseResult): number => order.get(`${file}\n${name}`) ?? 0
  return {
    nodeRed: done.nodeRed,
    cases: results.sort((a, b) => placeOf(a) - placeOf(b)),
    durationMs: Math.round(performance.now() - started),
    coverage: options.coverage ? await coverages(suites, byFlow, done) : [],
    profiles: done.profiles,
  }
}

function add(flow: FlowCounts | undefined, { outcome }: Extract<Ended, { kind: 'ran' }>): void {
  if (!flow) return
  addCounts(flow.counts, outcome.counts)
  flow.code = addCodeCounts(flow.code, outcome.code)
}

async function coverages(
  suites: readonly LoadedSuite[],
  byFlow: ReadonlyMap<string, FlowCounts>,
  { looks }: PoolResult,
): Promise<readonly FlowCoverage[]> {
  const topologies = new Map(suites.map(({ flowFile, topology }) => [flowFile, topology]))
  return Promise.all(
    [...topologies].map(async ([file, topology]) => {
      const { counts, code } = byFlow.get(file) ?? { counts: noCounts(), code: {} }
      return coverageOf({ file, topology, counts, code, units: await codeUnits(topology), looks })
    }),
  )
}

function resultOf(
  suite: LoadedSuite,
  at: number,
  parts: Pick<CaseResult, 'status' | 'problems'> & Partial<CaseResult>,
): CaseResult {
  return {
    file: suite.file,
    name: suite.suite.cases[at]?.name ?? '',
    line: suite.lineOf(['cases', at]),
    durationMs: 0,
    blocked: [],
    log: [],
    flows: suite.flowFile,
    trace: { hops: [], dropped: 0 },
    ...parts,
  }
}

function ranResult(suite: LoadedSuite, at: number, { outcome }: Extract<Ended, { kind: 'ran' }>): CaseResult {
  const { problems, durationMs, blocked, log, trace } = outcome
  const status = problems.length === 0 ? 'passed' : 'failed'
  return resultOf(suite, at, { status, problems, durationMs, blocked, log, trace })
}

function lostResult(suite: LoadedSuite, at: number, ended: Extract<Ended, { kind: 'lost' }>): CaseResult {
  const { topology } = suite
  const node = topology.nodes.get(topology.running.get(ended.node ?? '')?.id ?? '')
  const name = node && `node \`${node.name}\` (${node.type}, id ${node.id})`
  const problem =
    ended.why === 'hung'
      ? `Time-out: ${name === undefined ? setUpsOf(topology) : `${name} was entered last and`} never let go (an endless loop?); its process was ended, ${ended.message}`
      : `Crash: ${name ?? 'a node, before a message entered one,'} ended its process: ${ended.message}`
  return resultOf(suite, at, { status: 'failed', problems: [problem] })
}

// Nothing was entered yet: it happened as the flow was started.
function setUpsOf({ nodes }: Topology): string {
  const names = [...nodes.values()]
    .filter(({ stored }) => typeof stored['initialize'] === 'string' && stored['initialize'].trim() !== '')
    .map(({ name }) => `\`${name}\``)
  return names.length === 0 ? 'the start of a node' : `the set-up of ${names.slice(0, 8).join(' or ')}`
}
