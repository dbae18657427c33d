import { fork, type ChildProcess } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { NodeLook } from '../../lib/flowtest/node-looks.ts'
import type { CaseOutcome, Job, Order, Report, WorkerOptions } from './protocol.ts'

/** What one case came to: it ran, or its process did not survive it. */
export type Ended =
  | { readonly kind: 'ran'; readonly outcome: CaseOutcome }
  | {
      readonly kind: 'lost'
      readonly why: 'hung' | 'crashed'
      /** As the runtime knows it: the node that failed, or that was entered last. */
      readonly node: string | undefined
      readonly message: string
    }

/** How the processes are started. */
export type PoolOptions = Omit<WorkerOptions, 'folder'>

/** How much longer than its time-out a case may take until its process must show that it lives. */
const GRACE_MS = 500
/** How long a process may take to answer until it is ended by force. */
const ALIVE_MS = 3000
const START_MS = 60_000
const HEAP_MB = 1024
/** Each case leaves a context for each Function node behind: seldom swept, they cost a sixth less time. */
const UNSWEPT_MB = 256

/** One process that runs cases, started anew after each case that it did not survive. */
class CaseProcess {
  readonly #options: PoolOptions
  readonly #home: string
  #child: ChildProcess | undefined
  #folder = ''
  #starts = 0
  #job: number | undefined
  #answer: ((report: Report) => void) | undefined
  /** Those that came before they were asked for. */
  #early: Report[] = []
  #onAlive: (() => void) | undefined
  #gone: Promise<void> = Promise.resolve()
  looks: ReadonlyMap<string, NodeLook> = new Map()
  nodeRed = ''

  constructor(options: PoolOptions, home: string) {
    this.#options = options
    this.#home = home
  }

  /** Runs one case. Rejects only when the process cannot be started or the flow cannot be loaded. */
  async run(job: Job, at: number, timeoutMs: number): Promise<Ended> {
    await this.#ready(job)
    const answer = await this.#outcome({ kind: 'run', job: job.id, at }, timeoutMs + GRACE_MS)
    if (answer?.kind === 'done') return { kind: 'ran', outcome: answer.outcome }
    const last = await this.#lastNode()
    await this.#end()
    if (answer === undefined)
      return { kind: 'lost', why: 'hung', node: last, message: `no end after ${timeoutMs} ms` }
    const crashed = answer.kind === 'crashed' ? answer : { message: 'the process ended', node: undefined }
    return { kind: 'lost', why: 'crashed', node: crashed.node ?? last, message: crashed.message }
  }

