import { PaletteError, show, type ErrorDetails } from '../errors.ts'

/**
 * A JSON Schema that is wrong.
 *
 * @param name what the schema is called: `schema`, `msg.schema`, a file, a data action.
 * @param path JSON Pointer of the wrong place in it.
 */
export function schemaError(
  name: string,
  path: string,
  reason: string,
  more: { readonly details?: ErrorDetails; readonly cause?: unknown } = {},
): PaletteError {
  const place = path === '' ? '' : ` at \`${path}\``
  return new PaletteError('SCHEMA_INVALID', `JSON Schema \`${name}\`${place}: ${reason}`, {
    details: { path, schema: name, ...more.details },
    cause: more.cause,
  })
}

/** A JSON Schema that cannot be had. */
export function unavailable(
  name: string,
  reason: string,
  details: ErrorDetails,
  cause?: unknown,
): PaletteError {
  const message = `JSON Schema \`${name}\` is not available: ${reason}`
  return new PaletteError('SCHEMA_UNAVAILABLE', message, { details: { schema: name, ...details }, cause })
}

/** Larger schemas are refused: compiling them would hold the event loop. */
export const MAX_SCHEMA_CHARACTERS = 2_000_000

/** A JSON Schema: an object, or `true` and `false`, which all and no values match. */
export type JsonSchema = boolean | Readonly<Record<string, unknown>>

/** Why a text is no JSON Schema, as far as that is seen without compiling it; undefined where it may be one. */
export function whyNoSchema(text: string): string | undefined {
  if (text.length > MAX_SCHEMA_CHARACTERS)
    return `expected at most ${MAX_SCHEMA_CHARACTERS} characters, got ${text.length}`
  try {
    const value: unknown = JSON.parse(text)
    return isSchema(value) ? undefined : `expected an object or true or false, got ${show(value)}`
  } catch (error) {
    return `expected JSON: ${(error as Error).message}`
  }
}

/** Reads the text of a JSON Schema. @throws `SCHEMA_INVALID` */
export function parseSchema(name: string, text: string): JsonSchema {
  const reason = whyNoSchema(text)
  if (reason) throw schemaError(name, '', reason)
  return JSON.parse(text) as JsonSchema
}

/** Whether a value may be a JSON Schema at all. */
export const isSchema = (value: unknown): value is JsonSchema =>
  typeof value === 'boolean' || (typeof value === 'object' && value !== null && !Array.isArray(value))
