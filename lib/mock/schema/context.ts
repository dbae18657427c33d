import type { JsonSchema } from '../../schema/json-schema.ts'
import type { TimeGuard } from '../../schema/time-guard.ts'
import type { Draw } from './draw.ts'
import { itemsOf, namedSchemasAt, numbersOf, requiredBy, schemaAt, schemasAt, type Part } from './parts.ts'
import { patternWriter, type PatternWriter } from './pattern.ts'
import { References, type Located } from './references.ts'
import { TooLarge } from './unsatisfiable.ts'

/** Steps that the search for one value may take: some tenths of a second. */
const MOST_STEPS = 50_000

type Expression = ReturnType<TimeGuard['regExp']>

/** What the search for values shares: the schema with its references and patterns, the decisions, and a budget. */
export class Context {
  draw: Draw
  readonly #references: References
  readonly #guard: TimeGuard
  readonly #expressions = new Map<string, Expression>()
  readonly #writers = new Map<string, PatternWriter>()
  readonly #heights = new Map<object, number>()
  #steps = 0

  /** @param guard the patterns of the schema must not hold the event loop. */
  constructor(schema: JsonSchema, guard: TimeGuard, draw: Draw) {
    this.#references = new References(schema)
    this.#guard = guard
    this.draw = draw
  }

  /** Begins the search for a value. */
  begin(draw: Draw): void {
    this.draw = draw
    this.#steps = 0
  }

  /** Counts a step. @throws {@link TooLarge} once there were too many. */
  spend(path: string): void {
    this.#steps += 1
    if (this.#steps > MOST_STEPS)
      throw new TooLarge(
        path,
        'the search was given up: the schema branches too much, or asks for too many values',
      )
  }

  /** What a part refers to. */
  referenced({ schema }: Part): readonly Located[] {
    const references = [schema['$ref'], schema['$dynamicRef'], schema['$recursiveRef']]
    return references.flatMap((each) =>
      typeof each === 'string' ? (this.#references.resolve(each, schema) ?? []) : [],
    )
  }

  expression(pattern: string): Expression {
    const known = this.#expressions.get(pattern)
    if (known) return known
    const made = this.#guard.regExp(pattern, 'u')
    this.#expressions.set(pattern, made)
    return made
  }

  writer(pattern: string): PatternWriter {
    const known = this.#writers.get(pattern)
    if (known) return known
    const made = patternWriter(pattern)
    this.#writers.set(pattern, made)
    return made
  }

  /** How deep the smallest values of a schema are nested, about; `Infinity` for what never ends. */
  height(located: Located): number {
    const { schema, path } = located
    if (typeof schema === 'boolean') return 0
    const known = this.#heights.get(schema)
    if (known !== undefined) return known
    this.#heights.set(schema, Infinity) // met again further down: this way does not end
    const height = this.#heightOf({ schema, path })
    this.#heights.set(schema, height)
    return height
  }

  #heightOf(part: Part): number {
    const of = (all: readonly Located[]): readonly number[] => all.map((each) => this.height(each))
    const branches = ['anyOf', 'oneOf'].map((keyword) => of(schemasAt(part, keyword)))
    const least = branches.map((heights) => (heights.length === 0 ? 0 : Math.min(...heights)))
    const beside = of([...schemasAt(part, 'allOf'), ...this.referenced(part)])
    const required = requiredBy(part)
    const members = namedSchemasAt(part, 'properties').filter(({ name }) => required.includes(name))
    const { lead, rest } = itemsOf(part)
    const [count = 0] = numbersOf([part], 'minItems')
    const contains = schemaAt(part, 'contains')
    const items = [
      ...lead.slice(0, count),
      ...(count > lead.length && rest ? [rest] : []),
      ...(contains ? [contains] : []),
    ]
    const inside = of([...members.map(({ located }) => located), ...items])
    return Math.max(0, ...least, ...beside, ...inside.map((height) => height + 1))
  }
}
