import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { compileSchema, type SchemaOptions } from './compile.ts'
import { isSchema, parseSchema, schemaError, type JsonSchema } from './json-schema.ts'
import { show } from '../errors.ts'
import type { SchemaValidator } from './validator.ts'

const DEFAULT_ENTRIES = 100

/**
 * Compiled schemas of one set of options. A schema is compiled once: known by its identity where nobody changes it, else by
 * its text. What was used longest ago goes first.
 */
export class SchemaCache {
  readonly #options: SchemaOptions
  readonly #byText: LRUCache<string, Promise<SchemaValidator>>
  readonly #byIdentity = new WeakMap<object, Promise<SchemaValidator>>()

  constructor(options: SchemaOptions, maxEntries = DEFAULT_ENTRIES) {
    this.#options = options
    this.#byText = new LRUCache({ max: maxEntries })
  }

  /**
   * The validator of a schema that came with a message: it may be changed between two messages.
   *
   * @param value a schema, or its JSON text.
   * @throws `SCHEMA_INVALID`
   */
  async ofText(name: string, value: unknown): Promise<SchemaValidator> {
    const text = typeof value === 'string' ? value : stringify(name, value)
    const key = text.length > 256 ? createHash('sha256').update(text).digest('base64') : text
    const known = this.#byText.get(key)
    if (known) return known
    const made = compileSchema(name, parseSchema(name, text), this.#options)
    this.#byText.set(key, made)
    made.catch(() => this.#byText.delete(key)) // errors name the place of this one
    return made
  }

  /** The validator of a schema that nobody changes. @throws `SCHEMA_INVALID` */
  async ofFrozen(name: string, schema: JsonSchema): Promise<SchemaValidator> {
    if (typeof schema === 'boolean') return this.ofText(name, schema)
    const known = this.#byIdentity.get(schema)
    if (known) return known
    const made = this.ofText(name, schema)
    this.#byIdentity.set(schema, made)
    return made
  }
}

function stringify(name: string, value: unknown): string {
  if (!isSchema(value)) throw schemaError(name, '', `expected a JSON Schema, got ${show(value)}`)
  try {
    return JSON.stringify(value)
  } catch (cause) {
    const reason =
      cause instanceof RangeError
        ? 'it is nested too deeply'
        : 'expected JSON, got an object that is cyclic or holds what JSON has no form for'
    throw schemaError(name, '', reason, { cause })
  }
}
