import { remoteParentOf } from '../correlation/traceparent.ts'
import type { Clock, Random } from '../ports.ts'
import { Journey } from './journey.ts'
import type { TraceSettings } from './settings.ts'

/** Decides which messages are recorded. */
export class Sampler {
  readonly #settings: Pick<TraceSettings, 'sample' | 'changes' | 'failed'>
  readonly #ports: { readonly clock: Pick<Clock, 'now'>; readonly random: Random }

  constructor(
    settings: Pick<TraceSettings, 'sample' | 'changes' | 'failed'>,
    ports: { readonly clock: Pick<Clock, 'now'>; readonly random: Random },
  ) {
    this.#settings = settings
    this.#ports = ports
  }

  /** @returns undefined where the message is not to be recorded. A message with a `traceparent` follows its sender. */
  begin(message: object, startedMs: number): Journey | undefined {
    const { sample, changes, failed } = this.#settings
    const { clock, random } = this.#ports
    const remote = remoteParentOf(message)
    const isSampled = remote?.isSampled ?? (sample >= 1 || random.uniform() < sample)
    if (!isSampled && !failed) return undefined
    return new Journey({
      id: Buffer.from(random.bytes(6)).toString('hex'),
      startedAt: clock.now(),
      startedMs,
      isSampled,
      wantsChanges: isSampled && changes,
      remote,
    })
  }
}
