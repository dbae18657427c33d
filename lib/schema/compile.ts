import type { ErrorObject, Options, ValidateFunction } from 'ajv'
import { isPaletteError } from '../errors.ts'
import { copyPlain } from './copy.ts'
import { closeObjects } from './close-objects.ts'
import { createAjv, type AnyAjv } from './create-ajv.ts'
import { draftOf, type Draft } from './drafts.ts'
import { schemaError, type JsonSchema } from './json-schema.ts'
import { findReference, findWrongPattern } from './find-place.ts'
import { OutOfTime, TimeGuard } from './time-guard.ts'
import { createValidator, type SchemaValidator } from './validator.ts'

/** How values are validated. */
export interface SchemaOptions {
  /** `auto`: by the schema's `$schema`, else 2020-12. */
  readonly draft: Draft | 'auto'
  /** Change scalars to the type that the schema asks for. */
  readonly coerce: boolean
  /** Put the schema's `default` where a property is missing. */
  readonly useDefaults: boolean
  /** Remove properties that the schema does not name; see `closeObjects`. */
  readonly strip: boolean
  /** Check `format`; else it is a remark. */
  readonly formats: boolean
  /** Errors that a result holds at most. */
  readonly maxErrors: number
}

/** Checks values and leaves them as they are. */
export const CHECK_ONLY: SchemaOptions = {
  draft: 'auto',
  coerce: false,
  useDefaults: false,
  strip: false,
  formats: true,
  maxErrors: 20,
}

// Without `ownProperties`, Ajv takes what every object inherits for a property of the value. It costs a fifth of the
// speed, so it is on only for schemas that speak of such names.
const INHERITED =
  /"(?:constructor|__\w+__|hasOwnProperty|isPrototypeOf|propertyIsEnumerable|to(?:Locale)?String|valueOf)"/

/**
 * Compiles a JSON Schema. Each gets an Ajv instance of its own: ids of schemas do not clash, and what is no longer used is
 * freed. Nothing is ever fetched.
 *
 * @param name what errors call the schema.
 * @throws `SCHEMA_INVALID` with `details.path` (JSON Pointer): not a schema of its draft, a `$ref` to elsewhere, a pattern
 * that is no regular expression.
 */
export async function compileSchema(
  name: string,
  schema: JsonSchema,
  options: SchemaOptions,
): Promise<SchemaValidator> {
  const draft = draftOf(name, schema, options.draft)
  const text = textOf(name, schema)
  const guard = new TimeGuard()
  const ajv = await createAjv(draft, ajvOptions(text, options, guard))
  if (options.formats) await addFormats(ajv, guard)
  const bare = withoutMeta(JSON.parse(text) as JsonSchema)
  const validate = build(ajv, guard, { name, draft, schema: bare, strip: options.strip })
  return createValidator({
    validate,
    guard,
    draft,
    id: typeof schema === 'object' && typeof schema['$id'] === 'string' ? schema['$id'] : undefined,
    // Comparing all items with all others takes time that the length of the list decides.
    isCostly: /"uniqueItems":\s*true/.test(text),
    maxErrors: options.maxErrors,
    ...(options.coerce || options.useDefaults || options.strip ? { copy: copyPlain } : {}),
  })
}

// 19.99 is a multiple of 0.01, although 19.99 / 0.01 is 1998.9999999999998 in binary. Exact up to quotients of 10 ** 9.
const MULTIPLE_DIGITS = 6

function ajvOptions(text: string, options: SchemaOptions, guard: TimeGuard): Options {
  const engine = (pattern: string, flags: string) => guard.regExp(pattern, flags)
  return {
    allErrors: true,
    strict: false, // unknown keywords and formats are remarks, as JSON Schema has it
    strictNumbers: true,
    multipleOfPrecision: MULTIPLE_DIGITS,
    logger: false,
    validateSchema: false, // done beforehand, with a better report
    validateFormats: options.formats,
    coerceTypes: options.coerce,
    useDefaults: options.useDefaults,
    removeAdditional: options.strip,
    ownProperties: INHERITED.test(text),
    code: {
      regExp: Object.assign(engine, { code: 'new RegExp' }),
      ...(text.includes('vErrors') ? {} : { process: (code) => capErrors(code, options.maxErrors) }),
    },
  }
}

