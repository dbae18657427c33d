import { isPaletteError } from '../errors.ts'
import type { SchemaValidator } from '../schema/validator.ts'
import { describeDifferences, differencesOf, type Difference } from './match.ts'
import type { Fault } from './recorder.ts'
import { snapshot } from './snapshot.ts'
import type { Expectation, Failure } from './suite.ts'
import type { Trace } from './trace.ts'

/** An expectation whose nodes and schema were found. */
export interface ResolvedExpectation {
  readonly expectation: Expectation
  /** Id in the flow file. */
  readonly node: string | undefined
  readonly order: readonly string[]
  readonly schema: SchemaValidator | undefined
}

/** What has happened in a case. */
export interface Happened {
  readonly trace: Trace
  readonly faults: readonly Fault[]
  readonly reached: Readonly<Record<string, number>>
}

/** Why an expectation is not met. */
export interface Unmet {
  /** Index in the case's list. */
  readonly at: number
  readonly message: string
  readonly differences: readonly Difference[]
}

interface Seen {
  readonly message: unknown
  readonly atMs: number
}

/** Messages kept a place at most. */
const MAX_SEEN = 1000

/** Watches the places that the expectations of a case name, and tells which are not met. */
export class Expectations {
  readonly #list: readonly ResolvedExpectation[]
  readonly #seen = new Map<string, Seen[]>()
  readonly #nameOf: (id: string) => string

  constructor(list: readonly ResolvedExpectation[], nameOf: (id: string) => string) {
    this.#list = list
    this.#nameOf = nameOf
    for (const each of list) this.#seen.set(placeOf(each), [])
  }

  /** True where something must not happen: the case is over only when nothing more can happen. */
  get hasNegative(): boolean {
    return this.#list.some(({ expectation }) => {
      const { reached } = expectation
      return reached === false || typeof reached === 'number'
    })
  }

  received(node: string, message: object, atMs: number): void {
    this.#keep(`${node} in`, message, atMs)
  }

  sent(node: string, output: number, message: object, atMs: number): void {
    this.#keep(`${node} out ${output}`, message, atMs)
  }

  /** The expectations that are not met so far. */
  unmet(happened: Happened): readonly Unmet[] {
    return this.#list.flatMap((each, at) => {
      const problem = this.#check(each, happened)
      return problem === undefined ? [] : [{ at, differences: [], ...problem }]
    })
  }

  /** The faults that an expectation names. */
  expectedFaults(faults: readonly Fault[]): ReadonlySet<Fault> {
    const expected = this.#list.flatMap(({ node, expectation: { fails } }) =>
      fails === undefined ? [] : faults.filter((fault) => fault.node === node && isFault(fails, fault)),
    )
    return new Set(expected)
  }

  #keep(place: string, message: object, atMs: number): void {
    const seen = this.#seen.get(place)
    if (seen && seen.length < MAX_SEEN) seen.push({ message: snapshot(message), atMs })
  }

  #check(
    each: ResolvedExpectation,
    happened: Happened,
  ): (Omit<Unmet, 'at' | 'differences'> & Partial<Unmet>) | undefined {
    const { expectation, node = '' } = each
    const name = `\`${this.#nameOf(node)}\``
    if (expectation.order) return this.#checkOrder(each.order, happened.trace)
    if (expectation.reached !== undefined)
      return checkReached(expectation.reached, happened.reached[node] ?? 0, name)
    if (expectation.fails !== undefined) {
      const faults = happened.faults.filter((fault) => fault.node === node)
      return checkFault(expectation.fails, faults, name, expectation.withinMs)
    }
    return this.#checkMessage(each, name)
  }

  #checkMessage(
    each: ResolvedExpectation,
    name: string,
  ): (Pick<Unmet, 'message'> & Partial<Unmet>) | undefined {
    const { expectation } = each
    const { nth, withinMs, output = 1 } = expectation
    const verb = expectation.receives ? 'receive' : 'send'
    const where = expectation.receives ? '' : ` at output ${output}`
    const all = this.#seen.get(placeOf(each)) ?? []
    const chosen = nth === undefined ? all : all.slice(nth - 1, nth)
    if (chosen.length === 0) {
      const count = nth === undefined ? 'a message' : `message ${nth}`
      return {
        message: `Expected ${name} to ${verb} ${count}${where}, but it ${all.length === 0 ? 'never did' : `did so ${times(all.length)}`}`,
      }
    }
    const tried = chosen.map((seen) => ({ seen, differences: differencesIn(each, seen.message) }))
    const met = tried.filter(({ differences }) => differences.length === 0)
    const inTime = met.find(({ seen }) => withinMs === undefined || seen.atMs <= withinMs)
    if (inTime) return undefined
    if (met[0])
      return {
        message: `Expected ${name} to ${verb} this${where} within ${withinMs ?? 0} ms, but it took ${Math.round(met[0].seen.atMs)} ms`,
      }
    const nearest = tried.reduce((a, b) => (b.differences.length < a.differences.length ? b : a))
    const which =
      all.length === 1
        ? ''
        : ` (${all.length} messages; the nearest is number ${all.indexOf(nearest.seen) + 1})`
    return {
      message: `Expected ${name} to ${verb} another message${where}${which}`,
      differences: nearest.differences,
    }
  }

  #checkOrder(order: readonly string[], { hops }: Trace): Pick<Unmet, 'message'> | undefined {
    let from = 0
    for (const id of order) {
      const at = hops.findIndex(({ node }, index) => index >= from && node === id)
      if (at < 0) {
        const seen = hops.filter(({ node }) => order.includes(node)).map(({ node }) => this.#nameOf(node))
        const wanted = order.map(this.#nameOf).join(' -> ')
        return {
          message: `Expected the order ${wanted}, but it was ${seen.slice(0, 20).join(' -> ') || 'none of them'}`,
        }
      }
      from = at + 1
    }
    return undefined
  }
}

