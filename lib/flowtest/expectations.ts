import { isPaletteError } from '../errors.ts'
import type { SchemaValidator } from '../schema/validator.ts'
import { checkFault, checkReached, isFault, times } from './expected-outcome.ts'
import { describeDifferences, differencesOf, type Difference } from './match.ts'
import { snapshot } from './snapshot.ts'
import { codeOf } from './runtime-message.ts'
import type { Expectation, ExpectedAnswer } from './suite.ts'
import type { Fault, Trace } from './trace.ts'

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

/** An answer to an HTTP request of a case. */
export interface Answer {
  /** Id in the flow file of the node that gave it, where it is known. */
  readonly endpoint: string | undefined
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** What JSON holds, else text. */
  readonly body: unknown
  /** From the request to the end of the answer. */
  readonly tookMs: number
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
      return reached === false || typeof reached === 'number' || typeof reached === 'object'
    })
  }

  /** Whether an expectation looks at the messages of a node. */
  watches(node: string): boolean {
    return this.#list.some((each) => each.node === node)
  }

  received(node: string, message: object, atMs: number): void {
    this.#keep(`${node} in`, message, atMs)
  }

  sent(node: string, output: number, message: object, atMs: number): void {
    this.#keep(`${node} out ${output}`, message, atMs)
  }

  answered({ endpoint, tookMs, ...answer }: Answer): void {
    this.#keep('answer', answer, tookMs)
    if (endpoint !== undefined) this.#keep(`${endpoint} answer`, answer, tookMs)
  }

  /** The expectations that are not met so far. */
  unmet(happened: Happened): readonly Unmet[] {
    return this.#list.flatMap((each, at) => {
      const problem = this.#check(each, happened)
      return problem === undefined ? [] : [{ at, differences: [], ...problem }]
    })
  }

  /** The faults that an expectation names, or that an expected answer tells of. */
  expectedFaults(faults: readonly Fault[]): ReadonlySet<Fault> {
    const expected = this.#list.flatMap((each) => {
      const { node, expectation } = each
      const { fails } = expectation
      if (expectation.answers) return faults.filter((fault) => this.#isAnswered(each, fault))
      return fails === undefined ? [] : faults.filter((fault) => fault.node === node && isFault(fails, fault))
    })
    return new Set(expected)
  }

  #isAnswered(each: ResolvedExpectation, { code }: Fault): boolean {
    const met = (this.#seen.get(placeOf(each)) ?? []).filter(
      ({ message }) => differencesIn(each, message).length === 0,
    )
    return met.some(({ message }) => {
      const told = codeOf((message as { body?: unknown }).body)
      // Failures without a code of ours are all told by this one.
      return told !== undefined && (told === code || told === 'ENDPOINT_FLOW_FAILED')
    })
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
    const name = each.node === undefined ? 'the flow' : `\`${this.#nameOf(node)}\``
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
    const { nth, withinMs } = each.expectation
    const { verb, noun, one, where } = wordsOf(each.expectation)
    const all = this.#seen.get(placeOf(each)) ?? []
    const chosen = nth === undefined ? all : all.slice(nth - 1, nth)
    if (chosen.length === 0) {
      const count = nth === undefined ? one : `${noun} ${nth}`
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
        message: `Expected ${name} to ${verb} this ${noun}${where} within ${withinMs ?? 0} ms, but it took ${Math.round(met[0].seen.atMs)} ms`,
      }
    const nearest = tried.reduce((a, b) => (b.differences.length < a.differences.length ? b : a))
    const which =
      all.length === 1
        ? ''
        : ` (${all.length} ${noun}s; the nearest is number ${all.indexOf(nearest.seen) + 1})`
    return {
      message: `Expected ${name} to ${verb} another ${noun}${where}${which}`,
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

/** How a thing that was seen is spoken of. */
function wordsOf({ receives, answers, output = 1 }: Expectation): {
  readonly verb: string
  readonly noun: string
  readonly one: string
  readonly where: string
} {
  if (answers) return { verb: 'give', noun: 'answer', one: 'an answer', where: '' }
  const message = { noun: 'message', one: 'a message' }
  return receives
    ? { ...message, verb: 'receive', where: '' }
    : { ...message, verb: 'send', where: ` at output ${output}` }
}

function placeOf({ node = '', expectation }: ResolvedExpectation): string {
  const { receives, sends, answers, output = 1 } = expectation
  if (answers) return node === '' ? 'answer' : `${node} answer`
  if (receives) return `${node} in`
  return sends ? `${node} out ${output - 1}` : ''
}

function differencesIn(
  { expectation, schema }: ResolvedExpectation,
  message: unknown,
): readonly Difference[] {
  const { receives, sends, answers } = expectation
  const root = answers ? 'answer' : 'msg'
  const { property = answers ? 'body' : 'payload' } = expectation
  const differences = differencesOf(answers ? withLowerNames(answers) : (receives ?? sends), message, root)
  if (differences.length > 0 || !schema) return differences
  const value = valueOf(message, property)
  const place = `${root}.${property}`
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

const withLowerNames = ({ headers, ...rest }: ExpectedAnswer): ExpectedAnswer =>
  headers
    ? {
        ...rest,
        headers: Object.fromEntries(
          Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
        ),
      }
    : rest

const valueOf = (message: unknown, property: string): unknown =>
  property
    .split('.')
    .reduce<unknown>((value, name) => (value as Record<string, unknown> | undefined)?.[name], message)

/** Unmet expectations as text, differences indented below. */
export const describeUnmet = ({ message, differences }: Pick<Unmet, 'message' | 'differences'>): string =>
  [message, ...describeDifferences(differences).map((line) => `  ${line}`)].join('\n')

/** The text of anything that was thrown. */
export const messageOf = (error: unknown): string => {
  if (isPaletteError(error)) return `${error.code}: ${error.message}`
  return error instanceof Error ? error.message : String(error)
}
