import type { Context } from './context.ts'
import { opposites } from './negate.ts'
import { dependentsOf, requiredBy, schemaAt, schemasAt, type Part } from './parts.ts'
import type { Located } from './references.ts'
import { Unsatisfiable } from './unsatisfiable.ts'

/** Nested deeper than this, the shortest way to an end is taken. */
export const DEEP = 4

/** A schema with all its branches decided: what the value must meet, all of it. */
export interface Shape {
  readonly parts: readonly Part[]
  /** The types that it may have, or that the keywords speak of; none where there is no hint. */
  readonly types: readonly TypeName[]
  /** Whether the schema says `type`: else any other is right as well. */
  readonly isTyped: boolean
  /** The keyword that only a test of the value can decide; undefined where the parts say all. */
  readonly doubt: string | undefined
}

/** Keywords whose outcome shows only in the whole value. */
const DOUBTFUL = [
  'not',
  'oneOf',
  'if',
  'contains',
  'propertyNames',
  'minProperties',
  'dependencies',
  'dependentSchemas',
]

/** Decides the branches of schemas that a value must all meet, and gathers their parts. */
export class Expansion {
  /** Whether something was decided: another try may end otherwise. */
  hasChoices = false
  readonly #context: Context
  readonly #depth: number
  readonly #parts: Part[] = []
  readonly #seen = new Set<object>()
  readonly #queue: Located[] = []
  #doubt: string | undefined

  constructor(context: Context, depth: number) {
    this.#context = context
    this.#depth = depth
  }

  /** @throws {@link Unsatisfiable} for `false`, and for parts that exclude each other at first sight. */
  run(goals: readonly Located[]): Shape {
    this.#queue.push(...goals)
    for (let at = 0; at < this.#queue.length; at += 1) this.#take(this.#queue[at] as Located)
    const stated = statedTypes(this.#parts)
    if (stated?.length !== 1) this.hasChoices = true
    const types = stated ?? spokenOf(this.#parts)
    return { parts: this.#parts, types, isTyped: stated !== undefined, doubt: this.#doubt }
  }

  #take({ schema, path }: Located): void {
    this.#context.spend(path)
    if (schema === true) return
    if (schema === false) throw new Unsatisfiable(path, 'no value is allowed here')
    if (this.#seen.has(schema)) return
    this.#seen.add(schema)
    const part = { schema, path }
    this.#parts.push(part)
    for (const keyword of DOUBTFUL) if (keyword in schema) this.#doubt ??= `${path}/${keyword}`
    this.#queue.push(...this.#context.referenced(part), ...schemasAt(part, 'allOf'))
    for (const keyword of ['anyOf', 'oneOf']) this.#branch(part, keyword)
    this.#condition(part)
    this.#exclude(part)
    this.#depend(part)
  }

  #branch(part: Part, keyword: string): void {
    const branches = schemasAt(part, keyword)
    if (branches.length > 0) this.#queue.push(this.#choose(`${part.path}/${keyword}`, branches))
  }

  #condition(part: Part): void {
    const condition = schemaAt(part, 'if')
    if (!condition) return
    const [met, unmet] = [schemaAt(part, 'then'), schemaAt(part, 'else')]
    const not: Located = { schema: { not: condition.schema }, path: `${part.path}/if` }
    const ways = [
      [condition, ...(met ? [met] : [])],
      [not, ...(unmet ? [unmet] : [])],
    ]
    this.#queue.push(...(ways[this.#decide(`${part.path}/if`, 2)] ?? []))
  }

  #exclude(part: Part): void {
    const excluded = schemaAt(part, 'not')
    if (!excluded) return
    const [target = excluded] =
      typeof excluded.schema === 'object'
        ? this.#context.referenced({ ...excluded, schema: excluded.schema })
        : []
    const ways = opposites(target)
    if (ways.length > 0) this.#queue.push(this.#choose(`${part.path}/not`, ways))
  }

  /** A property that asks for more is either there, with all of it, or not. */
  #depend(part: Part): void {
    for (const { name, located } of dependentsOf(part)) {
      const isThere = this.#parts.some((each) => requiredBy(each).includes(name))
      if (isThere || this.#decide(located.path, 2) === 0)
        this.#queue.push({ schema: { required: [name] }, path: located.path }, located)
      else this.#queue.push({ schema: { properties: { [name]: false } }, path: located.path })
    }
  }

  /** Deep down, the branch that ends soonest. */
  #choose(path: string, ways: readonly Located[]): Located {
    if (ways.length === 1) return ways[0] as Located
    const heights = ways.map((way) => this.#context.height(way))
    const least = Math.min(...heights)
    const fit =
      this.#depth < DEEP
        ? ways.filter((_, at) => heights[at] !== Infinity)
        : ways.filter((_, at) => heights[at] === least)
    const open = fit.length > 0 ? fit : ways
    const chosen = this.#depth < DEEP ? open[this.#decide(path, open.length)] : this.#context.draw.pick(open)
    this.hasChoices = true
    return chosen as Located
  }

  #decide(path: string, count: number): number {
    this.hasChoices = true
    return this.#context.draw.choose(path, count)
  }
}

const TYPES = ['null', 'boolean', 'integer', 'number', 'string', 'array', 'object'] as const

/** A type of JSON; a whole number is one of its own. */
export type TypeName = (typeof TYPES)[number]

/** What keywords speak of. */
const SPEAK_OF: Readonly<Record<string, TypeName>> = {
  ...named(
    'object',
    'properties',
    'required',
    'additionalProperties',
    'patternProperties',
    'propertyNames',
    'minProperties',
  ),
  ...named('array', 'items', 'prefixItems', 'contains', 'minItems', 'uniqueItems'),
  ...named('string', 'pattern', 'minLength', 'maxLength', 'format'),
  ...named('number', 'minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'),
}

function named(type: TypeName, ...keywords: readonly string[]): Record<string, TypeName> {
  return Object.fromEntries(keywords.map((keyword) => [keyword, type]))
}

const NUMERIC_FORMATS: ReadonlySet<unknown> = new Set(['int32', 'int64', 'float', 'double'])

/** The types that all parts allow; undefined where they name none. @throws {@link Unsatisfiable} */
function statedTypes(parts: readonly Part[]): readonly TypeName[] | undefined {
  let allowed: readonly TypeName[] | undefined
  for (const { schema, path } of parts) {
    if (schema['type'] === undefined) continue
    const own = [schema['type']].flat() as readonly unknown[] as readonly TypeName[]
    allowed = allowed ? shared(allowed, own) : own
    if (allowed.length === 0) throw new Unsatisfiable(`${path}/type`, 'the types exclude each other')
  }
  return allowed
}

/** Whole numbers are numbers. */
function shared(a: readonly TypeName[], b: readonly TypeName[]): readonly TypeName[] {
  const holds = (types: readonly TypeName[], type: TypeName): boolean =>
    types.includes(type) || (type === 'integer' && types.includes('number'))
  return TYPES.filter((type) => holds(a, type) && holds(b, type) && (a.includes(type) || b.includes(type)))
}

function spokenOf(parts: readonly Part[]): readonly TypeName[] {
  const keywords = parts.flatMap(({ schema }) => Object.keys(schema))
  const isNumeric = parts.some(({ schema }) => NUMERIC_FORMATS.has(schema['format']))
  const types = keywords.flatMap((keyword) =>
    keyword === 'format' && isNumeric ? 'number' : (SPEAK_OF[keyword] ?? []),
  )
  return [...new Set(types)]
}
