import { isRecord, setOwn } from '../own-property.ts'
import type { Context } from './context.ts'
import { DEEP } from './expand.ts'
import { valueFor } from './generate.ts'
import { matches, memberSchemas } from './matches.ts'
import { namedSchemasAt, numbersOf, pathOf, requiredBy, schemaAt, type Part } from './parts.ts'
import type { Located } from './references.ts'
import { TooLarge, Unsatisfiable } from './unsatisfiable.ts'

/** How often an optional property is there, once each was seen both ways. */
const OFTEN = 0.7
const MOST_DEMANDED = 10_000

/** An object for the parts of a schema. @throws {@link Unsatisfiable} */
export function objectFor(
  context: Context,
  parts: readonly Part[],
  path: string,
  depth: number,
): Record<string, unknown> {
  return new Members(context, parts, path, depth).object()
}

class Members {
  readonly #context: Context
  readonly #parts: readonly Part[]
  readonly #path: string
  readonly #depth: number
  readonly #made: Record<string, unknown> = {}
  readonly #required: ReadonlySet<string>
  readonly #least: number
  readonly #most: number

  constructor(context: Context, parts: readonly Part[], path: string, depth: number) {
    this.#context = context
    this.#parts = parts
    this.#path = path
    this.#depth = depth
    this.#required = new Set(parts.flatMap(requiredBy))
    this.#least = Math.max(0, ...numbersOf(parts, 'minProperties'))
    this.#most = Math.min(Infinity, ...numbersOf(parts, 'maxProperties'))
  }

  object(): Record<string, unknown> {
    this.#checkCounts()
    const declared = new Set(
      this.#parts.flatMap((part) => namedSchemasAt(part, 'properties').map(({ name }) => name)),
    )
    const optional = [...declared].filter((name) => !this.#required.has(name))
    const absent = optional.filter((name) => !this.#wants(name))
    const wanted = [...new Set([...declared, ...this.#required])].filter((name) => !absent.includes(name))
    for (const name of wanted) if (this.#required.has(name)) this.#add(name)
    for (const name of wanted) if (!this.#required.has(name)) this.#offer(name)
    this.#addByForm()
    for (const name of absent) if (this.#count < this.#least) this.#offer(name)
    this.#fill()
    return inOrder(this.#made, wanted)
  }

  get #count(): number {
    return Object.keys(this.#made).length
  }

  #checkCounts(): void {
    if (this.#required.size > this.#most)
      throw new Unsatisfiable(pathOf(this.#parts, 'maxProperties'), 'more properties are required')
    if (this.#least > MOST_DEMANDED)
      throw new TooLarge(
        pathOf(this.#parts, 'minProperties'),
        `objects of more than ${MOST_DEMANDED} properties are not made`,
      )
  }

  /** Optional properties are there at first, then absent, then as chance has it; deep down they are left out. */
  #wants(name: string): boolean {
    const { draw } = this.#context
    if (this.#depth >= DEEP) return false
    return draw.edge(`${this.#path}/properties/${name}#present`, [true, false]) ?? draw.uniform() < OFTEN
  }

  #add(name: string): void {
    const names = this.#parts.flatMap((part) => schemaAt(part, 'propertyNames') ?? [])
    const wrong = names.find((located) => !matches(this.#context, located, name))
    if (wrong) throw new Unsatisfiable(wrong.path, `it excludes the property \`${name}\``)
    setOwn(this.#made, name, valueFor(this.#context, this.#goalsFor(name), this.#depth + 1))
  }

  /** Adds a property if it may be there. */
  #offer(name: string): boolean {
    if (this.#count >= this.#most || Object.hasOwn(this.#made, name)) return false
    try {
      this.#add(name)
      return true
    } catch (error) {
      if (!(error instanceof Unsatisfiable) || error instanceof TooLarge) throw error
      return false
    }
  }

  #goalsFor(name: string): readonly Located[] {
    const goals = this.#parts.flatMap((part) => memberSchemas(this.#context, part, name))
    const rest = this.#parts.flatMap((part) => schemaAt(part, 'unevaluatedProperties') ?? [])
    return goals.length === 0 ? rest : goals
  }

  /** Properties that are known by the form of their name, and those that a map of values may have. */
  #addByForm(): void {
    if (this.#depth >= DEEP) return
    const { draw } = this.#context
    for (const part of this.#parts) {
      for (const { name: pattern, located } of namedSchemasAt(part, 'patternProperties'))
        if (draw.choose(`${located.path}#present`, 2) === 0) this.#offer(this.#nameLike(pattern))
      const others = schemaAt(part, 'additionalProperties')
      if (others && isRecord(others.schema) && draw.choose(`${others.path}#present`, 2) === 0)
        this.#offer(this.#newName())
    }
  }

  #nameLike(pattern: string): string {
    const { draw } = this.#context
    const writer = this.#context.writer(pattern)
    return writer.write(writer.least + draw.integer(0, Math.min(writer.most - writer.least, 8)), draw)
  }

  #newName(): string {
    const names = this.#parts.flatMap((part) => schemaAt(part, 'propertyNames') ?? [])
    if (names.length > 0)
      return String(
        valueFor(
          this.#context,
          [{ schema: { type: 'string' }, path: names[0]?.path ?? '#' }, ...names],
          DEEP,
        ),
      )
    let number = this.#count + 1
    while (Object.hasOwn(this.#made, `extra${number}`)) number += 1
    return `extra${number}`
  }

  /** Adds properties that nobody asked for until there are enough. */
  #fill(): void {
    const patterns = this.#parts.flatMap((part) =>
      namedSchemasAt(part, 'patternProperties').map(({ name }) => name),
    )
    for (let failed = 0; this.#count < this.#least;) {
      const pattern = patterns[failed % (patterns.length + 1)]
      if (!this.#offer(pattern === undefined ? this.#newName() : this.#nameLike(pattern))) failed += 1
      if (failed > 30)
        throw new Unsatisfiable(pathOf(this.#parts, 'minProperties'), 'no further property is allowed')
    }
  }
}

/** As the schema lists them, for the eye. */
function inOrder(made: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, unknown> {
  const ordered: Record<string, unknown> = {}
  for (const name of [...names, ...Object.keys(made)])
    if (Object.hasOwn(made, name)) setOwn(ordered, name, made[name])
  return ordered
}
