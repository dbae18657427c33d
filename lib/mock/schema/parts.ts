import { pointerSegment } from '../../schema/json-pointer.ts'
import type { JsonSchema } from '../../schema/json-schema.ts'
import { isRecord } from '../own-property.ts'
import type { Located } from './references.ts'

/** A schema that is an object: one part of what a value must meet. */
export interface Part {
  readonly schema: Readonly<Record<string, unknown>>
  readonly path: string
}

/** The numbers that the parts give a keyword. */
export const numbersOf = (parts: readonly Part[], keyword: string): readonly number[] =>
  parts.map(({ schema }) => schema[keyword]).filter((value) => typeof value === 'number')

/** The path of a keyword in the first part that has it. */
export const pathOf = (parts: readonly Part[], keyword: string): string =>
  `${parts.find(({ schema }) => keyword in schema)?.path ?? '#'}/${keyword}`

/** The schema below a keyword; undefined where there is none. */
export function schemaAt({ schema, path }: Part, keyword: string): Located | undefined {
  const value = schema[keyword]
  if (value === undefined || Array.isArray(value)) return undefined
  return { schema: value as JsonSchema, path: `${path}/${keyword}` }
}

/** The schemas below a keyword that holds a list of them. */
export function schemasAt({ schema, path }: Part, keyword: string): readonly Located[] {
  const list = schema[keyword]
  if (!Array.isArray(list)) return []
  return (list as readonly JsonSchema[]).map((each, at) => ({
    schema: each,
    path: `${path}/${keyword}/${at}`,
  }))
}

/** The schemas below a keyword that holds one for each name. */
export function namedSchemasAt(
  { schema, path }: Part,
  keyword: string,
): readonly { readonly name: string; readonly located: Located }[] {
  const entries = schema[keyword]
  if (!isRecord(entries)) return []
  return Object.entries(entries).map(([name, each]) => ({
    name,
    located: {
      // A list of names is what `dependentRequired` has.
      schema: Array.isArray(each) ? { required: each as unknown[] } : (each as JsonSchema),
      path: `${path}/${keyword}/${pointerSegment(name)}`,
    },
  }))
}

/** The schemas of a list's items: the first ones have each their own, in all drafts. */
export const itemsOf = (
  part: Part,
): { readonly lead: readonly Located[]; readonly rest: Located | undefined } =>
  Array.isArray(part.schema['items'])
    ? { lead: schemasAt(part, 'items'), rest: schemaAt(part, 'additionalItems') }
    : { lead: schemasAt(part, 'prefixItems'), rest: schemaAt(part, 'items') }

/** What the presence of a property asks of its object, in all drafts. */
export const dependentsOf = (part: Part): ReturnType<typeof namedSchemasAt> =>
  ['dependentRequired', 'dependentSchemas', 'dependencies'].flatMap((keyword) =>
    namedSchemasAt(part, keyword),
  )

/** The names that a part demands. */
export function requiredBy({ schema: { required } }: Part): readonly string[] {
  return Array.isArray(required) ? (required as readonly string[]) : []
}
