import { setTimeout as delay } from 'node:timers/promises'
import { findNode, findTriggered } from '../../lib/flowtest/find-node.ts'
import { findEndpoint, requestOf } from '../../lib/flowtest/http-trigger.ts'
import { triggersOf } from '../../lib/flowtest/parse-suite.ts'
import type { HttpRequest, Trigger } from '../../lib/flowtest/suite.ts'
import { sampleMessage } from '../../lib/mock/sample-message.ts'
import { redactText } from '../../lib/redact/redact-text.ts'
import type { Embedded } from './embedded.ts'
import { call } from './http-call.ts'
import type { CaseTap, PreparedCase } from './run-case.ts'
import type { LiveNode } from './runtime-tap.ts'

const POLL_MS = 2

/** Starts what a case begins with, one trigger after the other; a request is waited for before the next one. */
export class Triggers {
  readonly #embedded: Embedded
  readonly #prepared: PreparedCase
  readonly #tap: CaseTap
  readonly #stop = new AbortController()
  readonly #problems: string[] = []
  #error: Error | undefined
  #isDone = false

  constructor(embedded: Embedded, prepared: PreparedCase, tap: CaseTap) {
    this.#embedded = embedded
    this.#prepared = prepared
    this.#tap = tap
  }

  /** Whether all were started, and all requests have ended. @throws what kept one from being started. */
  get isDone(): boolean {
    if (this.#error) throw this.#error
    return this.#isDone
  }

  /** Requests that were not answered, triggers that were not started. */
  get problems(): readonly string[] {
    return this.#problems
  }

  start(): void {
    void this.#fireAll().then(
      () => {
        this.#isDone = true
      },
      (error: unknown) => {
        this.#error = error instanceof Error ? error : new Error(String(error))
      },
    )
  }

  /** Ends what is still waited for. */
  async stop(): Promise<void> {
    if (this.#isDone) return
    this.#stop.abort()
    // What is waited for settles soon.
    await delay(2 * POLL_MS)
  }

  async #fireAll(): Promise<void> {
    for (const trigger of triggersOf(this.#prepared.test)) {
      const { http, times = 1, after } = trigger
      if (after !== undefined && !(await this.#reached(after))) return
      if (!http) this.#fire(trigger)
      else for (let count = times; count > 0; count -= 1) await this.#call(trigger, http)
    }
  }

  /** Waits for a node. @returns false where the case ended before. */
  async #reached(name: string): Promise<boolean> {
    const { topology } = this.#prepared
    const node = findNode(topology, name, 'trigger.after')
    while (!this.#tap.recorder.counts.nodes[node.id]) {
      if (this.#stop.signal.aborted) {
        this.#problems.push(`A trigger waited for \`${node.name}\`, which was not reached`)
        return false
      }
      await delay(POLL_MS)
    }
    return true
  }

  async #call(trigger: Trigger, http: HttpRequest): Promise<void> {
    const { signal } = this.#stop
    if (signal.aborted) return
    const target = findEndpoint(this.#prepared.topology, trigger, 'trigger')
    const { hangUpMs } = http
    const end = await call(requestOf(target, http), { url: this.#embedded.url, hangUpMs, signal })
    const title = `${target.method} ${redactText(target.path)}`
    if (end.kind === 'answered') this.#tap.answered({ ...end, endpoint: target.endpoint?.node.id })
    else if (end.kind === 'failed') this.#problems.push(`${title} ${end.why}`)
  }

  #fire(trigger: Trigger): void {
    const { topology } = this.#prepared
    const node = findTriggered(topology, trigger, 'trigger.node')
    const ids = [...topology.running].filter(([, { id }]) => id === node.id).map(([id]) => id)
    if (ids.length > 1)
      throw new Error(
        `Node \`${node.name}\` runs ${ids.length} times, once an instance of its subflow: trigger the instance`,
      )
    const live = this.#embedded.red.nodes.getNode(ids[0] ?? node.id)
    if (!live) throw new Error(`Node \`${node.name}\` did not start: see the log`)
    for (let at = 0; at < (trigger.times ?? 1); at += 1) fireOnce(this.#prepared, live, trigger, at)
  }
}

function fireOnce({ inputs }: PreparedCase, live: LiveNode, trigger: Trigger, at: number): void {
  if (trigger.inject === true) {
    live.receive({})
    return
  }
  const message = trigger.mock ? sampleMessage(trigger.mock, at) : structuredClone(trigger.message ?? {})
  const hasInput = (inputs.get(live.type) ?? 1) > 0 && Boolean(live._inputCallback ?? live._inputCallbacks)
  if (trigger.output === undefined && hasInput) {
    live.receive(message)
    return
  }
  const before = Array.from({ length: (trigger.output ?? 1) - 1 }, () => null)
  live.send([...before, message])
}
