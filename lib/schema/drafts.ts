import { show } from '../errors.ts'
import { schemaError, type JsonSchema } from './json-schema.ts'

/** The drafts of JSON Schema that are supported, newest first. */
export const DRAFTS = ['2020-12', '2019-09', 'draft-07', 'draft-06'] as const
/** A draft of JSON Schema. */
export type Draft = (typeof DRAFTS)[number]

/** The URI of each draft's own schema. */
export const META_SCHEMAS: Readonly<Record<Draft, string>> = {
  '2020-12': 'https://json-schema.org/draft/2020-12/schema',
  '2019-09': 'https://json-schema.org/draft/2019-09/schema',
  'draft-07': 'http://json-schema.org/draft-07/schema',
  'draft-06': 'http://json-schema.org/draft-06/schema',
}

const withoutScheme = (uri: string): string => uri.replace(/^https?:\/\//, '').replace(/#$/, '')
const BY_URI = new Map(DRAFTS.map((draft) => [withoutScheme(META_SCHEMAS[draft]), draft]))

/**
 * The draft of a schema: the one that is chosen, else the one its `$schema` names, else 2020-12.
 *
 * @throws `SCHEMA_INVALID` for a `$schema` that names none of {@link DRAFTS}.
 */
export function draftOf(name: string, schema: JsonSchema, choice: Draft | 'auto'): Draft {
  if (choice !== 'auto') return choice
  const uri = typeof schema === 'object' ? schema['$schema'] : undefined
  if (uri === undefined) return '2020-12'
  const known = typeof uri === 'string' ? BY_URI.get(withoutScheme(uri)) : undefined
  if (known) return known
  const supported = DRAFTS.map((draft) => `\`${META_SCHEMAS[draft]}\``).join(', ')
  throw schemaError(
    name,
    '/$schema',
    `expected one of ${supported}, got ${show(uri)}; or choose the draft in the node`,
  )
}
