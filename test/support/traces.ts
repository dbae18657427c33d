import type { LiveHop, LiveTrace, TraceSummary } from '../../lib/trace/live-trace.ts'
import type { TraceSettings } from '../../lib/trace/settings.ts'
import { until } from './until.ts'

/** What `/cxone/traces` answers. */
export interface TraceReport {
  readonly settings?: TraceSettings
  readonly problems: readonly string[]
  readonly version: string
  readonly traces: readonly TraceSummary[]
}

/** The traces of a Node-RED, by its admin routes. */
export class TracesOf {
  readonly #url: string

  constructor(url: string) {
    this.#url = `${url}cxone/traces`
  }

  async report(version = ''): Promise<TraceReport> {
    return (await fetch(`${this.#url}?version=${version}`)).json() as Promise<TraceReport>
  }

  async post(action: 'start' | 'stop' | 'clear', body: object = {}): Promise<Response> {
    const headers = { 'content-type': 'application/json' }
    return fetch(`${this.#url}/${action}`, { method: 'POST', headers, body: JSON.stringify(body) })
  }

  async find(id: string): Promise<LiveTrace> {
    return (await fetch(`${this.#url}/${id}`)).json() as Promise<LiveTrace>
  }

  /** The newest trace that begins in this node, once it has so many hops. */
  async from(node: string, hops: number): Promise<LiveTrace> {
    let last: TraceReport | undefined
    const { id } = await until(
      async () => {
        last = await this.report()
        return last.traces.find((trace) => trace.first?.node === node && trace.hops >= hops)
      },
      () => JSON.stringify(last),
    )
    return this.find(id)
  }
}

/** A hop as `parent>node`, with how the message came where it was not by the first output. */
export const way = (hops: readonly LiveHop[]): readonly string[] =>
  hops.map(({ parent, node, arrival, fromOutput }) => {
    const from = parent === null ? '' : (hops[parent]?.node ?? '?')
    return `${from}>${node}${arrival === 'wire' ? (fromOutput ? ` (${fromOutput + 1})` : '') : ` ${arrival}`}`
  })

/** The hop in a node. */
export function hopIn({ path }: LiveTrace, node: string): LiveHop {
  const found = path.find((hop) => hop.node === node)
  if (!found) throw new Error(`no hop in ${node}: ${way(path).join(', ')}`)
  return found
}
