import { PaletteError } from '../errors.ts'
import type { Clock } from '../ports.ts'
import { formatUuid, UUID_BYTES } from './format.ts'
import type { UuidRegistry } from './registry.ts'
import type { UuidFormat } from './settings.ts'
import type { UuidSource } from './source.ts'

/** UUIDs made in a row before others get their turn: a few milliseconds. */
const RUN = 20_000

/** How a batch is made. */
export interface BatchOptions {
  readonly source: UuidSource
  readonly format: UuidFormat
  /** None: duplicates are not looked for. */
  readonly registry: UuidRegistry | undefined
  readonly maxDuplicates: number
  readonly clock: Pick<Clock, 'sleep'>
  readonly signal: AbortSignal
  readonly onProgress?: (done: number, total: number) => void
}

/** What a batch gave. */
export interface Batch {
  readonly ids: readonly string[]
  /** Duplicates that were replaced; they are not in `ids`. */
  readonly duplicates: number
}

/**
 * Makes `count` UUIDs. Large batches let the event loop turn in between.
 *
 * @throws `UUID_COLLISIONS` above `maxDuplicates`; the signal's abort error.
 */
export async function makeBatch(count: number, options: BatchOptions): Promise<Batch> {
  const { source, clock, signal, onProgress } = options
  const one = createMaker(options)
  const ids: string[] = []
  while (ids.length < count) {
    if (ids.length > 0) {
      onProgress?.(ids.length, count)
      await clock.sleep(0, signal)
    }
    const wait = source.prepare?.()
    if (wait) await wait
    const end = Math.min(ids.length + RUN, count)
    while (ids.length < end) ids.push(one.next())
  }
  return { ids, duplicates: one.duplicates }
}

function createMaker({ source, format, registry, maxDuplicates }: BatchOptions): {
  next(): string
  readonly duplicates: number
} {
  const bytes = Buffer.from(new ArrayBuffer(UUID_BYTES))
  const words = new Uint32Array(bytes.buffer)
  let duplicates = 0
  return {
    next() {
      source.next(bytes)
      while (registry && !registry.add(words)) {
        duplicates += 1
        if (duplicates > maxDuplicates) throw collisions(duplicates, maxDuplicates)
        source.next(bytes)
      }
      return formatUuid(bytes, format)
    },
    get duplicates() {
      return duplicates
    },
  }
}

const collisions = (duplicates: number, maxDuplicates: number): PaletteError =>
  new PaletteError(
    'UUID_COLLISIONS',
    `${duplicates} duplicates were made, more than \`maxDuplicates\` (${maxDuplicates}): check the randomness of this machine`,
    { details: { duplicates, maxDuplicates } },
  )
