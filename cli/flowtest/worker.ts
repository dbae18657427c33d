import { rm, writeFile } from 'node:fs/promises'
import { Session, type Profiler } from 'node:inspector'
import { join } from 'node:path'
import { codeUnits } from '../../lib/flowtest/code-coverage.ts'
import { noCounts } from '../../lib/flowtest/counts.ts'
import type { StoredNode } from '../../lib/flowtest/flow-file.ts'
import { looksOf, type NodeLook } from '../../lib/flowtest/node-looks.ts'
import { DATA_FOLDER, withProfiles } from '../../lib/flowtest/profiles.ts'
import { buildTopology, type Topology } from '../../lib/flowtest/topology.ts'
import { redactText } from '../../lib/redact/redact-text.ts'
import { processTimeline } from '../../lib/uuid/timeline.ts'
import { CodeCounters } from './code-counters.ts'
import { setClock, setSeed } from './determinism.ts'
import { Embedded, MissingTypes } from './embedded.ts'
import { prepareCase } from './prepare-case.ts'
import type { CaseOutcome, Job, WorkerOptions } from './protocol.ts'
import { brokenRun, CaseTap, runCase, type CaseRun } from './run-case.ts'

interface Loaded {
  readonly job: Job
  readonly topology: Topology
  readonly flows: readonly StoredNode[]
}

const MAX_LOG_LINES = 50
const takeBlocked = (globalThis as Record<symbol, unknown>)[Symbol.for('cxone-flows.blocked')] as
  (() => readonly string[]) | undefined

/** Runs cases one after another in this process, each on flows that were started for it. */
export class Worker {
  readonly looks: ReadonlyMap<string, NodeLook>
  readonly #options: WorkerOptions
  readonly #embedded: Embedded
  readonly #mark: (runningId: string) => void
  readonly #session = new Session()
  readonly #log: string[]
  readonly #counters: CodeCounters | undefined
  #loaded: Loaded | undefined
  #isProfiling = false

  private constructor(options: WorkerOptions, embedded: Embedded, log: string[], mark: (id: string) => void) {
    this.#options = options
    this.#embedded = embedded
    this.#log = log
    this.#mark = mark
    this.looks = looksOf(embedded.red.nodes.getNodeConfigs('en-US'))
    this.#session.connect()
    if (options.coverage) this.#counters = CodeCounters.start()
    if (options.profile) this.#post('Profiler.enable')
  }

  /** @param mark is told the running node that a message enters. */
  static async start(options: WorkerOptions, mark: (runningId: string) => void): Promise<Worker> {
    const log: string[] = []
    const embedded = await Embedded.start({
      nodeRed: options.nodeRed,
      folder: options.folder,
      packageRoot: options.packageRoot,
      userDir: options.userDir,
      log: (line) => {
        if (log.length < MAX_LOG_LINES) log.push(redactText(line))
      },
    })
    return new Worker(options, embedded, log, mark)
  }

  get version(): string {
    return this.#embedded.red.version()
  }

  /** Takes a case file over. @returns what its flow holds. @throws when the flow cannot run. */
  async load(job: Job): Promise<Topology> {
    const topology = buildTopology(job.flows)
    const { profiles = {}, credentials = {} } = job.suite
    const flows = withProfiles(job.flows, { profiles, credentials, folder: this.#options.folder })
    this.#counters?.expect(await codeUnits(topology), topology)
    this.#loaded = { job, topology, flows }
    return topology
  }

  /** Runs one case of the case file. Never rejects. */
  async run(at: number): Promise<CaseOutcome> {
    const started = performance.now()
    this.#startProfile()
    this.#log.length = 0
    takeBlocked?.()
    const { run, tap } = await this.#deployAndRun(at)
    const durationMs = Math.round(performance.now() - started)
    tap?.close()
    setClock(undefined)
    await this.#embedded.halt()
    setSeed(undefined)
    await rm(join(this.#options.folder, DATA_FOLDER), { recursive: true, force: true })
    return {
      ...run,
      durationMs,
      blocked: takeBlocked?.() ?? [],
      log: [...this.#log],
      trace: tap?.recorder.trace ?? { hops: [], dropped: 0 },
      counts: tap?.recorder.counts ?? noCounts(),
      code: this.#counters?.take() ?? {},
    }
  }

  /** Writes the CPU profile of all that was run. @returns its file. */
  async finish(): Promise<string | undefined> {
    if (!this.#isProfiling) return undefined
    const { profile } = this.#post('Profiler.stop') as { profile: Profiler.Profile }
    this.#counters?.ownColumns(profile.nodes.map(({ callFrame }) => callFrame))
    const file = join(this.#options.folder, 'run.cpuprofile')
    await writeFile(file, JSON.stringify(profile))
    return file
  }

  // With the first case: how long Node-RED takes to start is not asked.
  #startProfile(): void {
    if (!this.#options.profile || this.#isProfiling) return
    this.#isProfiling = true
    this.#post('Profiler.start')
  }

  async #deployAndRun(at: number): Promise<{ run: CaseRun; tap?: CaseTap }> {
    const loaded = this.#loaded
    if (!loaded) return { run: brokenRun(new Error('No case file is loaded')) }
    let tap: CaseTap | undefined
    try {
      const { job, topology, flows } = loaded
      const prepared = await prepareCase(job, at, { topology, looks: this.looks, mark: this.#mark })
      setClock(prepared.test.clock ?? job.suite.clock)
      setSeed(prepared.test.seed ?? job.suite.seed)
      processTimeline.startOver()
      tap = new CaseTap(prepared, (message) => this.#embedded.red.util.cloneMessage(message))
      await this.#embedded.deploy(flows, tap)
      return { run: await runCase(this.#embedded, prepared, tap), tap }
    } catch (error) {
      const told = error instanceof MissingTypes ? namesOfMissing(error, loaded.job.flows) : error
      return { run: brokenRun(told), ...(tap ? { tap } : {}) }
    }
  }

  // The inspector of its own process answers at once.
  #post(method: string, params: object = {}): unknown {
    let answer: unknown
    this.#session.post(method, params, (error: Error | null, result?: unknown) => {
      if (error) throw error
      answer = result
    })
    return answer
  }
}

function namesOfMissing({ types, message }: MissingTypes, flows: readonly StoredNode[]): Error {
  const nodes = flows.filter(({ type }) => types.includes(type)).slice(0, 8)
  const list = nodes.map(({ id, name, type }) => `\`${name || type}\` (id ${id})`).join(', ')
  return new Error(
    `${message}, of ${list}. Install the nodes, or name the user directory that has them with --user-dir`,
  )
}
