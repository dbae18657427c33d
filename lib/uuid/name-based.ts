import { parse, v3, v5 } from 'uuid'
import { PaletteError, show } from '../errors.ts'
import { parseUuid } from './format.ts'

/** The namespaces of RFC 9562, 6.6, by the names that users know them by. */
const NAMESPACES: Readonly<Record<string, string>> = {
  DNS: '6ba7b810-9dad-11d1-80b4-00c04fd430c8',
  URL: '6ba7b811-9dad-11d1-80b4-00c04fd430c8',
  OID: '6ba7b812-9dad-11d1-80b4-00c04fd430c8',
  X500: '6ba7b814-9dad-11d1-80b4-00c04fd430c8',
}

/** A value, and where it came from as an error names it (`msg.payload`, `name`). */
export interface Given {
  readonly value: unknown
  readonly place: string
}

/**
 * Writes the UUID of a name (RFC 9562, 5.3 and 5.5): the same namespace and name always give the same one.
 *
 * @param namespace `DNS`, `URL`, `OID`, `X500` (either case), or a UUID in any text form.
 * @param name text of at least one character; hashed as UTF-8.
 * @throws `UUID_INVALID` with `details.path`.
 */
export function nameBased(version: '3' | '5', namespace: Given, name: Given, into: Uint8Array): void {
  const space = namespaceBytes(namespace)
  const text = nameText(name)
  if (text === '') throw invalid(name, 'text of at least one character')
  const make = version === '3' ? v3 : v5
  make(text, space, into)
}

/**
 * Writes the UUIDv5 that a node gives a message: the correlation id is the namespace, so that a message that comes
 * again with the same one gets the same UUID, and others do not.
 *
 * @param name tells several ids of one message apart; may be empty.
 * @throws `UUID_INVALID` with `details.path`.
 */
export function deriveUuid(correlationId: string, nodeId: string, name: Given, into: Uint8Array): void {
  v5(`${nodeId}/${nameText(name)}`, parse(correlationId), into)
}

function namespaceBytes(namespace: Given): Uint8Array {
  const text = typeof namespace.value === 'string' ? namespace.value.trim() : ''
  const known = NAMESPACES[text.toUpperCase()]
  const bytes = known === undefined ? parseUuid(text) : parse(known)
  if (bytes) return bytes
  throw invalid(namespace, `a namespace (${Object.keys(NAMESPACES).join(', ')}) or a UUID`)
}

function nameText(name: Given): string {
  // A lone surrogate has no UTF-8 form: two such names would get the same UUID.
  if (typeof name.value === 'string' && name.value.isWellFormed()) return name.value
  throw invalid(name, 'well-formed text')
}

const invalid = ({ value, place }: Given, expected: string): PaletteError =>
  new PaletteError('UUID_INVALID', `Expected \`${place}\` to be ${expected}, got ${show(value)}`, {
    details: { path: place },
  })
