import { objectSchema, type SandboxAction } from './data-action.ts'
import { isObject } from './request-body.ts'

const text = { type: 'string', minLength: 1, maxLength: 200 }
const open = { type: 'object', additionalProperties: true }

/** Turns the payload of a data action's trigger into a CRM record: the shape that the mock trigger makes. */
export const wrapUpSync: SandboxAction = {
  id: 'wrap-up-sync',
  name: 'Wrap-up sync',
  description: 'Turns a finished interaction into a CRM record',
  endpointUrl: 'https://www.sandbox.test/crm/wrap-ups',
  method: 'POST',
  inputSchema: objectSchema(
    {
      dataActionId: text,
      triggerId: text,
      timestamp: { type: 'string', format: 'date-time' },
      environment: text,
      interaction: { ...open, properties: { id: text }, required: ['id'] },
      contact: open,
      data: open,
    },
    ['dataActionId', 'triggerId', 'environment', 'contact', 'data'],
  ),
  outputSchema: objectSchema({
    recordId: { type: 'string', pattern: '^rec-' },
    customerId: { type: 'string' },
    issueCategory: { type: 'string' },
    priority: { enum: ['high', 'standard'] },
    resolutionScore: { type: 'number', minimum: 0, maximum: 100 },
    processedAt: { type: 'string', format: 'date-time' },
  }),
  version: 4,
  updatedAt: '2026-03-02T09:30:00.000Z',
  run({ interaction, contact, data, timestamp }) {
    const attributes = inside(contact, 'attributes')
    const fields = inside(data, 'customFields')
    const score = Number(inside(fields, 'resolutionScore'))
    return {
      recordId: `rec-${String(inside(interaction, 'id'))}`,
      customerId: textOr(inside(attributes, 'customerId'), 'UNKNOWN'),
      issueCategory: textOr(inside(fields, 'issueCategory'), 'general'),
      priority: inside(attributes, 'tier') === 'premium' ? 'high' : 'standard',
      resolutionScore: score >= 0 && score <= 100 ? score : 0,
      processedAt: timestamp,
    }
  },
}

const inside = (value: unknown, key: string): unknown => (isObject(value) ? value[key] : undefined)

const textOr = (value: unknown, fallback: string): string => (typeof value === 'string' ? value : fallback)
