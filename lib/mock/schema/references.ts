import { pointerSegment, valueAt } from '../../schema/json-pointer.ts'
import { isSchema, type JsonSchema } from '../../schema/json-schema.ts'

/** A schema and where it stands: `#/properties/total`. */
export interface Located {
  readonly schema: JsonSchema
  readonly path: string
}

const BASE = 'json-schema:/'
/** Values, no schemas: what looks like a keyword in them is none. */
const VALUES: ReadonlySet<string> = new Set(['enum', 'const', 'default', 'examples'])

/**
 * Where the references of a schema lead: JSON Pointers, `$anchor`, `$id`, and the dynamic ones, which are taken for plain ones.
 * Other documents are not known: schemas that need them are refused before.
 */
export class References {
  readonly #targets = new Map<string, Located>()
  readonly #bases = new WeakMap<object, string>()

  constructor(root: JsonSchema) {
    this.#targets.set(BASE, { schema: root, path: '#' })
    this.#index(root, BASE, '#')
  }

  /** @param from the schema that holds the reference. @returns undefined for one that leads nowhere. */
  resolve(reference: string, from: object): Located | undefined {
    const url = URL.parse(reference, this.#bases.get(from) ?? BASE)
    if (!url) return undefined
    const name = decode(url.hash.slice(1))
    url.hash = ''
    const document = this.#targets.get(url.href)
    if (name === '') return document
    if (!name.startsWith('/')) return this.#targets.get(`${url.href}#${name}`)
    return document && follow(document, name)
  }

  #index(value: unknown, base: string, path: string): void {
    if (typeof value !== 'object' || value === null) return
    const own = Array.isArray(value) ? base : this.#note(value as Record<string, unknown>, base, path)
    this.#bases.set(value, own)
    for (const [name, member] of Object.entries(value)) {
      if (!VALUES.has(name)) this.#index(member, own, `${path}/${pointerSegment(name)}`)
    }
  }

  /** @returns the base of what is inside. */
  #note(schema: Readonly<Record<string, unknown>>, base: string, path: string): string {
    const { $id, $anchor, $dynamicAnchor } = schema
    const url = typeof $id === 'string' ? URL.parse($id, base) : null
    const name = url?.hash.slice(1)
    if (url) url.hash = ''
    const own = url?.href ?? base
    if (own !== base) this.#targets.set(own, { schema, path })
    for (const anchor of [name, $anchor, $dynamicAnchor])
      if (typeof anchor === 'string' && anchor !== '') this.#targets.set(`${own}#${anchor}`, { schema, path })
    return own
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function follow({ schema, path }: Located, pointer: string): Located | undefined {
  const found = valueAt(schema, pointer)
  return isSchema(found) ? { schema: found, path: `${path}${pointer}` } : undefined
}
