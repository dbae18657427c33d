import { isRecord, type RawConnector } from './connector.ts'
import { withoutSecrets } from './merge.ts'
import { redactText } from '../redact/redact-text.ts'

/** A list or stream of connectors without what may be secrets, see {@link withoutSecrets}. */
export function keepableItems(
  items: readonly unknown[] | AsyncIterable<unknown>,
): readonly unknown[] | AsyncIterable<unknown> {
  return Symbol.asyncIterator in items ? eachKeepable(items) : Array.from(items, withoutSecrets)
}

async function* eachKeepable(items: AsyncIterable<unknown>): AsyncIterable<unknown> {
  for await (const item of items) yield withoutSecrets(item)
}

/** The id of the connector that a message means, for records; undefined where it gives none. */
export function idOf(base: RawConnector, given: unknown): string | undefined {
  const id = (isRecord(given) ? given['connectorId'] : undefined) ?? base.connectorId
  return typeof id === 'string' && id !== '' ? redactText(id.slice(0, 200)) : undefined
}
