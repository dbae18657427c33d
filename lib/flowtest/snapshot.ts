import { isDate, isMap, isSet } from 'node:util/types'

const MAX_DEPTH = 40
const MAX_ENTRIES = 20_000
const MAX_BYTES = 4096

/**
 * Copies a message as it is now to plain data, since nodes go on changing it. Never fails: cycles become `[circular]`,
 * functions are left out, request and response objects become `[Name]`, dates ISO text, buffers what `JSON.stringify` makes of
 * them, errors `{name, message, code}`.
 */
export function snapshot(message: unknown): unknown {
  return new Copy().value(message)
}

class Copy {
  readonly #open: object[] = []
  #entries = MAX_ENTRIES

  value(value: unknown): unknown {
    if (typeof value === 'bigint') return String(value)
    if (typeof value !== 'object' || value === null) return value
    try {
      return this.#object(value)
    } catch {
      return '[unreadable]'
    }
  }

  #object(value: object): unknown {
    if (this.#open.includes(value)) return '[circular]'
    if (this.#open.length >= MAX_DEPTH || this.#entries <= 0) return '[cut]'
    if (isDate(value)) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString()
    if (value instanceof Uint8Array) return bytes(value)
    // What has listeners is part of the runtime, such as msg.req and msg.res.
    if ('on' in value && typeof value.on === 'function') return `[${value.constructor.name}]`
    this.#open.push(value)
    try {
      if (Array.isArray(value)) return value.map((each) => this.#entry(each))
      if (isSet(value)) return [...value].map((each) => this.#entry(each))
      if (isMap(value)) return [...value].map((pair) => this.#entry(pair))
      return this.#record(value)
    } finally {
      this.#open.pop()
    }
  }

  #entry(value: unknown): unknown {
    this.#entries -= 1
    return this.value(value)
  }

  #record(value: object): Record<string, unknown> {
    const copy: Record<string, unknown> = {}
    if (value instanceof Error) Object.assign(copy, { name: value.name, message: value.message })
    for (const name of Object.keys(value)) {
      const each: unknown = (value as Record<string, unknown>)[name]
      if (typeof each === 'function' || each === undefined) continue
      // `__proto__` as a name of its own must stay one.
      Object.defineProperty(copy, name, {
        value: this.#entry(each),
        enumerable: true,
        writable: true,
        configurable: true,
      })
    }
    return copy
  }
}

const bytes = (value: Uint8Array): unknown =>
  value.length > MAX_BYTES ? `[${value.length} bytes]` : { type: 'Buffer', data: [...value] }
