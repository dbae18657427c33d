import type { LiveTrace, TraceSummary } from '../../lib/trace/live-trace.ts'
import { ask } from '../ask.ts'
import { words } from './words.ts'

/** What the runtime tells of its traces. */
export interface TraceReport {
  /** Undefined: traces are off. */
  readonly settings?: { readonly sample: number; readonly changes: boolean; readonly failed: boolean }
  /** What is wrong in `settings.js`. */
  readonly problems: readonly string[]
  readonly version: string
  /** Newest first. */
  readonly traces: readonly TraceSummary[]
}

/** The report, or its version alone where that is the one given. */
export const readTraces = (version: string): Promise<TraceReport | { readonly version: string }> =>
  read(`cxone/traces?version=${version}`) as Promise<TraceReport>

/** One trace with its hops; undefined where it is not kept any more. */
export const readTrace = (id: string): Promise<LiveTrace | undefined> =>
  (read(`cxone/traces/${id}`) as Promise<LiveTrace>).catch(() => undefined)

/** Switches traces on or off, or forgets them; what goes wrong is shown as a notice. */
export function command(
  action: 'start' | 'stop' | 'clear',
  body: object,
  done: (report: TraceReport) => void,
): void {
  ask(`traces/${action}`, body, {
    noAnswer: words('noAnswer'),
    done: (report) => done(report as TraceReport),
    failed: ({ message }) => RED.notify(message, 'error'),
  })
}

// By the editor's own way: it adds the token of the user.
const read = (url: string): Promise<unknown> =>
  new Promise((resolve, reject) => {
    $.ajax({ url, type: 'GET' }).then(resolve, () => reject(new Error(`no answer of ${url}`)))
  })
