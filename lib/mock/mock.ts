import { readCount } from '../config/count.ts'
import { readActionId } from '../cxone/action-id.ts'
import type { Clock, Random } from '../ports.ts'
import type { Channel, Source } from './choices.ts'
import { eventMaker, seededTimes } from './events.ts'
import type { FindInputs } from './input-data.ts'
import { readOverlay, type Overlay } from './overlay.ts'
import { SAMPLE_ACTION, type MockEvent } from './sample-event.ts'
import { Walk } from './schema/draw.ts'
import type { ValueMaker } from './schema/value-maker.ts'
import { drawSeed, readSeed } from './seed.ts'
import { readTemplate } from './template.ts'

/** What {@link createMock} needs. */
export interface MockPorts {
  readonly clock: Pick<Clock, 'now'>
  readonly random: Pick<Random, 'uniform'>
  /** Needed for the source `schema`. */
  readonly findInputs?: FindInputs | undefined
}

/** A value of a message, and what errors call it. */
interface Given {
  readonly value: unknown
  readonly place: string
}

/** What a message asks for. What is undefined was left out. */
export interface MockCall {
  readonly actionId: Given
  readonly count: Given
  readonly seed: Given
  readonly overrides: Given
  readonly template: Given
  readonly signal?: AbortSignal
  readonly correlationId?: string
}

/** What `msg.cxone.mock` holds. */
export interface MockFacts {
  readonly source: Source
  readonly channel: Channel
  /** With this seed, the event of number `index` is made again. */
  readonly seed: number
  /** Number of the event in the run of its seed, from 0. */
  readonly index: number
  /** Events of this message. */
  readonly count: number
  /** True where CXone could not be asked for the schema and an older copy was used; else left out. */
  readonly stale?: true
  /** Requests made for the schema, and their milliseconds. */
  readonly attempts: number
  readonly latencyMs: number
}

/** The events that a message asked for. */
export interface MockRun {
  readonly count: number
  readonly dataActionId: string
  /** Makes an event, in the order of their numbers from 0. @throws `SCHEMA_UNSATISFIABLE` */
  readonly event: (at: number) => MockEvent
  readonly factsOf: (at: number) => MockFacts
}

/** Reads what a message asks for. @throws `INPUT_INVALID`, `SCHEMA_UNAVAILABLE`, `SCHEMA_INVALID`. */
export type BeginMock = (call: MockCall) => Promise<MockRun>

/**
 * Makes the events of one node. With a seed, each message begins anew: the same seed gives the same events, times included. Without
 * one, a seed is drawn once, the events go on from message to message, and their time is the present.
 */
export function createMock(
  settings: { readonly source: Source; readonly channel: Channel },
  ports: MockPorts,
): BeginMock {
  const { source, channel } = settings
  const own = { seed: drawSeed(ports.random.uniform()), next: 0, walks: new WeakMap<ValueMaker, Walk>() }
  return async (call) => {
    const count = readCount(call.count.value, call.count.place)
    const seed = readSeed(call.seed.value, call.seed.place)
    const overrides = overlayOf(call.overrides)
    const template =
      source === 'template' ? readTemplate(call.template.value, call.template.place) : undefined
    const dataActionId = actionOf(source, call.actionId)
    const inputs = source === 'schema' ? await ports.findInputs?.(dataActionId, callOf(call)) : undefined
    const isOwn = seed === undefined
    const first = isOwn ? own.next : 0
    if (isOwn) own.next += count
    const plan = { dataActionId, channel, seed: seed ?? own.seed, template, overrides }
    const timeOf = isOwn ? () => ports.clock.now() : seededTimes
    const data = inputs && dataOf(inputs.maker, isOwn ? own.walks : undefined)
    const event = eventMaker({ ...plan, timeOf, data })
    const { attempts = 0, latencyMs = 0, stale = false } = inputs ?? {}
    const facts = { source, channel, seed: plan.seed, count, ...(stale && { stale }), attempts, latencyMs }
    return {
      count,
      dataActionId,
      event: (at) => event(first + at),
      factsOf: (at) => ({ ...facts, index: first + at }),
    }
  }
}

const overlayOf = ({ value, place }: Given): Overlay | undefined =>
  value === undefined || value === null ? undefined : readOverlay(value, place)

/** Only a schema needs a data action that exists; otherwise the sample's own will do. */
function actionOf(source: Source, { value, place }: Given): string {
  const isMissing = value === undefined || value === null
  return isMissing && source !== 'schema' ? SAMPLE_ACTION : readActionId(value, place)
}

const callOf = ({ signal, correlationId }: MockCall): Parameters<FindInputs>[1] => ({
  ...(signal && { signal }),
  ...(correlationId !== undefined && { correlationId }),
})

/** Edge cases go on from event to event: where the run does, from message to message. */
function dataOf(
  maker: ValueMaker,
  walks?: WeakMap<ValueMaker, Walk>,
): (random: Parameters<ValueMaker['make']>[0]) => unknown {
  const walk = walks?.get(maker) ?? new Walk()
  walks?.set(maker, walk)
  return (random) => maker.make(random, walk)
}
