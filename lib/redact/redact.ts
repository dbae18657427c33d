import { isDate } from 'node:util/types'
import { isSecretName, REDACTED, redactText } from './redact-text.ts'

export { redactText } from './redact-text.ts'

/** What a redactor masks besides the defaults. */
export interface RedactRules {
  /**
   * Places counted from the value, as `contact.email`, `items[*].ssn`; `*` is any one name or index, `**` any number
   * of them.
   */
  readonly paths?: readonly string[]
  /** Each match in a text is masked. */
  readonly patterns?: readonly RegExp[]
}

/** Limits of a copy: what is larger is cut, and says so. */
const MAX_DEPTH = 12
const MAX_ENTRIES = 2000
const MAX_STRING = 4096
const MAX_TEXT = 65_536

/**
 * Makes a function that copies any value to plain data that is safe to keep: secrets masked, size bounded,
 * `JSON.stringify` certain to work. Getters and `toJSON` are never called; the value is not changed. Buffers become
 * `[Buffer n bytes]`, cycles `[circular]`, class instances `[Name]`, dates ISO text, errors `{name, message, code}`.
 */
export function createRedactor(rules: RedactRules = {}): (value: unknown) => unknown {
  const paths = (rules.paths ?? []).map(segmentsOf)
  const patterns = (rules.patterns ?? []).map((pattern) =>
    pattern.global ? pattern : new RegExp(pattern.source, `${pattern.flags}g`),
  )
  return (value) => new Copy(patterns).value(value, expand(paths))
}

type Path = readonly string[]

/** `items[*].ssn` as `['items', '*', 'ssn']`. */
function segmentsOf(path: string): Path {
  return path
    .replace(
      /\[(?:"([^"]*)"|'([^']*)'|([^\]]*))\]/g,
      (_, a?: string, b?: string, c?: string) => `.${a ?? b ?? c ?? ''}`,
    )
    .split('.')
    .filter((segment) => segment !== '')
}

// `**` also stands for nothing: the rest behind it counts from here too.
function expand(paths: readonly Path[]): readonly Path[] {
  if (!paths.some((path) => path[0] === '**')) return paths
  return paths.flatMap((path) => (path[0] === '**' ? [path, ...expand([path.slice(1)])] : [path]))
}

const NONE: readonly Path[] = []

/** The rules that count below `key`; the empty path among them means: mask this. */
function below(paths: readonly Path[], key: string): readonly Path[] {
  if (paths.length === 0) return NONE
  const next: Path[] = []
  for (const path of paths) {
    if (path[0] === '**') next.push(path)
    else if (path[0] === '*' || path[0] === key) next.push(path.slice(1))
  }
  return expand(next)
}

/** One copy: holds what is left of the limits, and the objects that are open above the present one. */
class Copy {
  readonly #patterns: readonly RegExp[]
  readonly #open: object[] = []
  #entries = MAX_ENTRIES
  #text = MAX_TEXT

  constructor(patterns: readonly RegExp[]) {
    this.#patterns = patterns
  }

  value(value: unknown, paths: readonly Path[]): unknown {
    switch (typeof value) {
      case 'string':
        return this.#string(value)
      case 'number':
        return Number.isFinite(value) ? value : String(value)
      case 'boolean':
        return value
      case 'bigint':
        return String(value)
      case 'object':
        return value === null ? null : this.#guarded(value, paths)
      case 'undefined':
        return null
      default:
        return `[${typeof value}]`
    }
  }

  #string(value: string): string {
    // A secret may lie across the cut: mask first, in a window that is larger than what is kept.
    const window = value.length > 2 * MAX_STRING ? value.slice(0, 2 * MAX_STRING) : value
    let text = redactText(window)
    for (const pattern of this.#patterns) text = text.replace(pattern, REDACTED)
    const room = Math.min(MAX_STRING, this.#text)
    const cut = value.length - room
    if (cut > 0 && text.length > room) text = `${text.slice(0, room)}[${cut} more characters]`
    this.#text = Math.max(0, this.#text - text.length)
    return text.toWellFormed()
  }

  // Proxies and foreign objects may throw at any touch.
  #guarded(value: object, paths: readonly Path[]): unknown {
    try {
      return this.#object(value, paths)
    } catch {
      return '[unreadable]'
    }
  }

