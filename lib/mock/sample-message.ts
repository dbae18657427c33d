import { v4 } from 'uuid'
import { seededRandom } from '../random/seeded-random.ts'
import { seededTimes } from './events.ts'
import { isoText } from './iso-text.ts'
import { readOverlay } from './overlay.ts'
import { SAMPLE_ACTION, sampleEvent } from './sample-event.ts'

const BEFORE_MS = 108_000

/**
 * A message as `mock-trigger` sends it, always the same one: `msg.payload` is the sample event with `overrides` laid over it.
 *
 * @param index number of the message, from 0: each has ids and a time of its own.
 * @throws `INPUT_INVALID` for overrides that are no JSON object.
 */
export function sampleMessage(
  overrides: unknown,
  index = 0,
): { readonly payload: unknown; readonly dataActionId: unknown } {
  const ms = seededTimes(index)
  const timestamp = isoText(ms)
  const event = sampleEvent({
    dataActionId: SAMPLE_ACTION,
    channel: 'phone',
    triggerId: `tr-${883_210 + index}`,
    interactionId: `i-${774_421 + index}`,
    contactId: `c-${982_104 + index}`,
    timestamp,
    startTime: isoText(ms - BEFORE_MS),
  })
  const uuid = (): string => v4({ random: seededRandom(index).fill(new Uint8Array(16)) })
  readOverlay(overrides, 'mock').apply(event, { index, timestamp, uuid })
  return { payload: event, dataActionId: event.dataActionId }
}
