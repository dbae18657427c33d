import { inputError, show } from '../errors.ts'
import { getOwn, isRecord, setOwn } from './own-property.ts'

/** What placeholders stand for. */
export interface PlaceholderValues {
  /** Number of the event, from 0. */
  readonly index: number
  /** ISO 8601 time of the event. */
  readonly timestamp: string
  /** A new UUID. */
  uuid(): string
}

/**
 * Values to lay over an event. Objects are merged at every depth, all else is replaced: lists, and `null` too, because a
 * tester needs events that hold `null` (RFC 7396 would remove the property). `{"$exists": false}`, as in expectations of flow
 * tests, or `undefined` removes a property. In texts `{{index}}`, `{{timestamp}}` and `{{uuid}}` are filled in; a text that is
 * `{{index}}` alone becomes a number.
 */
export interface Overlay {
  /** @param base is changed, and taken over. @returns the merged value. */
  apply(base: unknown, values: PlaceholderValues): unknown
}

/** Values in an overlay at most: more is a mistake, or meant to hurt. */
const MAX_VALUES = 100_000
const MAX_DEPTH = 100

/**
 * Reads an overlay once, for many events. What the flow does with the value later does not matter.
 *
 * @param place what errors call it (`msg.overrides`).
 * @throws `INPUT_INVALID` with `details.path`: no object, not JSON, cyclic, nested deeper than 100 or more than 100,000 values.
 */
export function readOverlay(value: unknown, place: string): Overlay {
  if (!isRecord(value)) throw inputError(place, `Expected \`${place}\` to be an object, got ${show(value)}`)
  const step = new Reader(place).read(value, '', 0)
  return { apply: (base, values) => step(base, values) }
}

const REMOVED = Symbol('removed')
type Step = (base: unknown, values: PlaceholderValues) => unknown

const remove: Step = () => REMOVED

class Reader {
  readonly #place: string
  #count = 0

  constructor(place: string) {
    this.#place = place
  }

  read(value: unknown, path: string, depth: number): Step {
    this.#count += 1
    if (depth > MAX_DEPTH) throw this.#wrong(path, 'is cyclic or nested too deeply')
    if (this.#count > MAX_VALUES) throw this.#wrong('', `has more than ${MAX_VALUES} values, or is cyclic`)
    if (typeof value === 'string') return textStep(value)
    if (value === null || typeof value === 'boolean' || Number.isFinite(value)) return () => value
    if (Array.isArray(value)) return this.#list(value, path, depth)
    if (isRecord(value)) return isRemoval(value) ? remove : this.#object(value, path, depth)
    throw this.#wrong(path, `is no JSON value: ${show(value)}`)
  }

  #list(value: readonly unknown[], path: string, depth: number): Step {
    const steps = Array.from(value, (item: unknown, at) =>
      item === undefined ? () => null : this.read(item, `${path}[${at}]`, depth + 1),
    )
    return (_base, values) => {
      const items = steps.map((step) => step(undefined, values))
      return items.includes(REMOVED) ? items.filter((item) => item !== REMOVED) : items
    }
  }

  #object(value: Readonly<Record<string, unknown>>, path: string, depth: number): Step {
    const steps = Object.keys(value).map((name) => {
      const member = value[name]
      return [name, member === undefined ? remove : this.read(member, `${path}.${name}`, depth + 1)] as const
    })
    return (base, values) => {
      const merged = isRecord(base) ? base : {}
      for (const [name, step] of steps) {
        const made = step(getOwn(merged, name), values)
        if (made !== REMOVED) setOwn(merged, name, made)
        else if (Object.hasOwn(merged, name)) Reflect.deleteProperty(merged, name)
      }
      return merged
    }
  }

  #wrong(path: string, reason: string): Error {
    const place = `${this.#place}${path.slice(0, 200)}`
    return inputError(place, `Expected \`${this.#place}\` to be JSON, but \`${place}\` ${reason}`)
  }
}

const isRemoval = (value: Readonly<Record<string, unknown>>): boolean =>
  getOwn(value, '$exists') === false && Object.keys(value).length === 1

const PLACEHOLDER = /\{\{(index|timestamp|uuid)\}\}/g

function textStep(text: string): Step {
  if (text === '{{index}}') return (_base, { index }) => index
  if (text.search(PLACEHOLDER) < 0) return () => text
  return (_base, values) =>
    text.replace(PLACEHOLDER, (_, name: 'index' | 'timestamp' | 'uuid') =>
      name === 'uuid' ? values.uuid() : String(values[name]),
    )
}
