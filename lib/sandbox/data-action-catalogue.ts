import { hash32, objectSchema, pick, type SandboxAction } from './data-action.ts'
import { wrapUpSync } from './data-action-wrap-up.ts'

const customerId = {
  type: 'string',
  pattern: '^CUST-[0-9]{4,8}$',
  description: 'Customer number, such as CUST-4412',
  examples: ['CUST-4412'],
}
const orderId = {
  type: 'string',
  pattern: '^ORD-[0-9]{6}$',
  description: 'Order number, such as ORD-104233',
  examples: ['ORD-104233'],
}
const UPDATED = '2026-03-02T09:30:00.000Z'

const customerLookup: SandboxAction = {
  id: 'crm-customer-lookup',
  name: 'CRM customer look-up',
  description: 'Finds a customer by number, for the screen pop of an inbound call',
  endpointUrl: 'https://crm.sandbox.test/v2/customers/lookup',
  method: 'GET',
  inputSchema: objectSchema({ customerId, includeCases: { type: 'boolean', default: false } }, [
    'includeCases',
  ]),
  outputSchema: objectSchema(
    {
      customerId: { type: 'string' },
      fullName: { type: 'string' },
      tier: { enum: ['standard', 'premium', 'vip'] },
      email: { type: 'string', format: 'email' },
      openCases: { type: 'integer', minimum: 0 },
      caseIds: { type: 'array', items: { type: 'string' } },
    },
    ['caseIds'],
  ),
  version: 7,
  updatedAt: UPDATED,
  run(inputs) {
    const id = String(inputs.customerId)
    const first = pick(
      ['Ada', 'Grace', 'Linus', 'Margaret', 'Edsger', 'Barbara', 'Donald', 'Radia'],
      `first ${id}`,
    )
    const last = pick(['Lindqvist', 'Okafor', 'Tanaka', 'Moreau', 'Silva', 'Novak', 'Hughes'], `last ${id}`)
    const openCases = hash32(`cases ${id}`) % 4
    const cases = Array.from(
      { length: openCases },
      (_, at) => `CASE-${(hash32(`${id} ${at}`) % 90_000) + 10_000}`,
    )
    return {
      customerId: id,
      fullName: `${first} ${last}`,
      tier: id === 'CUST-4412' ? 'premium' : pick(['standard', 'premium', 'vip'], `tier ${id}`),
      email: `${first}.${last}@customers.sandbox.test`.toLowerCase(),
      openCases,
      ...(inputs.includeCases === true ? { caseIds: cases } : {}),
    }
  },
}

const orderStatus: SandboxAction = {
  id: 'order-status',
  name: 'Order status',
  description: 'Says where an order is, for the self-service menu',
  endpointUrl: 'https://orders.sandbox.test/api/orders/status',
  method: 'GET',
  inputSchema: objectSchema({ orderId }),
  outputSchema: objectSchema({
    orderId: { type: 'string' },
    status: { enum: ['received', 'packed', 'shipped', 'delivered', 'returned'] },
    carrier: { type: ['string', 'null'] },
    items: { type: 'integer', minimum: 1 },
    total: { type: 'number', minimum: 0 },
    currency: { type: 'string', pattern: '^[A-Z]{3}$' },
    estimatedDelivery: { type: 'string', format: 'date' },
  }),
  version: 3,
  updatedAt: UPDATED,
  run({ orderId: asked }) {
    const id = String(asked)
    const status = pick(['received', 'packed', 'shipped', 'delivered', 'returned'], id)
    return {
      orderId: id,
      status,
      carrier: status === 'received' || status === 'packed' ? null : pick(['DHL', 'UPS', 'PostNord'], id),
      items: (hash32(`items ${id}`) % 5) + 1,
      total: (hash32(`total ${id}`) % 50_000) / 100,
      currency: pick(['EUR', 'USD', 'GBP'], id),
      estimatedDelivery: `2026-12-${String((hash32(id) % 28) + 1).padStart(2, '0')}`,
    }
  },
}

