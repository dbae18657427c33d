import { arrayFor } from './arrays.ts'
import type { Context } from './context.ts'
import { DEEP, Expansion, type Shape, type TypeName } from './expand.ts'
import { matches } from './matches.ts'
import { numberFor } from './numbers.ts'
import { objectFor } from './objects.ts'
import type { Part } from './parts.ts'
import type { Located } from './references.ts'
import { textFor } from './strings.ts'
import { TooLarge, Unsatisfiable } from './unsatisfiable.ts'

/** How often another way is tried at one place before the place around it tries another. */
const TRIES = 24
/** Values nested deeper are not made: a schema that needs them does not end. */
const DEEPEST = 64

/**
 * A value that meets all goals.
 *
 * @throws {@link Unsatisfiable} naming the keyword where no way was found.
 */
export function valueFor(context: Context, goals: readonly Located[], depth: number): unknown {
  const place = goals[0]?.path ?? '#'
  if (depth > DEEPEST) throw new Unsatisfiable(place, `no value ends within ${DEEPEST} levels`)
  let failure: Unsatisfiable | undefined
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const expansion = new Expansion(context, depth)
    try {
      const shape = expansion.run(goals)
      const value = valueOf(context, shape, { place, depth, isAgain: attempt > 0 })
      if (shape.doubt === undefined || goals.every((goal) => matches(context, goal, value))) return value
      failure = new Unsatisfiable(shape.doubt, `none of ${TRIES} values met it`)
    } catch (error) {
      if (!(error instanceof Unsatisfiable) || error instanceof TooLarge) throw error
      failure = error
      if (!expansion.hasChoices) break
    }
  }
  throw failure ?? new Unsatisfiable(place, 'no value was found')
}

interface Where {
  readonly place: string
  readonly depth: number
  /** Whether a value was tried before: then less likely ones are worth a try. */
  readonly isAgain: boolean
}

function valueOf(context: Context, shape: Shape, where: Where): unknown {
  const { parts } = shape
  const { place, depth } = where
  const members = membersOf(context, parts)
  if (members) return structuredClone(members[context.draw.choose(`${place}#members`, members.length)])
  const type = typeFor(context, shape, where)
  const path = parts[0]?.path ?? place
  switch (type) {
    case 'null':
      return null
    case 'boolean':
      return context.draw.choose(`${path}#boolean`, 2) === 0
    case 'integer':
    case 'number':
      return numberFor(context, parts, path, type === 'integer')
    case 'string':
      return textFor(context, parts, path)
    case 'array':
      return arrayFor(context, parts, path, depth)
    case 'object':
      return objectFor(context, parts, path, depth)
  }
}

/** The values that `enum` and `const` leave; undefined where there is neither. */
function membersOf(context: Context, parts: readonly Part[]): readonly unknown[] | undefined {
  const part = parts.find(({ schema }) => 'const' in schema || Array.isArray(schema['enum']))
  if (!part) return undefined
  const { schema, path } = part
  const all = 'const' in schema ? [schema['const']] : (schema['enum'] as readonly unknown[])
  const left = all.filter((value) => parts.every((each) => matches(context, each, value)))
  if (left.length === 0)
    throw new Unsatisfiable(
      `${path}/${'const' in schema ? 'const' : 'enum'}`,
      'the rest of the schema excludes all of its values',
    )
  return left
}

const ANY: readonly TypeName[] = ['string', 'integer', 'boolean', 'null', 'object', 'array', 'number']
const FLAT: ReadonlySet<TypeName> = new Set(['null', 'boolean', 'integer', 'number', 'string'])

function typeFor({ draw }: Context, shape: Shape, { place, depth, isAgain }: Where): TypeName {
  const { types, isTyped } = shape
  const open = isAgain && !isTyped ? ANY : types.length > 0 ? types : ANY.slice(0, 1)
  const flat = depth < DEEP ? [] : open.filter((type) => FLAT.has(type))
  const left = flat.length > 0 ? flat : open
  return (
    left[isAgain ? draw.integer(0, left.length - 1) : draw.choose(`${place}#types`, left.length)] ?? 'null'
  )
}
