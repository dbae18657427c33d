import type { RemoteParent } from '../correlation/traceparent.ts'
import type { HopError } from '../flowtest/trace.ts'
import type { LiveHop } from './live-trace.ts'

/** The span of a hop, in a tracing system. */
export interface HopSpan {
  /** 16 hex digits. */
  readonly spanId: string
  /** Whether the tracing system records it. */
  readonly isSampled: boolean
  fail(error: HopError): void
  /** @param atMs Unix time in milliseconds. Only the first call counts. */
  end(atMs: number): void
}

/** What a span needs to know of the trace that its hop belongs to. */
export interface SpanOrigin {
  /** UUID; its digits become the trace id. */
  readonly correlationId: string
  readonly remote: RemoteParent | undefined
  /** The span of the hop before; undefined at the beginning. */
  readonly parent: HopSpan | undefined
  /** Unix time in milliseconds. */
  readonly enteredAt: number
}

/** Begins spans. */
export interface HopSpans {
  /** @returns undefined where nobody collects spans. */
  begin(hop: LiveHop, origin: SpanOrigin): HopSpan | undefined
}
