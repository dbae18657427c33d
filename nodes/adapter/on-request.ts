import type { Answer } from '../../lib/endpoint/answer.ts'
import type { IncomingRequest, OutgoingResponse } from '../../lib/endpoint/http.ts'
import type { EndpointDescription } from '../../lib/endpoint/openapi.ts'
import type { VisitReport } from '../../lib/endpoint/visit.ts'
import { processMetrics, type NodeMetrics } from '../../lib/metrics/metrics.ts'
import { systemClock } from '../../lib/system.ts'
import { auditorOf, type Auditor } from './audit.ts'
import { withinClose } from './close-wait.ts'
import { documentEndpoint } from './endpoint-documents.ts'
import { watchFailures } from './flow-failures.ts'
import { httpRoutesOf, type Route } from './http-routes.ts'
import { labelOf, toPaletteError } from './on-input.ts'
import { StatusWriter } from './status.ts'
import type { Message, Node, NodeAPI, NodeDef } from './types.ts'

/** What the set-up of an endpoint gets. */
export interface RequestTools {
  /** Sends a message into the flow. */
  readonly send: (msg: Message) => void
  /** Tells how a request ended; see `EndpointPorts.record`. */
  readonly record: (report: VisitReport) => Promise<Answer | undefined> | undefined
}

/** What the set-up of an endpoint gives. */
export interface Served {
  /** Answers the request; `record` must be called once for it. */
  serve(request: IncomingRequest, response: OutgoingResponse, isSimulated: boolean): void
  /** Answers all that is in work. */
  close(): void
}

/** Where an endpoint is served. */
export interface ServedPaths {
  readonly path: string
  readonly simulatePath: string | undefined
  /** What the documentation tells of it. */
  readonly description: EndpointDescription
}

/**
 * The one wrapper around nodes that are called by HTTP. It owns set-up errors (answered with 503, never open), the routes,
 * status, metrics, audit record, and the answers of what is in work on close.
 *
 * @param paths may throw: then nothing is served.
 * @param setup runs once.
 */
export function onRequest(
  RED: NodeAPI,
  node: Node,
  def: NodeDef,
  paths: () => ServedPaths,
  setup: (tools: RequestTools) => Promise<Served>,
): void {
  const server = new RequestServer(RED, node)
  server.open(def, paths, setup)
  node.on('close', (_removed: boolean, done: () => void) => {
    void server.close().then(done)
  })
}

class RequestServer {
  readonly #RED: NodeAPI
  readonly #node: Node
  readonly #status: StatusWriter
  readonly #metrics: NodeMetrics
  readonly #frees: (() => void)[] = []
  readonly #records = new Set<Promise<unknown>>()
  #ready: Served | undefined
  #prepared: Promise<Served> | undefined
  #auditor: Auditor | undefined
  #title = ''
  #isClosed = false

  constructor(RED: NodeAPI, node: Node) {
    this.#RED = RED
    this.#node = node
    this.#status = new StatusWriter(node)
    this.#metrics = processMetrics.node(node.type, node.id)
  }

  open(def: NodeDef, paths: () => ServedPaths, setup: (tools: RequestTools) => Promise<Served>): void {
    try {
      const { path, simulatePath, description } = paths()
      this.#title = `ready · POST ${path}`
      this.#serve(path, false)
      if (simulatePath !== undefined) this.#serve(simulatePath, true)
      this.#frees.push(watchFailures(this.#RED), documentEndpoint(this.#RED, description))
    } catch (error) {
      for (const free of this.#frees.splice(0)) free()
      this.#fail(error)
      return
    }
    this.#prepared = this.#prepare(def, setup)
    this.#prepared.catch(() => undefined) // each request is told
  }

  async close(): Promise<void> {
    this.#isClosed = true
    for (const free of this.#frees) free()
    try {
      const served = this.#ready ?? (await this.#prepared)
      served?.close()
    } catch {
      // An endpoint whose set-up failed has nothing in work.
    }
    if (this.#records.size > 0) await withinClose(Promise.all(this.#records))
    this.#status.close()
    this.#auditor?.close()
  }

  async #prepare(def: NodeDef, setup: (tools: RequestTools) => Promise<Served>): Promise<Served> {
    try {
      this.#auditor = await auditorOf(this.#RED, this.#node, def)
      this.#ready = await setup({ send: (msg) => this.#node.send(msg), record: this.#record })
      this.#status.set('ready', this.#title)
      return this.#ready
    } catch (error) {
      this.#fail(error)
      throw error
    }
  }

  #fail(error: unknown): void {
    const known = toPaletteError(error)
    this.#status.set('failed', labelOf(known))
    this.#node.error(known.message) // there is no message that could tell it to a Catch node
  }

  #serve(path: string, isSimulated: boolean): void {
    const { name, type, id } = this.#node
    const route: Route = {
      owner: name ? `"${name}" (${type} ${id})` : `${type} \`${id}\``,
      serve: (request, response) => {
        this.#metrics.started()
        if (this.#ready) this.#ready.serve(request, response, isSimulated)
        else void this.#serveLater(request, response, isSimulated)
      },
    }
    this.#frees.push(httpRoutesOf(this.#RED).add(path, route))
  }

  async #serveLater(
    request: IncomingRequest,
    response: OutgoingResponse,
    isSimulated: boolean,
  ): Promise<void> {
    let failure: unknown
    try {
      const served = await this.#prepared
      if (served && !this.#isClosed) {
        served.serve(request, response, isSimulated)
        return
      }
    } catch (error) {
      failure = error
    }
    const { refuse } = await import('../../lib/endpoint/refuse.ts')
    const { newCorrelationId } = await import('../../lib/correlation/correlation.ts')
    const ports = { clock: systemClock, newId: newCorrelationId }
    const { code, latencyMs } = refuse(request, response, toPaletteError(failure), ports)
    this.#metrics.finished(latencyMs, code)
  }

  readonly #record = (report: VisitReport): Promise<Answer | undefined> | undefined => {
    this.#metrics.finished(report.latencyMs, report.code)
    if (report.code === undefined) this.#status.set('ready', this.#title)
    else this.#status.set('failed', report.code)
    if (!this.#auditor) return undefined
    const record = this.#audit(this.#auditor, report)
    this.#records.add(record)
    void record.then(() => this.#records.delete(record))
    return record
  }

  // The answer goes out once the record is durable, as messages do.
  async #audit(auditor: Auditor, report: VisitReport): Promise<Answer | undefined> {
    const { correlationId, latencyMs, status, code, isReplayed, isSimulated } = report
    const details = {
      status,
      ...(isReplayed && { replayed: true }),
      ...(isSimulated && { simulated: true }),
    }
    const error = code === undefined ? undefined : { code, message: `answered ${status}`, details: {} }
    try {
      const loss = await auditor.write({ correlationId, latencyMs, facts: { details }, error })
      if (loss) this.#status.set('degraded', 'audit record lost')
      return undefined
    } catch (failure) {
      const { failureAnswer } = await import('../../lib/endpoint/answer.ts')
      const known = toPaletteError(failure)
      this.#status.set('failed', known.code)
      return failureAnswer(known, { correlationId })
    }
  }
}