const times = (count: number): string => (count === 1 ? 'once' : `${count} times`)

function placeOf({ node = '', expectation: { receives, sends, output = 1 } }: ResolvedExpectation): string {
  if (receives) return `${node} in`
  return sends ? `${node} out ${output - 1}` : ''
}

function differencesIn(
  { expectation: { receives, sends, property = 'payload' }, schema }: ResolvedExpectation,
  message: unknown,
): readonly Difference[] {
  const differences = differencesOf(receives ?? sends, message)
  if (differences.length > 0 || !schema) return differences
  const value = valueOf(message, property)
  const place = `msg.${property}`
  try {
    const verdict = schema.validate(value, place)
    if (verdict.valid) return []
    return verdict.errors.map((error) => ({
      path: `${place}${error.path.replaceAll('/', '.')}`,
      expected: error.message.replace(/, got .*$/s, ''),
      actual: String(error.actual),
    }))
  } catch (error) {
    return [
      { path: place, expected: 'a value that the schema can decide on', actual: (error as Error).message },
    ]
  }
}

const valueOf = (message: unknown, property: string): unknown =>
  property
    .split('.')
    .reduce<unknown>((value, name) => (value as Record<string, unknown> | undefined)?.[name], message)

function checkReached(
  wanted: boolean | number,
  count: number,
  name: string,
): Pick<Unmet, 'message'> | undefined {
  if (wanted === true) return count > 0 ? undefined : { message: `Expected ${name} to be reached` }
  if (wanted === false)
    return count === 0
      ? undefined
      : { message: `Expected ${name} not to be reached, but it was, ${times(count)}` }
  return count === wanted
    ? undefined
    : { message: `Expected ${name} to be reached ${times(wanted)}, but it was ${times(count)}` }
}

const failureOf = (fails: Failure | string): Failure => (typeof fails === 'string' ? { code: fails } : fails)

const isFault = (fails: Failure | string, fault: Fault): boolean =>
  differencesOf(failureOf(fails), { code: fault.code, message: fault.message, details: fault.details })
    .length === 0

function checkFault(
  fails: Failure | string,
  faults: readonly Fault[],
  name: string,
  withinMs: number | undefined,
): (Pick<Unmet, 'message'> & Partial<Unmet>) | undefined {
  const code = failureOf(fails).code ?? 'an error'
  const met = faults.filter((fault) => isFault(fails, fault))
  if (met.some(({ atMs }) => withinMs === undefined || atMs <= withinMs)) return undefined
  if (met[0])
    return {
      message: `Expected ${name} to fail with ${code} within ${withinMs ?? 0} ms, but it took ${Math.round(met[0].atMs)} ms`,
    }
  if (faults.length === 0) return { message: `Expected ${name} to fail with ${code}, but it did not fail` }
  const [first] = faults
  return {
    message: `Expected ${name} to fail with ${code}, but it failed otherwise`,
    differences: first
      ? differencesOf(
          failureOf(fails),
          { code: first.code, message: first.message, details: first.details },
          'error',
        )
      : [],
  }
}

/** Unmet expectations as text, differences indented below. */
export const describeUnmet = ({ message, differences }: Pick<Unmet, 'message' | 'differences'>): string =>
  [message, ...describeDifferences(differences).map((line) => `  ${line}`)].join('\n')

/** The text of anything that was thrown. */
export const messageOf = (error: unknown): string => {
  if (isPaletteError(error)) return `${error.code}: ${error.message}`
  return error instanceof Error ? error.message : String(error)
}
