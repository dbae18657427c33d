import { PaletteError } from '../../errors.ts'
import type { SeededRandom } from '../../random/seeded-random.ts'
import { CHECK_ONLY, compileSchema } from '../../schema/compile.ts'
import type { JsonSchema } from '../../schema/json-schema.ts'
import { OutOfTime, TimeGuard } from '../../schema/time-guard.ts'
import type { SchemaValidator } from '../../schema/validator.ts'
import { Context } from './context.ts'
import { Draw, type Walk } from './draw.ts'
import { valueFor } from './generate.ts'
import { Unsatisfiable } from './unsatisfiable.ts'

/** Values tried as a whole: each is made to be right, so more would not help. */
const TRIES = 12

/** Makes values that match a schema. */
export interface ValueMaker {
  /**
   * A value. Edge cases come first as long as the walk has some that were not shown.
   *
   * @throws `SCHEMA_UNSATISFIABLE` with `details.schemaPath` and `details.keyword`.
   */
  make(random: SeededRandom, walk: Walk): unknown
}

/**
 * Prepares a schema. Each value is made to match, and then validated.
 *
 * @param name what errors call the schema.
 * @throws `SCHEMA_INVALID` as {@link compileSchema}.
 */
export async function createValueMaker(name: string, schema: JsonSchema): Promise<ValueMaker> {
  const validator = await compileSchema(name, schema, CHECK_ONLY)
  const guard = new TimeGuard()
  const root = structuredClone(schema)
  let context: Context | undefined
  return {
    make: (random, walk) => {
      const work = (): unknown => {
        walk.restart()
        const draw = new Draw(random, walk)
        context ??= new Context(root, guard, draw)
        const value = search(context, draw, root, validator)
        walk.commit()
        return value
      }
      try {
        return guard.run(work, undefined)
      } catch (error) {
        throw explain(name, error)
      }
    },
  }
}

function search(context: Context, draw: Draw, schema: JsonSchema, validator: SchemaValidator): unknown {
  let failure = new Unsatisfiable('#', 'no value was found')
  context.begin(draw)
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const value = valueFor(context, [{ schema, path: '#' }], 0)
    const verdict = validator.validate(value, 'data')
    if (verdict.valid) return value
    const [first] = verdict.errors
    failure = new Unsatisfiable(
      first?.schemaPath ?? '#',
      `the values that were tried did not meet it: ${first?.message ?? ''}`,
    )
  }
  throw failure
}

function explain(name: string, error: unknown): unknown {
  if (error instanceof Unsatisfiable) {
    const { schemaPath, keyword, message } = error
    return unsatisfiable(
      name,
      `\`${keyword}\` at \`${schemaPath}\`: ${message}`,
      { schemaPath, keyword },
      error,
    )
  }
  if (error instanceof OutOfTime)
    return unsatisfiable(
      name,
      `the pattern \`${error.pattern.slice(0, 80)}\` takes too long`,
      { keyword: 'pattern' },
      error,
    )
  if (error instanceof RangeError) return unsatisfiable(name, 'it is nested too deeply', {}, error)
  return error
}

const unsatisfiable = (name: string, reason: string, details: object, cause: unknown): PaletteError =>
  new PaletteError(
    'SCHEMA_UNSATISFIABLE',
    `No value could be made that matches JSON Schema \`${name}\`: ${reason}`,
    {
      details: { schema: name, ...details },
      cause,
    },
  )