  #object(value: object, paths: readonly Path[]): unknown {
    if (this.#open.includes(value)) return '[circular]'
    const special = describeSpecial(value)
    if (special !== undefined) return typeof special === 'string' ? special : this.value(special, paths)
    if (this.#open.length >= MAX_DEPTH) return Array.isArray(value) ? '[array]' : '[object]'
    this.#open.push(value)
    try {
      return Array.isArray(value) ? this.#list(value, paths) : this.#record(value, paths)
    } finally {
      this.#open.pop()
    }
  }

  #list(list: readonly unknown[], paths: readonly Path[]): unknown[] {
    const copy: unknown[] = []
    for (let index = 0; index < list.length; index += 1) {
      if ((this.#entries -= 1) < 0) {
        copy.push(`[${list.length - index} more items]`)
        break
      }
      const rules = paths.length === 0 ? NONE : below(paths, String(index))
      copy.push(this.#member(list, index, rules))
    }
    return copy
  }

  #record(record: object, paths: readonly Path[]): Record<string, unknown> {
    const copy: Record<string, unknown> = {}
    const keys = Object.keys(record)
    for (const [index, key] of keys.entries()) {
      if ((this.#entries -= 1) < 0) {
        copy['[truncated]'] = `${keys.length - index} more properties`
        break
      }
      const found = this.#member(record, key, below(paths, key), isSecretName(key))
      if (found !== undefined) put(copy, this.#key(key), found)
    }
    return copy
  }

  // A name may be as long and as secret as any text.
  #key(key: string): string {
    return key.length > 24 || !key.isWellFormed() ? this.#string(key) : key
  }

  #member(holder: object, key: string | number, rules: readonly Path[], secret = false): unknown {
    const property = Object.getOwnPropertyDescriptor(holder, key)
    if (property?.get) return '[getter]'
    const value: unknown = property?.value
    if (secret ? isMaskable(value) : rules.some((rule) => rule.length === 0)) return REDACTED
    return value === undefined && typeof key === 'string' ? undefined : this.value(value, rules)
  }
}

// Whether there is a secret or none is worth knowing; `token: false` tells no more than that.
const isMaskable = (value: unknown): boolean =>
  value !== undefined && value !== null && value !== '' && typeof value !== 'boolean'

function put(copy: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== '__proto__') copy[key] = value
  else Object.defineProperty(copy, key, { value, enumerable: true, configurable: true, writable: true })
}

/** Text for what is no plain data, plain data for an error, undefined for plain objects and arrays (of any realm). */
function describeSpecial(value: object): string | object | undefined {
  if (Array.isArray(value)) return undefined
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === null || Object.getPrototypeOf(prototype) === null) return undefined
  if (ArrayBuffer.isView(value)) return `[Buffer ${value.byteLength} bytes]`
  if (isDate(value)) return Number.isNaN(value.getTime()) ? '[invalid date]' : value.toISOString()
  if (isError(value)) return describeError(value)
  const name: unknown = (prototype as { constructor?: { name?: unknown } }).constructor?.name
  return `[${typeof name === 'string' && name !== '' ? name.slice(0, 60) : 'object'}]`
}

// Also one of another realm, as Function nodes throw them.
const isError = (value: object): value is Error =>
  value instanceof Error || Object.prototype.toString.call(value) === '[object Error]'

function describeError(error: Error): object {
  const code: unknown = Object.getOwnPropertyDescriptor(error, 'code')?.value
  const message: unknown = Object.getOwnPropertyDescriptor(error, 'message')?.value
  const name = error.name
  return typeof code === 'string' ? { name, message, code } : { name, message }
}
