import { resolve } from 'node:path'
import type { LookupDataAction } from '../cxone/access.ts'
import { readActionId } from '../cxone/action-id.ts'
import { isPaletteError, PaletteError, type ErrorCode } from '../errors.ts'
import type { Files } from '../ports.ts'
import { MAX_SCHEMA_CHARACTERS, unavailable, type JsonSchema } from './json-schema.ts'
import { choosePart, type SchemaPart } from './data-action-schema.ts'
import type { SchemaCache } from './schema-cache.ts'
import type { SchemaValidator } from './validator.ts'

/** What a message says about its schema. */
export interface SchemaCall {
  /** The schema itself, or the id of a data action. */
  readonly reference: unknown
  readonly signal?: AbortSignal
  readonly correlationId?: string
}

/** A schema ready to use. */
export interface FoundSchema {
  readonly validator: SchemaValidator
  /** What results call the schema if it has no `$id`. */
  readonly name: string
  /** True where the schema could not be fetched anew and an older copy is used. */
  readonly stale: boolean
  /** Requests made; 0 where nothing had to be asked. */
  readonly attempts: number
  /** Milliseconds of those requests. */
  readonly latencyMs: number
}

/** Finds the schema for a message. Fails with `SCHEMA_INVALID` or `SCHEMA_UNAVAILABLE`. */
export type SchemaSource = (call: SchemaCall) => FoundSchema | Promise<FoundSchema>

const LOCAL = { stale: false, attempts: 0, latencyMs: 0 } as const

/** One schema, written in the node. @throws `SCHEMA_INVALID` with `details.field` */
export async function inlineSource(cache: SchemaCache, text: string): Promise<SchemaSource> {
  const validator = await cache.ofText('schema', text).catch((error: unknown) => {
    if (!isPaletteError(error)) throw error
    const { code, message, details } = error
    throw new PaletteError(code, message, { details: { ...details, field: 'schema' }, cause: error })
  })
  const found: FoundSchema = { ...LOCAL, validator, name: 'inline' }
  return () => found
}

/** The schema that the message brings: an object, a boolean, or JSON text. `name` says where. */
export function messageSource(cache: SchemaCache, name: string): SchemaSource {
  return async ({ reference }) => {
    if (reference === undefined || reference === null)
      throw unavailable(name, 'the message does not hold it', { path: name })
    return { ...LOCAL, validator: await cache.ofText(name, reference), name }
  }
}

/**
 * The schema in a file, read again when the file changes. When it is gone or cannot be read, the last one serves on.
 *
 * @param options.file absolute, or relative to `folder`.
 */
export function fileSource(
  cache: SchemaCache,
  files: Pick<Files, 'readStream' | 'stat'>,
  options: { readonly file: string; readonly folder: string },
): SchemaSource {
  const { file, folder } = options
  const path = resolve(folder, file)
  let last: { readonly stamp: string; readonly found: Promise<FoundSchema> } | undefined
  let good: FoundSchema | undefined
  const read = async (): Promise<FoundSchema> => {
    const validator = await cache.ofText(file, await readText(files, file, path))
    good = { ...LOCAL, validator, name: file }
    return good
  }
  return async () => {
    try {
      const stamp = await stampOf(files, file, path)
      if (last?.stamp !== stamp) last = { stamp, found: read() }
      return await last.found
    } catch (error) {
      last = undefined
      if (good && isPaletteError(error) && error.code === 'SCHEMA_UNAVAILABLE')
        return { ...good, stale: true }
      throw error
    }
  }
}

async function stampOf(files: Pick<Files, 'stat'>, file: string, path: string): Promise<string> {
  const state = await files.stat(path).catch((error: unknown) => {
    throw unreadable(file, error)
  })
  if (!state) throw unavailable(file, 'there is no such file', { file })
  return `${state.mtimeMs} ${state.size}`
}

// Read in pieces: a device or a pipe has no size that could be looked at beforehand.
async function readText(files: Pick<Files, 'readStream'>, file: string, path: string): Promise<string> {
  const parts: Buffer[] = []
  let size = 0
  try {
    for await (const part of files.readStream(path) as AsyncIterable<Buffer>) {
      parts.push(part)
      size += part.length
      if (size > 4 * MAX_SCHEMA_CHARACTERS) break
    }
  } catch (error) {
    throw unreadable(file, error)
  }
  return Buffer.concat(parts)
    .toString('utf8')
    .replace(/^\uFEFF/, '')
}

const unreadable = (file: string, error: unknown): Error => {
  const reason = (error as NodeJS.ErrnoException).code ?? (error as Error).message
  return unavailable(file, `the file cannot be read (${reason})`, { file, reason }, error)
}

// These are no failure to fetch: the message holds no id, or the flow was stopped.
const OWN: ReadonlySet<ErrorCode> = new Set(['INPUT_INVALID', 'ABORTED'])

/** A part of a data action's definition as it was found. */
interface FoundPart extends Pick<FoundSchema, 'name' | 'stale' | 'attempts' | 'latencyMs'> {
  readonly schema: JsonSchema
}

/** Which part, and how long a definition is taken for new. */
interface PartOptions {
  readonly part: SchemaPart
  readonly cacheTtlS: number
}

/**
 * A schema of a data action. When CXone cannot be asked, an older copy serves on.
 *
 * @throws `SCHEMA_UNAVAILABLE`; `ABORTED`.
 */
export async function findActionSchema(
  lookup: LookupDataAction,
  id: string,
  { part, cacheTtlS }: PartOptions,
  call: Omit<SchemaCall, 'reference'>,
): Promise<FoundPart> {
  const entry = await lookup(id, { ...call, cacheTtlS, allowStale: true }).catch((error: unknown) => {
    if (!isPaletteError(error) || OWN.has(error.code)) throw error
    const details = { ...error.details, dataActionId: id, reason: error.code }
    throw unavailable(id, error.message, details, error)
  })
  const name = `${id}/${part}`
  const schema = choosePart(entry.definition, part)
  if (schema === undefined)
    throw unavailable(name, `data action \`${id}\` has no ${part} schema`, { dataActionId: id, part })
  const { stale, attempts, latencyMs } = entry
  return { schema, name, stale, attempts, latencyMs }
}

/**
 * The schema of a data action, as {@link findActionSchema} finds it.
 *
 * @param options.place what errors call the id (`msg.dataActionId`).
 */
export function dataActionSource(
  cache: SchemaCache,
  lookup: LookupDataAction,
  options: PartOptions & { readonly place: string },
): SchemaSource {
  return async ({ reference, ...call }) => {
    const id = readActionId(reference, options.place)
    const { schema, ...found } = await findActionSchema(lookup, id, options, call)
    return { validator: await cache.ofFrozen(found.name, schema), ...found }
  }
}