  /** Ends the process; the file of its CPU profile where one was asked for. */
  async close(): Promise<string | undefined> {
    if (!this.#child) return undefined
    const answer = this.#options.profile ? await this.#ask({ kind: 'finish' }, START_MS) : undefined
    const profile = answer?.kind === 'finished' ? answer.profile : undefined
    const text = profile === undefined ? undefined : await readFile(profile, 'utf8')
    await this.#end()
    return text
  }

  // A slow machine, or a database that takes long to open, is no endless loop: a process that answers ends its case itself.
  async #outcome(order: Order, limitMs: number): Promise<Report | undefined> {
    const end = performance.now() + limitMs + START_MS
    let answer = await this.#ask(order, limitMs)
    while (answer === undefined && performance.now() < end) {
      if (!(await this.#isAlive())) break
      answer = await this.#wait(GRACE_MS)
    }
    return answer ?? this.#early.shift()
  }

  #isAlive(): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), ALIVE_MS)
      this.#onAlive = () => {
        clearTimeout(timer)
        resolve(true)
      }
      this.#child?.send({ kind: 'ping' } satisfies Order)
    })
  }

  async #ready(job: Job): Promise<void> {
    if (!this.#child) await this.#start()
    if (this.#job === job.id) return
    const answer = await this.#ask({ kind: 'load', job }, START_MS)
    if (answer?.kind !== 'loaded' || answer.problem !== undefined) {
      const why =
        answer?.kind === 'loaded' ? answer.problem : answer?.kind === 'crashed' ? answer.message : 'no answer'
      throw new Error(why)
    }
    this.#job = job.id
  }

  async #start(): Promise<void> {
    this.#starts += 1
    this.#folder = join(this.#home, `run-${this.#starts}`)
    await mkdir(this.#folder, { recursive: true })
    const options: WorkerOptions = { ...this.#options, folder: this.#folder }
    const child = fork(join(__dirname, 'child.js'), [JSON.stringify(options)], {
      execArgv: [
        '--require',
        join(__dirname, 'network-guard.js'),
        `--max-old-space-size=${HEAP_MB}`,
        `--initial-old-space-size=${UNSWEPT_MB}`,
      ],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      serialization: 'advanced',
      env: { ...process.env, NODE_OPTIONS: '' },
    })
    this.#child = child
    this.#job = undefined
    this.#early = []
    const tell = (report: Report): void => {
      if (report.kind === 'alive') this.#onAlive?.()
      else if (this.#answer) this.#answer(report)
      else this.#early.push(report)
    }
    this.#gone = new Promise((done) => {
      child.once('exit', (code, signal) => {
        tell({ kind: 'crashed', message: `the process ended with ${signal ?? `exit code ${code ?? 0}`}` })
        done()
      })
    })
    child.on('message', tell)
    const answer = await this.#wait(START_MS)
    if (answer?.kind !== 'ready') {
      await this.#end()
      throw new Error(answer?.kind === 'crashed' ? answer.message : 'Node-RED did not start within a minute')
    }
    this.looks = new Map(answer.looks)
    this.nodeRed = answer.nodeRed
  }

  async #ask(order: Order, limitMs: number): Promise<Report | undefined> {
    const answer = this.#wait(limitMs)
    this.#child?.send(order)
    return answer
  }

  /** The next report; undefined when none came in time. */
  #wait(limitMs: number): Promise<Report | undefined> {
    const early = this.#early.shift()
    if (early) return Promise.resolve(early)
    return new Promise((resolve) => {
      const timer = setTimeout(() => settle(undefined), limitMs)
      const settle = (report: Report | undefined): void => {
        clearTimeout(timer)
        this.#answer = undefined
        resolve(report)
      }
      this.#answer = settle
    })
  }

  async #lastNode(): Promise<string | undefined> {
    try {
      return (await readFile(join(this.#folder, 'last-node'), 'utf8')) || undefined
    } catch {
      return undefined
    }
  }

  async #end(): Promise<void> {
    this.#child?.kill('SIGKILL')
    await this.#gone
    this.#child = undefined
    await rm(this.#folder, { recursive: true, force: true })
  }
}

/** One case to run. */
export interface Task {
  readonly job: Job
  readonly at: number
  readonly timeoutMs: number
}

/** What {@link runTasks} leaves besides the endings. */
export interface PoolResult {
  readonly looks: ReadonlyMap<string, NodeLook>
  readonly nodeRed: string
  readonly profiles: readonly string[]
}

/**
 * Runs cases on several processes side by side.
 *
 * @param onEnd is told each ending, in the order in which they come.
 * @throws what kept a process from starting, or a flow from loading.
 */
export async function runTasks(
  tasks: readonly Task[],
  options: PoolOptions & { readonly workers: number; readonly signal: AbortSignal },
  onEnd: (task: Task, ended: Ended) => void,
): Promise<PoolResult> {
  const home = await mkdtemp(join(tmpdir(), 'cxone-flow-test-'))
  const { workers, signal, ...rest } = options
  const processes = Array.from(
    { length: Math.max(1, Math.min(workers, tasks.length)) },
    (_, at) => new CaseProcess(rest, join(home, String(at))),
  )
  let next = 0
  const work = async (process: CaseProcess): Promise<void> => {
    while (!signal.aborted) {
      const task = tasks[next++]
      if (!task) return
      onEnd(task, await process.run(task.job, task.at, task.timeoutMs))
    }
  }
  try {
    await Promise.all(processes.map(work))
    const profiles = await Promise.all(processes.map((process) => process.close()))
    const [first] = processes.filter(({ nodeRed }) => nodeRed !== '')
    return {
      looks: first?.looks ?? new Map(),
      nodeRed: first?.nodeRed ?? '',
      profiles: profiles.filter((text) => text !== undefined),
    }
  } finally {
    await Promise.all(processes.map((process) => process.close()))
    await rm(home, { recursive: true, force: true })
  }
}
