import type { Clock } from '../ports.ts'
import type { Coercion } from './copy.ts'
import type { Draft } from './drafts.ts'
import type { SchemaCall, SchemaSource } from './source.ts'
import type { ValidationError } from './validation-error.ts'

/** What `msg.cxone.validation` holds. */
export interface Validation {
  readonly valid: boolean
  /** The schema's `$id`, else where it came from. */
  readonly schemaId: string
  readonly draft: Draft
  /** Values whose type was changed; empty where the value is not valid, as then nothing is changed. */
  readonly coerced: readonly Coercion[]
  /** Only where the value is not valid. */
  readonly errors?: readonly ValidationError[]
  /** True where the schema could not be fetched anew and an older copy was used; else left out. */
  readonly stale?: true
  /** Requests made for the schema. */
  readonly attempts: number
  /** Milliseconds: requests for the schema, and the validation itself. */
  readonly latencyMs: number
}

/** A validation, and the value to go on with. */
export interface Checked {
  readonly validation: Validation
  /** The given value, or a changed copy of it. */
  readonly value: unknown
}

/** A value to check. `place` is what errors call it. */
export interface CheckCall extends SchemaCall {
  readonly value: unknown
  readonly place: string
}

/**
 * Makes the check of values against the schemas of a source. The check fails as the source does, and with
 * `INPUT_INVALID` for a value that cannot be judged.
 */
export function createSchemaCheck(
  source: SchemaSource,
  clock: Pick<Clock, 'monotonic'>,
): (call: CheckCall) => Promise<Checked> {
  return async ({ value, place, ...call }) => {
    const { validator, name, stale, attempts, latencyMs } = await source(call)
    const started = clock.monotonic()
    const verdict = validator.validate(value, place)
    const spent = latencyMs + clock.monotonic() - started
    const validation: Validation = {
      valid: verdict.valid,
      schemaId: validator.id ?? name,
      draft: validator.draft,
      coerced: verdict.valid ? verdict.coerced : [],
      ...(verdict.valid ? {} : { errors: verdict.errors }),
      ...(stale ? { stale } : {}),
      attempts,
      latencyMs: Math.round(spent * 1000) / 1000,
    }
    return { validation, value: verdict.valid ? verdict.value : value }
  }
}

/** The text of a status for a validation (at most 20 characters). */
export function describeValidation({
  valid,
  errors = [],
  stale,
}: Validation): [string, 'ready' | 'degraded'] {
  const found = errors.length === 1 ? '1 error' : `${errors.length} errors`
  const text = valid ? 'valid' : `invalid: ${found}`
  return stale ? [`${valid ? 'valid' : 'invalid'}, old schema`, 'degraded'] : [text, 'ready']
}

/** What the audit record of a validation says: no values. */
export function factsOf({ schemaId, attempts, valid, errors = [] }: Validation): {
  readonly subject: string
  readonly attempts: number
  readonly details: Readonly<Record<string, unknown>>
} {
  const faults = errors.slice(0, 10).map(({ path, keyword }) => ({ path, keyword }))
  return { subject: schemaId, attempts, details: { valid, errors: errors.length, faults } }
}
