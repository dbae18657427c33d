/** The recorded work within which code runs. */
export interface ActiveTrace {
  /** The correlation id of the trace: its trace id, with dashes. */
  readonly correlationId: string
  /** The node's part of it, as other systems are told of it; undefined where the trace is not sampled. */
  readonly span: SpanParent | undefined
}

/** A span as the parent of what another system does. */
export interface SpanParent {
  /** 16 hex digits. */
  readonly spanId: string
  readonly isSampled: boolean
  readonly tracestate: string | undefined
}

type Finder = () => ActiveTrace | undefined

let find: Finder | undefined

/** The recorded work that the asynchronous context belongs to; undefined where nothing is recorded. */
export const activeTrace = (): ActiveTrace | undefined => find?.()

/** Makes the recorder known that {@link activeTrace} asks. @returns takes it back. */
export function provideActiveTrace(finder: Finder): () => void {
  find = finder
  return () => {
    if (find === finder) find = undefined
  }
}
