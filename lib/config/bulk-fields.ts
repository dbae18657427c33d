import { boolean, integer, type Field } from './fields.ts'

/** The properties of a node that works on lists. */
export interface BulkSettings {
  /** Items in work at a time. */
  readonly concurrency: number
  readonly stopOnError: boolean
  /** A progress message each so many items; 0: none. */
  readonly progress: number
  /** Runs are kept on the disk and carried on after a restart. */
  readonly journal: boolean
}

/** The fields of {@link BulkSettings}. */
export const bulkFields = (defaults: Pick<BulkSettings, 'concurrency' | 'journal'>): BulkFields => ({
  concurrency: integer({ min: 1, max: 128, default: defaults.concurrency }),
  stopOnError: boolean(false),
  progress: integer({ min: 0, max: 1_000_000, default: 0 }),
  journal: boolean(defaults.journal),
})

type BulkFields = { readonly [K in keyof BulkSettings]: Field<BulkSettings[K]> }
