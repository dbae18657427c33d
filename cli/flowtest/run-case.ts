import { setTimeout as delay } from 'node:timers/promises'
import { PaletteError } from '../../lib/errors.ts'
import type { Answer, Expectations } from '../../lib/flowtest/expectations.ts'
import { describeUnmet, messageOf, type Happened } from '../../lib/flowtest/expectations.ts'
import { endpointAt, endpointsOf } from '../../lib/flowtest/http-trigger.ts'
import { Recorder } from '../../lib/flowtest/recorder.ts'
import { codeOf, type RuntimeMessage } from '../../lib/flowtest/runtime-message.ts'
import type { StubAnswer } from '../../lib/flowtest/stubs.ts'
import type { Message, TestCase } from '../../lib/flowtest/suite.ts'
import type { Topology } from '../../lib/flowtest/topology.ts'
import { systemClock } from '../../lib/system.ts'
import { databasesOpen } from './databases.ts'
import type { Embedded } from './embedded.ts'
import type { LiveNode, Tap } from './runtime-tap.ts'
import { Triggers } from './triggers.ts'

/** What a case needs that was found beforehand. */
export interface PreparedCase {
  readonly test: TestCase
  readonly topology: Topology
  readonly expectations: Expectations
  readonly stubs: ReadonlyMap<string, readonly StubAnswer[]>
  readonly failureModes: ReadonlyMap<string, readonly string[]>
  /** Inputs of each node type. */
  readonly inputs: ReadonlyMap<string, number>
  readonly timeoutMs: number
  readonly mark: (runningId: string) => void
}

/** What the runtime answers itself while it runs a case: recording and stubs. */
export class CaseTap implements Tap {
  readonly recorder: Recorder
  readonly #prepared: PreparedCase
  readonly #clone: (message: object) => object
  readonly #answered = new Map<string, number>()
  readonly #timers = new Set<NodeJS.Timeout>()

  constructor(prepared: PreparedCase, clone: (message: object) => object) {
    const { topology, expectations: observer, failureModes, mark } = prepared
    this.#prepared = prepared
    this.#clone = clone
    this.recorder = new Recorder({ topology, clock: systemClock, failureModes, observer, mark })
  }

  received(node: LiveNode, message: RuntimeMessage): boolean {
    this.recorder.received(node, message)
    const answer = this.#nextAnswer(node)
    if (!answer) return true
    this.recorder.stubbed(node)
    if (answer.delayMs === 0) this.#answer(node, message, answer)
    else {
      const timer = setTimeout(() => {
        this.#timers.delete(timer)
        this.#answer(node, message, answer)
      }, answer.delayMs)
      this.#timers.add(timer)
    }
    this.recorder.handled(node, message)
    return false
  }

  handled(node: LiveNode, message: RuntimeMessage): void {
    this.recorder.handled(node, message)
  }

  sending(node: LiveNode, out: unknown, send: () => void): void {
    this.recorder.sending(node, out, send)
  }

  delivered(message: object, output: number): void {
    this.recorder.delivered(message, output)
  }

  completed(node: LiveNode, message: RuntimeMessage): void {
    this.recorder.completed(node, message)
  }

  failing(node: LiveNode, error: unknown, message: unknown, report: () => void): void {
    this.recorder.failing(node, error, message, report)
  }

