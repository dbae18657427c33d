// Event, transformation and validation in a row, as example 40 has them, without Node-RED: beside a bare program that copies a
// literal and calls the function that Ajv compiles. Counted in processor time, because the machine may be shared.
import { Ajv2020 } from 'ajv/dist/2020.js'
import ajvFormats from 'ajv-formats'
import { createMock } from '../dist/lib/mock/mock.js'
import { SANDBOX_ACTIONS } from '../dist/lib/sandbox/data-action-catalogue.js'
import { CHECK_ONLY, compileSchema } from '../dist/lib/schema/compile.js'
import { createValueMaker } from '../dist/lib/mock/schema/value-maker.js'
import { Walk } from '../dist/lib/mock/schema/draw.js'
import { seededRandom } from '../dist/lib/random/seeded-random.js'
import { systemClock, systemRandom } from '../dist/lib/system.js'
import { median, report } from './measure.ts'

interface Event {
  readonly timestamp: string
  readonly interaction: { readonly id: string } | null
  readonly contact: { readonly attributes?: Readonly<Record<string, unknown>> | null } | null
  readonly data: { readonly customFields?: Readonly<Record<string, unknown>> | null } | null
}

/** The tutorial's own figure, with a validator that is compiled once, on the machine that the other figures come from. */
const TUTORIAL_RATE = 2775
const CALLS = 50_000
const ROUNDS = 15

const action = (id: string) => SANDBOX_ACTIONS.find((each) => each.id === id)!
const { outputSchema } = action('wrap-up-sync')

function transform({ interaction, contact, data, timestamp }: Event): object {
  const attributes = contact?.attributes ?? {}
  const fields = data?.customFields ?? {}
  return {
    recordId: `rec-${interaction?.id ?? ''}`,
    customerId: attributes['customerId'] ?? 'UNKNOWN',
    issueCategory: fields['issueCategory'] ?? 'general',
    priority: attributes['tier'] === 'premium' ? 'high' : 'standard',
    resolutionScore: fields['resolutionScore'] ?? 0,
    processedAt: timestamp,
  }
}

const given = (value: unknown, place: string) => ({ value, place })
const begin = createMock({ source: 'sample', channel: 'phone' }, { clock: systemClock, random: systemRandom })
const openRun = (overrides?: object) =>
  begin({
    actionId: given('wrap-up-sync', 'actionId'),
    count: given(1_000_000, 'count'),
    seed: given(undefined, 'seed'),
    overrides: given(overrides, 'overrides'),
    template: given(undefined, 'template'),
  })
const validator = await compileSchema('wrap-up-sync/output', outputSchema, CHECK_ONLY)
const ajv = new Ajv2020({ allowUnionTypes: true })
ajvFormats.default(ajv)
const bareValidate = ajv.compile(outputSchema)
const run = await openRun()
const literal = run.event(0) as unknown as Event
const overridden = await openRun({
  contact: { attributes: { tier: 'standard' } },
  data: { customFields: null },
})
let at = 0

const valid = (event: unknown): boolean => validator.validate(transform(event as Event), 'msg.payload').valid

const SIDES = {
  ours: () => valid(run.event(at++)),
  bare: () => bareValidate(transform(structuredClone(literal))),
  overridden: () => valid(overridden.event(at++)),
}
type Side = keyof typeof SIDES

/** Records a second of processor time. */
function round(one: () => boolean): number {
  const before = process.cpuUsage()
  let right = 0
  for (let i = 0; i < CALLS; i += 1) if (one()) right += 1
  if (right !== CALLS) throw new Error('each record must be valid')
  const { user, system } = process.cpuUsage(before)
  return CALLS / ((user + system) / 1e6)
}

const rates: Record<Side, number[]> = { ours: [], bare: [], overridden: [] }
for (let i = -2; i < ROUNDS; i += 1)
  for (const side of Object.keys(SIDES) as Side[]) {
    const rate = round(SIDES[side])
    if (i >= 0) rates[side].push(rate)
  }
const bare = median(rates.bare)
for (const [side, name] of [
  ['ours', 'sample event, transformation, validation'],
  ['overridden', 'the same with overrides'],
] as const) {
  const ours = median(rates[side])
  report({ name, unit: 'records/s', ours, bare, ratio: ours / bare })
}
report({
  name: "the same beside the tutorial's",
  unit: 'records/s',
  ours: median(rates.ours),
  bare: TUTORIAL_RATE,
  ratio: median(rates.ours) / TUTORIAL_RATE,
  target: 100,
})

for (const id of ['crm-customer-lookup', 'appointment-booking']) {
  const maker = await createValueMaker(id, action(id).inputSchema)
  const [walk, random] = [new Walk(), seededRandom(1)]
  const made = Array.from({ length: 7 }, () => {
    const before = process.cpuUsage()
    for (let i = 0; i < 1000; i += 1) maker.make(random, walk)
    const { user, system } = process.cpuUsage(before)
    return 1000 / ((user + system) / 1e6)
  })
  report({ name: `inputs of ${id} from its schema, validated`, unit: 'values/s', ours: median(made) })
}