const appointmentBooking: SandboxAction = {
  id: 'appointment-booking',
  name: 'Appointment booking',
  description: 'Books a service appointment; the same request books the same appointment',
  endpointUrl: 'https://calendar.sandbox.test/v1/appointments',
  method: 'POST',
  inputSchema: objectSchema(
    {
      customerId,
      date: { type: 'string', format: 'date' },
      slot: { enum: ['morning', 'afternoon', 'evening'] },
      note: { type: 'string', maxLength: 500 },
    },
    ['note'],
  ),
  outputSchema: objectSchema({
    appointmentId: { type: 'string', pattern: '^APT-[0-9]{6}$' },
    confirmed: { type: 'boolean' },
    startTime: { type: 'string', format: 'date-time' },
    technician: { type: 'string' },
  }),
  version: 12,
  updatedAt: UPDATED,
  run({ customerId: id, date, slot }) {
    const key = `${String(id)} ${String(date)} ${String(slot)}`
    const hour = slot === 'morning' ? '09' : slot === 'afternoon' ? '14' : '18'
    return {
      appointmentId: `APT-${String(hash32(key) % 1_000_000).padStart(6, '0')}`,
      confirmed: true,
      startTime: `${String(date)}T${hour}:00:00Z`,
      technician: pick(['M. Ortiz', 'J. Weber', 'S. Iyer', 'K. Nyberg'], key),
    }
  },
}

const uuidIntake: SandboxAction = {
  id: 'uuid-intake',
  name: 'UUID intake',
  description: 'Takes a UUID (32 hex digits, or with dashes) and files a record under it',
  endpointUrl: 'https://api.sandbox.test/v1/intake',
  method: 'POST',
  inputSchema: objectSchema({
    uuid: {
      type: 'string',
      pattern: '^[0-9A-Fa-f]{8}-?[0-9A-Fa-f]{4}-?[0-9A-Fa-f]{4}-?[0-9A-Fa-f]{4}-?[0-9A-Fa-f]{12}$',
      examples: ['0190a6f4b7c87d3e9f1023456789abcd'],
    },
  }),
  outputSchema: objectSchema({
    uuid: { type: 'string', format: 'uuid' },
    accepted: { type: 'boolean' },
    recordId: { type: 'string' },
  }),
  version: 1,
  updatedAt: UPDATED,
  run({ uuid }) {
    const hex = String(uuid).replaceAll('-', '').toLowerCase()
    const dashed = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
    return { uuid: dashed, accepted: true, recordId: `rec-${hex.slice(0, 12)}` }
  },
}

/** An action whose endpoint cannot be reached: for flows that check the host before they call. */
function unreachable(id: string, name: string, description: string, host: string): SandboxAction {
  return {
    id,
    name,
    description,
    endpointUrl: `https://${host}/v1/accounts`,
    method: 'GET',
    inputSchema: objectSchema({ customerId }),
    outputSchema: objectSchema({ customerId: { type: 'string' }, balance: { type: 'number' } }),
    version: 1,
    updatedAt: UPDATED,
    run: (inputs) => ({ customerId: inputs.customerId, balance: 0 }),
  }
}

/** All data actions of the sandbox. Their hosts are known to its DNS server. */
export const SANDBOX_ACTIONS: readonly SandboxAction[] = [
  customerLookup,
  orderStatus,
  appointmentBooking,
  uuidIntake,
  wrapUpSync,
  unreachable(
    'legacy-billing',
    'Legacy billing',
    'The aliases of its host form a loop (DNS_CNAME_LOOP)',
    'loop1.sandbox.test',
  ),
  unreachable(
    'retired-loyalty',
    'Retired loyalty programme',
    'Its host no longer exists (DNS_NXDOMAIN)',
    'missing.sandbox.test',
  ),
]
