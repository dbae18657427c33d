import type { CxoneAnswer, CxoneClient } from '../cxone/access.ts'
import { isRecord } from './connector.ts'
import { comparable, type Comparable } from './fingerprint.ts'

/** A connector as the server has it. */
export interface Stored extends Comparable {
  /** The server's own document. */
  readonly document: Readonly<Record<string, unknown>>
  /** Strong entity tag, where the server gave one. */
  readonly etag: string | undefined
}

/** What reading a connector gave: the connector, nothing there, or no way to read. */
export interface Read {
  readonly kind: 'found' | 'absent' | 'unreadable'
  readonly stored: Stored | undefined
  /** The API base that was asked, with the tenant where the token names it: all tenants of an area share a base. */
  readonly base: string
}

/** The place of a connector on a server. */
export interface Place {
  /** Path template with `{id}`. */
  readonly path: string
  readonly params: { readonly id: string }
}

// 405 and 501: a server that takes connectors, but does not show them.
const KINDS: Readonly<Record<number, Read['kind']>> = {
  404: 'absent',
  410: 'absent',
  405: 'unreadable',
  501: 'unreadable',
}
const KNOWN = Object.keys(KINDS).map(Number)

/** Reads a connector. @throws the codes of the client, but for what {@link Read} tells. */
export async function readConnector(client: CxoneClient, place: Place): Promise<Read> {
  const answer = await client.call({ ...place, method: 'GET', accept: KNOWN, check: whyNoConnector })
  const base = answer.tenant === undefined ? answer.base : `${answer.base}#${answer.tenant}`
  const kind = KINDS[answer.status] ?? 'found'
  return { kind, stored: kind === 'found' ? storedOf(answer) : undefined, base }
}

/** Tells why an answer is no connector. */
export const whyNoConnector = (json: unknown): string | undefined =>
  isRecord(json) ? undefined : 'expected the connector as a JSON object'

/** The connector that an answer holds. */
export function storedOf({ json, headers }: CxoneAnswer): Stored {
  const document = json as Readonly<Record<string, unknown>>
  return { ...comparable(document), document, etag: strongTag(headers['etag']) }
}

/** Whether an answer shows the whole connector and not only how it went. */
export const isWhole = ({ document }: Stored): boolean => isRecord(document['configuration'])

// A weak tag never matches `If-Match` (RFC 9110, 13.1.1).
const strongTag = (tag: string | undefined): string | undefined =>
  tag !== undefined && /^"[\x21\x23-\x7e\x80-\xff]*"$/.test(tag) ? tag : undefined
