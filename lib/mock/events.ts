import { v4 } from 'uuid'
import { seededRandom, type SeededRandom } from '../random/seeded-random.ts'
import type { Channel } from './choices.ts'
import { isoText } from './iso-text.ts'
import type { Overlay } from './overlay.ts'
import { sampleEvent, type MockEvent } from './sample-event.ts'

/** Where the times of a repeatable run begin: 2 March 2026, 09:30 UTC. Events follow each other in seconds. */
const SEEDED_START_MS = 1_772_443_800_000
const BETWEEN_MS = 1000
/** How long an interaction has lasted at most when its event comes. */
const LONGEST_MS = 600_000
/** Ids have six digits, at first. */
const FIRST_ID = 100_000
const IDS = 800_000

/** What the events of one run have in common. */
export interface EventPlan {
  readonly dataActionId: string
  readonly channel: Channel
  /** From 0 to 2^32 - 1. */
  readonly seed: number
  /** Unix milliseconds of the event of a number. */
  readonly timeOf: (index: number) => number
  /** Makes `data`; without it, events have that of the sample. */
  readonly data?: ((random: SeededRandom) => unknown) | undefined
  readonly template?: Overlay | undefined
  readonly overrides?: Overlay | undefined
}

/** Times that are the same each time. */
export const seededTimes = (index: number): number => SEEDED_START_MS + index * BETWEEN_MS

/**
 * Makes the events of a run. An event depends on the plan and its number alone, but for the edge cases of generated data, which
 * go on from event to event. Ids count up from where the seed has them begin, so no two events of a run share one.
 */
export function eventMaker(plan: EventPlan): (index: number) => MockEvent {
  const { seed, timeOf, data, template, overrides } = plan
  const start = seededRandom(seed)
  const firstId = (): number => FIRST_ID + Math.floor(start.uniform() * IDS)
  const [trigger, interaction, contact] = [firstId(), firstId(), firstId()]
  return (index) => {
    const random = seededRandom(seed ^ Math.imul(index + 1, GOLDEN))
    const ms = timeOf(index)
    const timestamp = isoText(ms)
    const event = sampleEvent({
      dataActionId: plan.dataActionId,
      channel: plan.channel,
      triggerId: `tr-${trigger + index}`,
      interactionId: `i-${interaction + index}`,
      contactId: `c-${contact + index}`,
      timestamp,
      startTime: isoText(ms - Math.floor(random.uniform() * LONGEST_MS)),
    })
    if (data) event.data = data(random)
    if (!template && !overrides) return event
    const values = { index, timestamp, uuid: () => v4({ random: random.fill(new Uint8Array(16)) }) }
    template?.apply(event, values)
    overrides?.apply(event, values)
    return event
  }
}

/** Spreads the numbers of events over all states of the generator. */
const GOLDEN = 0x9e3779b1
