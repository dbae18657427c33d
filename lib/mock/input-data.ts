import type { LookupDataAction } from '../cxone/access.ts'
import { findActionSchema } from '../schema/source.ts'
import { createValueMaker, type ValueMaker } from './schema/value-maker.ts'

/** What data is asked for. */
interface DataCall {
  readonly signal?: AbortSignal
  readonly correlationId?: string
}

/** A maker of inputs, and how its schema was found. */
export interface FoundInputs {
  readonly maker: ValueMaker
  /** True where CXone could not be asked and an older copy of the schema is used. */
  readonly stale: boolean
  /** Requests made; 0 where nothing had to be asked. */
  readonly attempts: number
  /** Milliseconds of those requests. */
  readonly latencyMs: number
}

/**
 * Finds what makes inputs for a data action, by its input schema. A schema is prepared once.
 *
 * @throws `SCHEMA_UNAVAILABLE`, `SCHEMA_INVALID`.
 */
export type FindInputs = (dataActionId: string, call: DataCall) => Promise<FoundInputs>

/** @param options.cacheTtlS seconds for which a definition is taken for new. */
export function inputsFinder(lookup: LookupDataAction, options: { readonly cacheTtlS: number }): FindInputs {
  const makers = new WeakMap<object, Promise<ValueMaker>>()
  return async (id, call) => {
    const found = await findActionSchema(lookup, id, { part: 'input', ...options }, call)
    const { schema, name, stale, attempts, latencyMs } = found
    const key = typeof schema === 'object' ? schema : {}
    const maker = makers.get(key) ?? createValueMaker(name, schema)
    makers.set(key, maker)
    return { maker: await maker, stale, attempts, latencyMs }
  }
}
