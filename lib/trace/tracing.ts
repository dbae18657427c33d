import { newCorrelationId } from '../correlation/correlation.ts'
import type { Clock, Random } from '../ports.ts'
import { ActiveJourneys } from './active-journeys.ts'
import type { LiveTrace, NodePlace, TraceSummary } from './live-trace.ts'
import { loadOpenTelemetry } from './open-telemetry.ts'
import { LiveRecorder } from './recorder.ts'
import { TraceRing } from './ring.ts'
import type { HookNode } from './runtime-hooks.ts'
import { Sampler } from './sampler.ts'
import type { TraceSettings } from './settings.ts'

/** What tracing needs. */
export interface TracingPorts {
  readonly clock: Clock
  readonly random: Random
  readonly placeOf: (node: HookNode) => NodePlace
}

/** Live flows that are traced. */
export interface Tracing {
  readonly recorder: LiveRecorder
  /** Changes with each change of what is kept. */
  readonly version: number
  /** Newest first. */
  list(): readonly TraceSummary[]
  find(id: string): LiveTrace | undefined
  clear(): void
  close(): void
}

/** Begins to trace, and to export spans where `@opentelemetry/api` is installed. */
export async function startTracing(settings: TraceSettings, ports: TracingPorts): Promise<Tracing> {
  const { clock, random, placeOf } = ports
  const spans = await loadOpenTelemetry()
  const active = new ActiveJourneys(clock)
  const limits = { keep: settings.keep, maxBytes: settings.keepMb * 1024 * 1024 }
  const ring = new TraceRing(limits, (journey) => {
    journey.wantsChanges = false
    if (!journey.isWorking) active.remove(journey)
  })
  const sampler = new Sampler(settings, { clock, random })
  const parts = { clock, random, placeOf, spans, active, ring, sampler, newId: newCorrelationId }
  const recorder = new LiveRecorder(parts)
  return {
    recorder,
    get version() {
      return ring.version
    },
    list: () => ring.all.map(({ summary }) => summary),
    find: (id) => ring.find(id)?.trace,
    clear: () => ring.clear(),
    close: () => recorder.close(),
  }
}
