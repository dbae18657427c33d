import { typedCount } from '../../lib/config/count.ts'
import { integer, nodeId, oneOf, parseFields, type Parsed } from '../../lib/config/fields.ts'
import { typed, type Typed, type TypedField, type TypedKind } from '../../lib/config/typed.ts'
import { version } from '../../lib/config/version.ts'
import { checkActionId } from '../../lib/cxone/action-id.ts'
import { show } from '../../lib/errors.ts'
import { CHANNELS, SOURCES, whyNoSeed } from '../../lib/mock/choices.ts'

const PLACES: readonly TypedKind[] = ['msg', 'flow', 'global']

/** The properties of `mock-trigger`. */
export const fields = {
  version: version(),
  source: oneOf(SOURCES, 'sample'),
  actionId: typed('msg:dataActionId', [...PLACES, 'str', 'env', 'jsonata'], checkActionId),
  auth: nodeId(),
  cacheTtlS: integer({ min: 0, max: 31_536_000, default: 3600 }),
  template: jsonObject(),
  channel: oneOf(CHANNELS, 'phone'),
  overrides: jsonObject(),
  count: typedCount(),
  seed: typed('str:', ['str', 'num', ...PLACES, 'env', 'jsonata'], whyNoSeed),
  audit: nodeId(),
}

/** The parsed properties of `mock-trigger`. */
export type MockTriggerConfig = Parsed<typeof fields>

/** Reads the stored properties. @throws `CONFIG_INVALID` with `details.field`. */
export const parseConfig = (stored: object): MockTriggerConfig => parseFields(fields, stored)

/** The TypedInputs that the node reads with its source: what is not used cannot fail a message. */
export function usedInputs({ source, ...config }: MockTriggerConfig) {
  const { actionId, overrides, count, seed } = config
  const template = source === 'template' ? config.template : NONE
  return { actionId, template, overrides, count, seed }
}

const NONE: Typed = { type: 'json', value: 'null' }

/** A JSON object, which is judged before the first message where it is written in the node. */
function jsonObject(): TypedField {
  const inner = typed('json:{}', ['json', ...PLACES, 'jsonata'])
  return { ...inner, check: (stored) => inner.check(stored) ?? whyNoObject(stored as Typed) }
}

function whyNoObject({ type, value }: Typed): string | undefined {
  if (type !== 'json') return undefined
  const parsed: unknown = JSON.parse(value)
  const isObject = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)
  return isObject ? undefined : `expected a JSON object, got ${show(parsed)}`
}