  requested(method: string, url: string, serve: () => void): void {
    const { topology } = this.#prepared
    const endpoint = endpointAt(endpointsOf(topology), method, url.replace(/[?#].*$/s, ''))
    const running = [...topology.running].find(([, { id }]) => id === endpoint?.node.id)
    if (running) this.recorder.requested(running[0], serve)
    else serve()
  }

  /** A request of the case was answered. */
  answered(answer: Answer): void {
    const { topology, expectations, failureModes } = this.#prepared
    expectations.answered(answer)
    const node = topology.nodes.get(answer.endpoint ?? '')
    const code = codeOf(answer.body)
    if (!node || code === undefined || failureModes.get(node.type)?.includes(code) !== true) return
    // The code of a node behind the endpoint is that node's failure.
    if (this.recorder.faults.some((fault) => fault.code === code)) return
    this.recorder.refused(node.id, answer.body)
  }

  close(): void {
    this.#timers.forEach(clearTimeout)
  }

  #nextAnswer(node: LiveNode): StubAnswer | undefined {
    const { stubs, topology } = this.#prepared
    if (stubs.size === 0) return undefined
    const id = topology.running.get(node.id)?.id ?? ''
    const answers = stubs.get(id)
    if (!answers) return undefined
    const count = this.#answered.get(id) ?? 0
    this.#answered.set(id, count + 1)
    return answers[Math.min(count, answers.length - 1)]
  }

  // As a node of its own would: through the runtime, so that Catch, Status and Complete nodes see what they always see.
  #answer(node: LiveNode, message: RuntimeMessage, answer: StubAnswer): void {
    if (answer.kind === 'sends') {
      node.send(this.#outputs(message, answer.outputs))
      node._complete(message)
      return
    }
    const { error, output } = answer
    if (error instanceof PaletteError) leaveFailure(message, error)
    if (output === undefined) {
      node._complete(message, error)
      return
    }
    const { code, message: text } = error as PaletteError
    Object.assign(message, { error: { code, message: text } })
    node.send([...Array.from({ length: output }, () => null), message])
    node._complete(message)
  }

  #outputs(message: RuntimeMessage, outputs: readonly (Message | null)[]): readonly (object | null)[] {
    const filled = outputs.filter((each) => each !== null).length
    return outputs.map((each) =>
      each === null
        ? null
        : Object.assign(filled > 1 ? this.#clone(message) : message, structuredClone(each)),
    )
  }
}

// Where the nodes of the palette leave the details of a failure, which a Catch node does not get otherwise.
function leaveFailure(message: RuntimeMessage, { code, message: text, details }: PaletteError): void {
  const holder = message as { cxone?: unknown }
  const place = (holder.cxone ??= {})
  if (typeof place === 'object') Object.assign(place, { error: { code, message: text, details } })
}

/** How the messages of a case ended. */
export interface CaseRun {
  readonly problems: readonly string[]
  readonly timedOut: boolean
}

/** Triggers a case and waits for its end. The flows run already. */
export async function runCase(embedded: Embedded, prepared: PreparedCase, tap: CaseTap): Promise<CaseRun> {
  const { topology, expectations, timeoutMs } = prepared
  const { recorder } = tap
  await databasesOpen(prepared)
  const resources = countResources()
  const triggers = new Triggers(embedded, prepared, tap)
  recorder.begin()
  triggers.start()
  const happened = (): Happened => ({
    trace: recorder.trace,
    faults: recorder.faults,
    reached: recorder.counts.nodes,
  })
  const started = performance.now()
  let timedOut = false
  while (!triggers.isDone || !isOver(recorder, expectations, happened, resources)) {
    const leftMs = started + timeoutMs - performance.now()
    if (leftMs < 0) {
      timedOut = true
      break
    }
    await (recorder.isIdle ? delay(Math.max(POLL_MS, QUIET_MS - recorder.quietMs)) : idle(recorder, leftMs))
  }
  await triggers.stop()
  const unmet = expectations.unmet(happened())
  const problems = [...triggers.problems, ...unmet.map(describeUnmet)]
  if (timedOut && problems.length > 0) {
    const names = recorder.working.map((id) => `\`${topology.nodes.get(id)?.name ?? id}\``)
    problems.unshift(
      `Time-out after ${timeoutMs} ms${names.length > 0 ? `; still at work: ${names.join(', ')}` : ''}`,
    )
  }
  return {
    problems: [...problems, ...unexpected(prepared, recorder)],
    timedOut: timedOut && problems.length > 0,
  }
}

const POLL_MS = 1
/** Nothing was under way for so long: what needs no resource of the process has long gone on. */
const QUIET_MS = 4
/** A case whose expectations are met is over when nothing has happened for so long. */
const SETTLED_MS = 50

function isOver(
  recorder: Recorder,
  expectations: Expectations,
  happened: () => Happened,
  resources: number,
): boolean {
  if (!recorder.isIdle) return false
  // Nothing is under way, and nothing waits that could start something: this is the end, good or bad.
  if (countResources() <= resources && recorder.quietMs > QUIET_MS) return true
  if (recorder.quietMs < SETTLED_MS || expectations.hasNegative) return false
  return expectations.unmet(happened()).length === 0
}

/** Waits until no message is under way, but not for ever. */
function idle(recorder: Recorder, limitMs: number): Promise<void> {
  return new Promise((done) => {
    const timer = setTimeout(done, limitMs)
    recorder.whenIdle(() => {
      clearTimeout(timer)
      done()
    })
  })
}

const WAITING: ReadonlySet<string> = new Set([
  'Timeout',
  'Immediate',
  'FSReqCallback',
  'FSReqPromise',
  'GetAddrInfoReqWrap',
  'TCPConnectWrap',
  'HTTPClientRequest',
  'RandomBytesRequest',
  'PBKDF2Job',
])
const countResources = (): number =>
  process.getActiveResourcesInfo().filter((kind) => WAITING.has(kind)).length

function unexpected({ test, topology, expectations }: PreparedCase, recorder: Recorder): readonly string[] {
  if (test.allowErrors === true) return []
  const expected = expectations.expectedFaults(recorder.faults)
  return recorder.faults
    .filter((fault) => !fault.handled && !expected.has(fault))
    .map(({ node, code, message }) => {
      const name = topology.nodes.get(node)?.name ?? node
      return `\`${name}\` failed and no Catch node took it: ${code === undefined ? '' : `${code}: `}${message}`
    })
}

/** A failure of a case before its first message. */
export const brokenRun = (error: unknown): CaseRun => ({ problems: [messageOf(error)], timedOut: false })
