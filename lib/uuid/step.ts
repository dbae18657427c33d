import { readCount } from '../config/count.ts'
import type { Clock, Random } from '../ports.ts'
import { makeBatch } from './batch.ts'
import { formatUuid, UUID_BYTES } from './format.ts'
import type { HighWaterMark } from './high-water-mark.ts'
import { inspectUuid, type UuidReport } from './inspect.ts'
import { deriveUuid, type Given } from './name-based.ts'
import { UuidRegistry } from './registry.ts'
import type { UuidSettings } from './settings.ts'
import { gregorianSource, randomSource, sortableSource, sourceOfName, type UuidSource } from './source.ts'
import { processTimeline } from './timeline.ts'

/** What one message asks for. Only what the mode uses is there. */
export interface UuidRequest {
  readonly payload: unknown
  readonly correlationId: string
  readonly count: Given
  readonly namespace: Given
  readonly name: Given
  readonly signal: AbortSignal
  readonly onProgress?: (done: number, total: number) => void
}

/** `msg.cxone.uuid` of made UUIDs. `generated` counts the duplicates that were replaced. */
export interface UuidFacts {
  readonly version: number
  readonly variant: 2
  readonly count: number
  readonly generated: number
  readonly duplicates: number
  /** 1 - duplicates / generated */
  readonly uniquenessRate: number
  readonly latencyMs: number
}

/** What a message gets. */
export interface UuidResult {
  /** One text, a list of them, or the report on one. */
  readonly value: string | readonly string[] | UuidReport
  readonly facts: UuidFacts | (UuidReport & { readonly latencyMs: number })
  /** In a few words, for the status. */
  readonly summary: string
}

/** What the work needs from outside. */
export interface UuidPorts {
  readonly clock: Clock
  readonly random: Random
  /** Tells the ids of several nodes apart that derive from the same message. */
  readonly nodeId: string
  /** Needed for version 7. */
  readonly mark?: HighWaterMark | undefined
}

type Work = (request: UuidRequest) => Promise<Omit<UuidResult, 'facts'> & { readonly facts: object }>

/**
 * Makes, derives or verifies UUIDs, as it is set.
 *
 * @returns the work on one message. It throws `INPUT_INVALID` for a wrong count, `UUID_INVALID` for a wrong namespace or
 * name, `UUID_COLLISIONS` above `maxDuplicates`.
 */
export function createUuidStep(
  settings: UuidSettings,
  ports: UuidPorts,
): (request: UuidRequest) => Promise<UuidResult> {
  const work = workOf(settings, ports)
  return async (request) => {
    const started = ports.clock.monotonic()
    const { facts, ...rest } = await work(request)
    const latencyMs = Math.round((ports.clock.monotonic() - started) * 1000) / 1000
    return { ...rest, facts: { ...facts, latencyMs } as UuidResult['facts'] }
  }
}

function workOf(settings: UuidSettings, ports: UuidPorts): Work {
  switch (settings.mode) {
    case 'verify':
      return ({ payload }) => Promise.resolve(verify(payload))
    case 'derive':
      return (request) => Promise.resolve(derive(settings, ports, request))
    default:
      return generator(settings, ports)
  }
}

function verify(payload: unknown): Awaited<ReturnType<Work>> {
  const report = inspectUuid(payload)
  return { value: report, facts: report, summary: report.valid ? `valid, v${report.version}` : 'not valid' }
}

function derive(
  { format }: UuidSettings,
  { nodeId }: UuidPorts,
  { correlationId, name }: UuidRequest,
): Awaited<ReturnType<Work>> {
  const bytes = Buffer.alloc(UUID_BYTES)
  deriveUuid(correlationId, nodeId, name, bytes)
  return { value: formatUuid(bytes, format), facts: factsOf(5, 1, 0), summary: 'derived' }
}

function generator(settings: UuidSettings, ports: UuidPorts): Work {
  const { uuidVersion, format, maxDuplicates } = settings
  const sourceOf = sourceFor(settings, ports)
  const isNameBased = uuidVersion === '3' || uuidVersion === '5'
  const registry =
    settings.registry === 'none' || isNameBased ? undefined : new UuidRegistry(settings.registryCapacity)
  return async (request) => {
    const { signal, onProgress } = request
    const count = readCount(request.count.value, request.count.place)
    const { ids, duplicates } = await makeBatch(count, {
      ...{ source: sourceOf(request), format, registry, maxDuplicates, clock: ports.clock, signal },
      ...(onProgress ? { onProgress } : {}),
    })
    return {
      value: count === 1 ? (ids[0] as string) : ids,
      facts: factsOf(Number(uuidVersion), count, duplicates),
      summary: `${count} × v${uuidVersion}`,
    }
  }
}

/** The source of a message's UUIDs. That of name-based ones depends on the message, all others have state to keep. */
function sourceFor(
  { uuidVersion }: UuidSettings,
  { clock, random, mark }: UuidPorts,
): (request: UuidRequest) => UuidSource {
  if (uuidVersion === '3' || uuidVersion === '5')
    return ({ namespace, name }) => sourceOfName(uuidVersion, namespace, name)
  const source = stateful()
  return () => source

  function stateful(): UuidSource {
    if (uuidVersion === '4') return randomSource(random)
    if (uuidVersion !== '7') return gregorianSource(uuidVersion as '1' | '6', clock, random)
    if (!mark) throw new TypeError('version 7 needs a high-water mark')
    return sortableSource(processTimeline, mark, random)
  }
}

function factsOf(version: number, count: number, duplicates: number): Omit<UuidFacts, 'latencyMs'> {
  const generated = count + duplicates
  const uniquenessRate = 1 - duplicates / generated
  return { version, variant: 2, count, generated, duplicates, uniquenessRate }
}
