import { INTERACTION_TYPES, type Channel } from './choices.ts'

/** The data action of an event that nobody gave one; the sandbox has it. */
export const SAMPLE_ACTION = 'crm-customer-lookup'

/** What differs between the events of a run. */
export interface EventFacts {
  readonly dataActionId: string
  readonly channel: Channel
  readonly triggerId: string
  readonly interactionId: string
  readonly contactId: string
  /** ISO 8601, UTC. */
  readonly timestamp: string
  /** ISO 8601, UTC: when the interaction began. */
  readonly startTime: string
}

/** The event that triggers a data action, as CXone's event bus hands it over. */
export interface MockEvent {
  dataActionId: unknown
  triggerId: unknown
  timestamp: unknown
  environment: unknown
  interaction: unknown
  contact: unknown
  data: unknown
}

/** The sample event: an inbound contact of a premium customer about a bill, wrapped up with a call-back. */
export const sampleEvent = (facts: EventFacts): MockEvent => ({
  dataActionId: facts.dataActionId,
  triggerId: facts.triggerId,
  timestamp: facts.timestamp,
  environment: 'sandbox',
  interaction: {
    id: facts.interactionId,
    type: INTERACTION_TYPES[facts.channel],
    direction: 'inbound',
    status: 'active',
    channel: facts.channel,
    startTime: facts.startTime,
  },
  contact: {
    id: facts.contactId,
    externalId: 'EXT-9921',
    attributes: { customerId: 'CUST-4412', tier: 'premium', lastCallDate: '2023-11-15T10:30:00Z' },
  },
  data: {
    disposition: 'callback_requested',
    agentId: 'ag-112233',
    wrapUpCode: 'WU-04',
    customFields: { issueCategory: 'billing', resolutionScore: 87 },
  },
})