// Ajv collects an error object for each fault: a list of ten million wrong items would take gigabytes. Its counter of
// errors must still count all, because it decides what is valid: where a referenced schema fails, the counter would
// become the length of the list, and a failure behind a full list would pass.
const capErrors = (code: string, max: number): string =>
  code
    .replaceAll('vErrors.push(', `vErrors.length<${max}&&vErrors.push(`)
    .replaceAll(
      /vErrors = vErrors === null \? ([\w.]+) : vErrors\.concat\(\1\);\s*errors = vErrors\.length;/g,
      (_, found: string) =>
        `vErrors = vErrors === null ? ${found} : vErrors.length<${max} ? vErrors.concat(${found}) : vErrors;` +
        `errors += ${found}.length;`,
    )

async function addFormats(ajv: AnyAjv, guard: TimeGuard): Promise<void> {
  ;(await import('ajv-formats')).default.default(ajv)
  for (const [name, format] of Object.entries(ajv.formats)) {
    if (format instanceof RegExp) ajv.formats[name] = guard.format(name, (text) => format.test(text))
  }
}

/** A copy: what the flow does with the schema later must not reach the compiled one. */
function textOf(name: string, schema: JsonSchema): string {
  try {
    return JSON.stringify(schema)
  } catch (cause) {
    throw schemaError(name, '', `expected JSON: ${(cause as Error).message.split('\n')[0] ?? ''}`, { cause })
  }
}

// The draft is known; `$async` would make Ajv answer with promises.
function withoutMeta(schema: JsonSchema): JsonSchema {
  if (typeof schema === 'boolean') return schema
  const rest: Record<string, unknown> = { ...schema }
  delete rest['$schema']
  delete rest['$async']
  return rest
}

// Ajv needs more than twice the time for twice the properties. Far more than schemas written by hand take, also on a
// small machine; one of 20,000 properties would hold the event loop for half a minute.
const COMPILE_MS = 5000

interface Source {
  readonly name: string
  readonly draft: Draft
  readonly schema: JsonSchema
  readonly strip: boolean
}

function build(ajv: AnyAjv, guard: TimeGuard, source: Source): ValidateFunction {
  const { name, schema, strip } = source
  const compile = (): ValidateFunction => {
    if (!ajv.validateSchema(schema)) throw wrongByDraft(ajv.errors ?? [], source)
    return ajv.compile(strip ? closeObjects(schema) : schema)
  }
  try {
    return guard.run(compile, undefined, true, COMPILE_MS)
  } catch (error) {
    throw isPaletteError(error) ? error : explain(name, schema, error)
  }
}

/** The deepest place is the nearest to the cause; the keywords around it only repeat that something is wrong. */
function wrongByDraft(errors: readonly ErrorObject[], { name, draft }: Source): Error {
  const [deepest] = errors.toSorted((a, b) => depth(b) - depth(a))
  const { instancePath = '', message = 'is wrong', params = {} } = deepest ?? {}
  const allowed = 'allowedValues' in params ? ` (${String(params['allowedValues'])})` : ''
  return schemaError(name, instancePath, `${message}${allowed} (${draft})`)
}

const depth = ({ instancePath }: ErrorObject): number => instancePath.split('/').length

function explain(name: string, schema: JsonSchema, cause: unknown): Error {
  if (cause instanceof OutOfTime)
    return schemaError(name, '', `it was not compiled within ${cause.timeoutMs} ms; make it smaller`, {
      cause,
    })
  if (cause instanceof RangeError) return schemaError(name, '', 'it is nested too deeply', { cause })
  const pattern = findWrongPattern(schema)
  if (pattern) return schemaError(name, pattern.path, pattern.reason, { cause })
  const { message, missingRef } = cause as Error & { missingRef?: string }
  if (missingRef === undefined) return schemaError(name, '', message, { cause })
  const { path, ref } = findReference(schema, missingRef)
  const fix = 'other documents are never fetched; put what it refers to under `$defs`'
  return schemaError(name, path, `\`$ref\` \`${ref}\` is not in this schema: ${fix}`, { cause })
}
