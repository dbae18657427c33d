// What our validation costs, beside the function that Ajv compiles: the same schema, the same values, rounds in turn.
import { Ajv2020 } from 'ajv/dist/2020.js'
import ajvFormats from 'ajv-formats'
import { SANDBOX_ACTIONS } from '../dist/lib/sandbox/data-action-catalogue.js'
import { compileSchema, type SchemaOptions } from '../dist/lib/schema/compile.js'
import { median, report } from './measure.ts'

const VALUES: Record<string, object> = {
  'order-status': {
    orderId: 'ORD-104233',
    status: 'shipped',
    carrier: 'DHL',
    items: 2,
    total: 49.9,
    currency: 'EUR',
    estimatedDelivery: '2026-12-24',
  },
  'crm-customer-lookup': {
    customerId: 'CUST-4412',
    fullName: 'Ada Lindqvist',
    tier: 'premium',
    email: 'ada.lindqvist@customers.sandbox.test',
    openCases: 3,
    caseIds: ['CASE-10231', 'CASE-55120', 'CASE-90210'],
  },
}
const CALLS = 100_000
const ROUNDS = 25

const options: SchemaOptions = {
  draft: 'auto',
  coerce: false,
  useDefaults: false,
  strip: false,
  formats: true,
  maxErrors: 100,
}

/** Validations a second. */
function round(validate: (value: unknown) => boolean, value: unknown): number {
  const started = performance.now()
  let right = 0
  for (let i = 0; i < CALLS; i += 1) if (validate(value)) right += 1
  if (right !== CALLS) throw new Error('the value must be valid')
  return CALLS / ((performance.now() - started) / 1000)
}

for (const [id, value] of Object.entries(VALUES)) {
  const schema = SANDBOX_ACTIONS.find((action) => action.id === id)!.outputSchema
  const ajv = new Ajv2020({ allowUnionTypes: true })
  ajvFormats.default(ajv)
  const bareValidate = ajv.compile(schema)
  const validator = await compileSchema(id, schema, options)
  const sides = {
    ours: (each: unknown) => validator.validate(each, 'msg.payload').valid,
    bare: (each: unknown) => bareValidate(each),
  }
  const rates: Record<'ours' | 'bare' | 'ratio', number[]> = { ours: [], bare: [], ratio: [] }
  for (let i = -3; i < ROUNDS; i += 1) {
    // The side that goes first alternates, and the first rounds warm up.
    const order = i % 2 === 0 ? (['ours', 'bare'] as const) : (['bare', 'ours'] as const)
    const got = { ours: 0, bare: 0 }
    for (const side of order) got[side] = round(sides[side], value)
    if (i < 0) continue
    rates.ours.push(got.ours)
    rates.bare.push(got.bare)
    rates.ratio.push(got.ours / got.bare)
  }
  report({
    name: `schema-validate, outputs of ${id}`,
    unit: 'calls/s',
    ours: median(rates.ours),
    bare: median(rates.bare),
    ratio: median(rates.ratio),
    target: 0.7,
  })
}
