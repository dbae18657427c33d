import { abortedError, isPaletteError, PaletteError, show } from '../../lib/errors.ts'
import { processMetrics } from '../../lib/metrics/metrics.ts'
import { redactText } from '../../lib/redact/redact.ts'
import { systemClock } from '../../lib/system.ts'
import { auditorOf, type Auditor } from './audit.ts'
import { withinClose } from './close-wait.ts'
import { MessageContext, type Context } from './message-context.ts'
import { StatusWriter } from './status.ts'
import { writeFailure } from './step.ts'
import type { Message, Node, NodeAPI, NodeDef, Outputs } from './types.ts'

/** A message that is done sooner shows no busy status. */
const BUSY_AFTER_MS = 150

/**
 * Works on one message: maps it to a request, calls the lib, writes the result into the same message. Null: the message
 * ends here, because it was an order to the node itself, or all was sent already.
 */
export type Handler = (msg: Message, context: Context) => Promise<Outputs | null> | Outputs | null

/** What a node's set-up gives: the handler, and what is to be freed on close. */
export interface Prepared {
  readonly handle: Handler
  /**
   * What the node does instead of its work with a message that may change nothing outside; undefined: its work changes nothing.
   * Every node that does change something must have it.
   */
  readonly simulate?: ((msg: Message) => Outputs | undefined) | undefined
  readonly close?: () => Promise<void> | void
}

/**
 * The one wrapper around a node's input. It owns set-up errors, `send` and `done` (exactly one of: sent, or
 * `done(error)`), the status, correlation id, metrics, audit record, and abort on close.
 *
 * @param setup runs once; what it throws is shown as a red status and fails each message.
 */
export function onInput(
  RED: NodeAPI,
  node: Node,
  def: NodeDef,
  setup: () => Promise<Handler | Prepared>,
): void {
  const runner = new Runner(RED, node, def, setup)
  node.on('input', (msg, send, done) => {
    // Node-RED's own `done` throws for a message that it cannot copy; that must not end the process.
    runner.run(msg, send as (out: unknown) => void, done).catch((error: unknown) => {
      node.error(toPaletteError(error).message)
    })
  })
  node.on('close', (_removed: boolean, done: () => void) => {
    void runner.close().then(done)
  })
}

class Runner {
  readonly status: StatusWriter
  readonly #metrics
  readonly #abort = new AbortController()
  readonly #closers = new Set<(reason: unknown) => void>()
  readonly #prepared: Promise<Prepared>
  #ready: Prepared | undefined
  #correlate: ((msg: Message) => string) | undefined
  #auditor: Auditor | undefined
  #inFlight = 0
  #idle: (() => void) | undefined
  #cancelBusy: (() => void) | undefined

  constructor(RED: NodeAPI, node: Node, def: NodeDef, setup: () => Promise<Handler | Prepared>) {
    this.status = new StatusWriter(node)
    this.#metrics = processMetrics.node(node.type, node.id)
    this.#prepared = this.#prepare(() => auditorOf(RED, node, def), setup)
    this.#prepared.catch(() => undefined) // each message reports it
  }

