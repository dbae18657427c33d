import type { Registry } from 'prom-client'

/** Upper bounds of the latency buckets, in seconds (Prometheus convention). */
const BUCKETS_S = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
] as const

/** What one node counts. Plain numbers: a message costs a few additions, and Prometheus text is made on request only. */
export interface NodeMetrics {
  started(): void
  /** `code` is the error code of a failed message, undefined for one that was sent on. */
  finished(latencyMs: number, code?: string): void
}

interface Series {
  readonly type: string
  readonly id: string
  readonly buckets: number[]
  readonly failures: Map<string, number>
  sumS: number
  ok: number
  inFlight: number
}

/** The metrics of one runtime. Counters live as long as the process; a node that is deployed again goes on with its own. */
export interface Metrics {
  node(type: string, id: string): NodeMetrics
  /** Prometheus text exposition format. Loads prom-client on first use. */
  text(): Promise<string>
}

/** Makes an empty set of metrics. */
export function createMetrics(): Metrics {
  const series = new Map<string, Series>()
  return {
    node: (type, id) => recorder(seriesOf(series, type, id)),
    text: () => render([...series.values()]),
  }
}

/** The metrics that all nodes of this process share. */
export const processMetrics: Metrics = createMetrics()

function seriesOf(all: Map<string, Series>, type: string, id: string): Series {
  const known = all.get(id)
  if (known) return known
  const buckets = new Array<number>(BUCKETS_S.length + 1).fill(0)
  const made: Series = { type, id, buckets, failures: new Map(), sumS: 0, ok: 0, inFlight: 0 }
  all.set(id, made)
  return made
}

function recorder(series: Series): NodeMetrics {
  return {
    started() {
      series.inFlight += 1
    },
    finished(latencyMs, code) {
      const seconds = latencyMs / 1000
      let at = 0
      while (at < BUCKETS_S.length && seconds > (BUCKETS_S[at] as number)) at += 1
      series.buckets[at] = (series.buckets[at] as number) + 1
      series.sumS += seconds
      series.inFlight -= 1
      if (code === undefined) series.ok += 1
      else series.failures.set(code, (series.failures.get(code) ?? 0) + 1)
    },
  }
}

let processRegistry: Promise<Registry> | undefined

// The default metrics observe the process (event loop, garbage collection): once, not once a scrape.
async function loadProcessRegistry(): Promise<Registry> {
  const { Registry, collectDefaultMetrics } = await import('prom-client')
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  return registry
}

async function render(all: readonly Series[]): Promise<string> {
  const { Counter, Gauge, Registry } = await import('prom-client')
  processRegistry ??= loadProcessRegistry()
  const registers = [new Registry()]
  const messages = new Counter({
    name: 'cxone_node_messages_total',
    help: 'Messages that a node has finished; code is empty for those sent on',
    labelNames: ['type', 'node', 'code'],
    registers,
  })
  const inFlight = new Gauge({
    name: 'cxone_node_in_flight',
    help: 'Messages in work',
    labelNames: ['type', 'node'],
    registers,
  })
  for (const { type, id, ok, failures, inFlight: now } of all) {
    messages.inc({ type, node: id, code: '' }, ok)
    for (const [code, count] of failures) messages.inc({ type, node: id, code }, count)
    inFlight.set({ type, node: id }, now)
  }
  const own = await Promise.all(registers.map((registry) => registry.metrics()))
  return [...own, histogramText(all), await (await processRegistry).metrics()].join('\n')
}

const escapeLabel = (value: string): string =>
  value.replace(/[\\"\n]/g, (char) => (char === '\n' ? '\\n' : `\\${char}`))

// prom-client cannot take over finished buckets, so the histogram is written here (text format 0.0.4).
function histogramText(all: readonly Series[]): string {
  const name = 'cxone_node_duration_seconds'
  const lines = [`# HELP ${name} Time from input to output of a node`, `# TYPE ${name} histogram`]
  for (const { type, id, buckets, sumS } of all) {
    const labels = `type="${escapeLabel(type)}",node="${escapeLabel(id)}"`
    let total = 0
    for (const [index, count] of buckets.entries()) {
      total += count
      lines.push(`${name}_bucket{${labels},le="${BUCKETS_S[index] ?? '+Inf'}"} ${total}`)
    }
    lines.push(`${name}_sum{${labels}} ${sumS}`, `${name}_count{${labels}} ${total}`)
  }
  return `${lines.join('\n')}\n`
}
