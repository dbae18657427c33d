import type { Field } from '../lib/config/fields.ts'

interface EventRow {
  eventType?: string
  webhookUrl?: string
}

/** The subscriptions as an editable list: a row has the type of the event and the receiver. */
export function showEvents(node: EditorNode, field: Field<unknown>): void {
  const list = $('#cxone-events')
  const judge = (): void => {
    $('#cxone-events-reason').text(field.check(readEvents()) ?? '')
  }
  list.css('min-height', '90px').editableList({
    removable: true,
    sortable: true,
    addItem: (row: JQ, _index: number, { eventType = '', webhookUrl = '' }: EventRow) => {
      const input = (name: string, value: string, width: string): JQ => {
        const made = $('<input>', { type: 'text', class: `cxone-${name}` })
          .val(value)
          .css('width', width)
        made.attr('placeholder', node._(`connector-register.${name}`))
        made.on('change', judge)
        return made
      }
      row.append(input('eventType', eventType, '35%'), ' ', input('webhookUrl', webhookUrl, '60%'))
    },
    removeItem: judge,
  })
  const stored = node['events']
  const events = (typeof stored === 'string' ? JSON.parse(stored) : (stored ?? [])) as EventRow[]
  for (const event of events) list.editableList('addItem', event)
  judge()
}

/** Takes the subscriptions over into the node. */
export function saveEvents(node: EditorNode): void {
  node['events'] = readEvents()
}

function readEvents(): EventRow[] {
  const events: EventRow[] = []
  const items = $('#cxone-events').editableList('items')
  items.each(function () {
    const row = $(this)
    const eventType = row.find('.cxone-eventType').val()
    const webhookUrl = row.find('.cxone-webhookUrl').val()
    if (eventType !== '' || webhookUrl !== '') events.push({ eventType, webhookUrl })
  })
  return events
}