  async #prepare(
    findAuditor: () => Promise<Auditor | undefined>,
    setup: () => Promise<Handler | Prepared>,
  ): Promise<Prepared> {
    try {
      const loading = import('./correlate.ts') // not with the palette: uuid takes 20 ms to load
      this.#auditor = await findAuditor() // a trail that is chosen but missing is a set-up error
      const made = await setup()
      this.#correlate = (await loading).correlate
      this.#ready = typeof made === 'function' ? { handle: made } : made
      this.status.set('ready', 'ready')
      return this.#ready
    } catch (error) {
      const known = toPaletteError(error)
      this.status.set('failed', labelOf(known))
      throw known
    }
  }

  async run(msg: Message, send: (out: unknown) => void, done: (error?: Error) => void): Promise<void> {
    const started = systemClock.monotonic()
    this.#start()
    const facts = this.#context(msg, send)
    let failure: PaletteError | undefined
    try {
      facts.correlationId = (this.#correlate ??= (await import('./correlate.ts')).correlate)(msg)
      const { handle, simulate } = this.#ready ?? (await this.#prepared)
      this.#refuseIfClosed()
      const out = (facts.isSimulated && simulate?.(msg)) || (await handle(msg, facts))
      if (out !== null) {
        this.#refuseIfClosed()
        await this.#record(facts, systemClock.monotonic() - started)
        facts.send(out)
      }
    } catch (error) {
      failure = await this.#recordFailure(toPaletteError(error), facts, systemClock.monotonic() - started)
      writeFailure(msg, failure)
    }
    this.#finish(systemClock.monotonic() - started, failure, facts)
    if (failure) done(failure)
    else done()
  }

  #context(msg: Message, send: (out: unknown) => void): MessageContext {
    const hooks = {
      signal: this.#abort.signal,
      onClose: this.#onClose,
      show: this.#show,
      auditor: () => this.#auditor,
      send: (out: Outputs) => {
        this.#refuseIfClosed()
        send(out)
      },
    }
    return new MessageContext(hooks, msg)
  }

  readonly #onClose = (callback: (reason: unknown) => void): (() => void) => {
    this.#closers.add(callback)
    return () => void this.#closers.delete(callback)
  }

  async close(): Promise<void> {
    const reason = abortedError('The message')
    this.#abort.abort(reason)
    for (const stop of this.#closers) stop(reason)
    if (this.#inFlight > 0) {
      const idle = new Promise<void>((resolve) => {
        this.#idle = resolve
      })
      await withinClose(idle)
    }
    this.#cancelBusy?.()
    this.status.close()
    try {
      const prepared = this.#ready ?? (await this.#prepared)
      await prepared.close?.()
    } catch {
      // A node whose set-up failed has nothing to free; what fails while closing must not stop a redeploy.
    }
    this.#auditor?.close()
  }

  #start(): void {
    this.#inFlight += 1
    this.#metrics.started()
    if (this.#inFlight === 1 && !this.#cancelBusy) {
      this.#cancelBusy = systemClock.after(BUSY_AFTER_MS, () => {
        this.#cancelBusy = undefined
        if (this.#inFlight > 0) this.status.set('busy', 'working')
      })
    }
  }

  // What a handler tells of itself says more than "working".
  readonly #show = (kind: 'busy' | 'degraded', text: string): void => {
    this.#cancelBusy?.()
    this.#cancelBusy = undefined
    this.status.set(kind, text)
  }

  #finish(latencyMs: number, failure: PaletteError | undefined, context: MessageContext): void {
    const { kind, text } = context
    context.close()
    this.#inFlight -= 1
    this.#metrics.finished(latencyMs, failure?.code)
    if (failure) this.status.set('failed', labelOf(failure))
    else this.status.set(kind, text)
    if (this.#inFlight === 0) this.#idle?.()
  }

  #refuseIfClosed(): void {
    if (this.#abort.signal.aborted) throw abortedError('The message')
  }

  async #record(context: MessageContext, latencyMs: number): Promise<void> {
    if (!this.#auditor || context.isRecorded) return
    const { correlationId, recordFacts: facts } = context
    const loss = await this.#auditor.write({ correlationId, latencyMs, facts })
    context.isRecorded = true
    if (loss) context.summary('audit record lost', 'degraded')
  }

  // The failure that the user sees is the first one; an audit trail that is down as well is told in its details.
  async #recordFailure(
    error: PaletteError,
    { correlationId, recordFacts: facts, isRecorded }: MessageContext,
    latencyMs: number,
  ): Promise<PaletteError> {
    if (isRecorded || error.code === 'AUDIT_UNAVAILABLE') return error
    try {
      await this.#auditor?.write({ correlationId, latencyMs, facts, error })
      return error
    } catch (cause) {
      const details = { ...error.details, audit: (cause as Error).message }
      return new PaletteError(error.code, error.message, { details, cause: error.cause })
    }
  }
}

/** Anything that was thrown as a PaletteError: what is none already is a defect of ours, or an abort. */
export function toPaletteError(error: unknown): PaletteError {
  if (isPaletteError(error)) return error
  if (error instanceof Error && error.name === 'AbortError') return abortedError('The message', error)
  const message = redactText(error instanceof Error ? error.message : show(error))
  return new PaletteError('INTERNAL_ERROR', `Unexpected failure: ${message}`, { cause: harmless(error) })
}

// Nobody knows what a stranger's error holds, and a Catch node shows its cause.
function harmless(error: unknown): Error | undefined {
  if (!(error instanceof Error)) return undefined
  const copy = new Error(redactText(error.message))
  copy.stack = redactText(error.stack ?? '')
  return copy
}

/** What a status says of a failure. */
export const labelOf = (error: PaletteError): string =>
  typeof error.details['field'] === 'string' ? `${error.code}: ${error.details['field']}` : error.code
