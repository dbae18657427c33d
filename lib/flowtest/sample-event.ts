import type { Message } from './suite.ts'

/** An event of a data action as CXone sends it; `mock` in a trigger begins with it. */
const SAMPLE_EVENT = {
  dataActionId: 'crm-customer-lookup',
  triggerId: 'tr-883210',
  timestamp: '2026-03-02T09:30:00.000Z',
  environment: 'sandbox',
  interaction: {
    id: 'i-774421',
    type: 'voice',
    direction: 'inbound',
    status: 'active',
    channel: 'phone',
    startTime: '2026-03-02T09:28:12.000Z',
  },
  contact: {
    id: 'c-982104',
    externalId: 'EXT-9921',
    attributes: { customerId: 'CUST-4412', tier: 'premium', lastCallDate: '2026-02-27' },
  },
  data: {
    disposition: 'callback_requested',
    agentId: 'ag-112233',
    wrapUpCode: 'WU-04',
    customFields: { issueCategory: 'billing', resolutionScore: 87 },
  },
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The message of a data action event: `msg.payload` is the sample, with `overrides` merged in at every depth. */
export function sampleEvent(overrides: Message): Message {
  const payload = merge(SAMPLE_EVENT, overrides) as Record<string, unknown>
  return { payload, dataActionId: payload['dataActionId'] }
}

function merge(base: unknown, over: unknown): unknown {
  if (!isRecord(base) || !isRecord(over)) return structuredClone(over)
  const merged: Record<string, unknown> = structuredClone(base)
  for (const [name, value] of Object.entries(over)) merged[name] = merge(merged[name], value)
  return merged
}
