import type * as Api from '@opentelemetry/api'
import type { Attributes, Context, Link, Span, SpanContext, SpanKind, Tracer } from '@opentelemetry/api'
import type { HopError } from '../flowtest/trace.ts'
import type { HopSpan, HopSpans, SpanOrigin } from './hop-spans.ts'
import type { LiveHop } from './live-trace.ts'

const SCOPE = '@cxone-flows/node-red-data-actions'
const SAMPLED = 1

/** The nodes whose spans are no internal matter; of others nobody knows. */
const KINDS: Readonly<Record<string, keyof typeof SpanKind>> = {
  'http in': 'SERVER',
  'action-in': 'SERVER',
  'http request': 'CLIENT',
  'action-lookup': 'CLIENT',
  'action-execute': 'CLIENT',
  'cxone-request': 'CLIENT',
  'connector-register': 'CLIENT',
  'webhook-send': 'CLIENT',
  'pg-action': 'CLIENT',
  'dns-resolve': 'CLIENT',
  'mqtt in': 'CONSUMER',
  'mqtt out': 'PRODUCER',
}

/**
 * Exports hops as OpenTelemetry spans, through the SDK that the process has registered; without one nothing is made. Loads
 * `@opentelemetry/api`; undefined where it is not installed.
 */
export async function loadOpenTelemetry(): Promise<HopSpans | undefined> {
  try {
    return new OpenTelemetrySpans(await import('@opentelemetry/api'))
  } catch {
    return undefined
  }
}

type OpenTelemetry = Pick<
  typeof Api,
  'trace' | 'ROOT_CONTEXT' | 'SpanKind' | 'SpanStatusCode' | 'createTraceState'
>

class OpenTelemetrySpans implements HopSpans {
  readonly #api: OpenTelemetry
  readonly #tracer: Tracer

  constructor(api: OpenTelemetry) {
    this.#api = api
    this.#tracer = api.trace.getTracer(SCOPE)
  }

  begin(hop: LiveHop, origin: SpanOrigin): HopSpan | undefined {
    const { context, parent, links } = this.#parentOf(origin)
    const span = this.#tracer.startSpan(
      hop.name || hop.type,
      {
        kind: this.#api.SpanKind[KINDS[hop.type] ?? 'INTERNAL'],
        startTime: origin.enteredAt,
        attributes: attributesOf(hop, origin.correlationId),
        links,
      },
      context,
    )
    // Without an SDK, the parent itself comes back.
    return span.spanContext().spanId === parent.spanId ? undefined : new OpenTelemetrySpan(span, this.#api)
  }

  #parentOf({ correlationId, remote, parent }: SpanOrigin): {
    context: Context
    parent: SpanContext
    links: Link[]
  } {
    const { trace, ROOT_CONTEXT } = this.#api
    if (parent instanceof OpenTelemetrySpan) {
      const { span } = parent
      return { context: trace.setSpan(ROOT_CONTEXT, span), parent: span.spanContext(), links: [] }
    }
    const traceId = correlationId.replaceAll('-', '')
    const sender = remote && this.#contextOf(remote.traceId, remote.spanId, remote.tracestate)
    const isSame = sender?.traceId === traceId
    const context = isSame ? sender : this.#contextOf(traceId, virtualParent(traceId), undefined)
    return {
      context: trace.setSpanContext(ROOT_CONTEXT, context),
      parent: context,
      links: sender && !isSame ? [{ context: sender }] : [],
    }
  }

  #contextOf(traceId: string, spanId: string, tracestate: string | undefined): SpanContext {
    const state = tracestate === undefined ? {} : { traceState: this.#api.createTraceState(tracestate) }
    return { traceId, spanId, traceFlags: SAMPLED, isRemote: true, ...state }
  }
}

// Only a parent can set the trace id of a span. The same one for all that has the correlation id, also in other runtimes.
const virtualParent = (traceId: string): string => {
  const tail = traceId.slice(16)
  return /^0+$/.test(tail) ? `${tail.slice(1)}1` : tail
}

class OpenTelemetrySpan implements HopSpan {
  readonly span: Span
  readonly #api: OpenTelemetry
  #isEnded = false

  constructor(span: Span, api: OpenTelemetry) {
    this.span = span
    this.#api = api
  }

  get spanId(): string {
    return this.span.spanContext().spanId
  }

  get isSampled(): boolean {
    return (this.span.spanContext().traceFlags & SAMPLED) === SAMPLED
  }

  // No text of the error: only those of this palette are known to hold nothing of the message.
  fail({ code }: HopError): void {
    this.span.setAttribute('error.type', code ?? '_OTHER')
    this.span.setStatus({
      code: this.#api.SpanStatusCode.ERROR,
      ...(code === undefined ? {} : { message: code }),
    })
  }

  end(atMs: number): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.span.end(atMs)
  }
}

function attributesOf(hop: LiveHop, correlationId: string): Attributes {
  const { node, type, name, flow, path, arrival, fromOutput } = hop
  return {
    'node_red.node.id': node,
    'node_red.node.type': type,
    ...(name === '' ? {} : { 'node_red.node.name': name }),
    'node_red.flow.id': flow,
    ...(path.length === 0 ? {} : { 'node_red.subflow.path': [...path] }),
    'node_red.message.arrival': arrival,
    ...(fromOutput === undefined ? {} : { 'node_red.message.output': fromOutput + 1 }),
    'cxone.correlation_id': correlationId,
  }
}
