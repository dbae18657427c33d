import { readOverlay, type Overlay } from './overlay.ts'
import { getOwn, isRecord } from './own-property.ts'

/**
 * Reads an event as a tester writes it: what it leaves out comes from the sample. Its `data` and `contact.attributes` stand as they
 * are, because the sample's would be strange to them.
 *
 * @throws as {@link readOverlay}.
 */
export function readTemplate(value: unknown, place: string): Overlay {
  const overlay = readOverlay(value, place)
  const template = value as Readonly<Record<string, unknown>>
  const contact = getOwn(template, 'contact')
  const hasData = Object.hasOwn(template, 'data')
  const hasAttributes = isRecord(contact) && Object.hasOwn(contact, 'attributes')
  return {
    apply: (event, values) => {
      if (!isRecord(event)) return overlay.apply(event, values)
      if (hasData) event['data'] = {}
      if (hasAttributes && isRecord(event['contact'])) event['contact']['attributes'] = {}
      return overlay.apply(event, values)
    },
  }
}
