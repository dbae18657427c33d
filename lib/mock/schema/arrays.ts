import { isDeepStrictEqual } from 'node:util'
import type { Context } from './context.ts'
import { DEEP } from './expand.ts'
import { valueFor } from './generate.ts'
import { itemsOf, numbersOf, pathOf, schemaAt, type Part } from './parts.ts'
import type { Located } from './references.ts'
import { TooLarge, Unsatisfiable } from './unsatisfiable.ts'

/** Longer lists are not made, unless the schema demands them. */
const LONGEST = 100
const MOST_DEMANDED = 10_000
/** How often another item is tried where all must differ. */
const TRIES = 30

/** A demand that some items meet a schema. */
interface Contained {
  readonly located: Located
  readonly least: number
  readonly hasMost: boolean
}

/** A list for the parts of a schema. @throws {@link Unsatisfiable} */
export function arrayFor(context: Context, parts: readonly Part[], path: string, depth: number): unknown[] {
  const contained = parts.flatMap(containedBy)
  const [least, most] = limitsOf(parts, contained)
  const length = lengthFor(context, path, depth, [least, most])
  const isUnique = parts.some(({ schema }) => schema['uniqueItems'] === true)
  const goals = goalsOf(parts, contained, length)
  const items: unknown[] = []
  for (const [at, goal] of goals.entries()) {
    try {
      items.push(isUnique ? another(context, goal, depth, items, parts) : valueFor(context, goal, depth + 1))
    } catch (error) {
      // Where no more fit in, a shorter list will do.
      if (!(error instanceof Unsatisfiable) || error instanceof TooLarge || at < least) throw error
      break
    }
  }
  return items
}

function containedBy(part: Part): readonly Contained[] {
  const located = schemaAt(part, 'contains')
  if (!located) return []
  const { minContains = 1, maxContains } = part.schema
  return [{ located, least: Number(minContains), hasMost: maxContains !== undefined }]
}

function limitsOf(parts: readonly Part[], contained: readonly Contained[]): readonly [number, number] {
  const needed = contained.reduce((sum, { least }) => sum + least, 0)
  const stated = Math.max(0, ...numbersOf(parts, 'minItems'))
  const most = Math.min(Infinity, ...numbersOf(parts, 'maxItems'), ...parts.map(closedAt))
  if (stated > most) throw new Unsatisfiable(pathOf(parts, 'minItems'), 'it is more than the list may have')
  if (stated > MOST_DEMANDED)
    throw new TooLarge(pathOf(parts, 'minItems'), `lists of more than ${MOST_DEMANDED} items are not made`)
  return [Math.min(Math.max(stated, needed), most), most]
}

/** The length that a list cannot exceed because no further item is allowed. */
function closedAt(part: Part): number {
  const { lead, rest } = itemsOf(part)
  return (rest?.schema ?? part.schema['unevaluatedItems']) === false ? lead.length : Infinity
}

function lengthFor(
  { draw }: Context,
  path: string,
  depth: number,
  [least, most]: readonly [number, number],
): number {
  if (depth >= DEEP) return least
  const longest = Math.max(Math.min(most, depth === 0 ? LONGEST : Math.ceil(LONGEST / 10 ** depth)), least)
  const edges = [...new Set([least, Number.isFinite(most) ? longest : Math.max(least, 1)])]
  return draw.edge(`${path}#items`, edges) ?? draw.integer(least, Math.min(longest, least + 3))
}

/** What each item must meet. Items that a `contains` asks for come last, after those that have a schema of their own. */
function goalsOf(
  parts: readonly Part[],
  contained: readonly Contained[],
  length: number,
): readonly (readonly Located[])[] {
  const goals = Array.from({ length }, (_, at) =>
    parts.flatMap((part) => {
      const { lead, rest } = itemsOf(part)
      return lead[at] ?? rest ?? []
    }),
  )
  let at = length
  for (const { located, least, hasMost } of contained) {
    const chosen = new Set<number>()
    for (let count = 0; count < least; count += 1) chosen.add((at -= 1))
    for (const [index, goal] of goals.entries()) {
      if (chosen.has(index)) goal.push(located)
      else if (hasMost) goal.push({ schema: { not: located.schema }, path: located.path })
    }
  }
  return goals
}

function another(
  context: Context,
  goals: readonly Located[],
  depth: number,
  items: readonly unknown[],
  parts: readonly Part[],
): unknown {
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const item = valueFor(context, goals, depth + 1)
    if (!items.some((other) => isDeepStrictEqual(item, other))) return item
  }
  throw new Unsatisfiable(
    pathOf(parts, 'uniqueItems'),
    `no ${items.length + 1} items were found that all differ`,
  )
}
