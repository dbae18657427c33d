import {
  integer,
  nodeId,
  offered,
  oneOf,
  parseFields,
  type Field,
  type Parsed,
} from '../../lib/config/fields.ts'
import { typedCount } from '../../lib/config/count.ts'
import { version } from '../../lib/config/version.ts'
import { typed, type Typed, type TypedField, type TypedKind } from '../../lib/config/typed.ts'
import { UUID_FORMATS, UUID_MODES, UUID_VERSIONS, type UuidVersion } from '../../lib/uuid/settings.ts'

const TEXT_KINDS: readonly TypedKind[] = ['str', 'msg', 'flow', 'global', 'env', 'jsonata']

/** The properties of `uuid-gen`. `name` is the node's label as well; only versions 3, 5 and `derive` hash it. */
export const fields = {
  version: version(),
  mode: oneOf(UUID_MODES, 'generate'),
  uuidVersion: uuidVersion(),
  namespace: typed('str:', TEXT_KINDS),
  name: typed('str:', TEXT_KINDS),
  count: typedCount(),
  format: oneOf(UUID_FORMATS, 'canonical'),
  output: output(),
  registry: offered(['memory', 'none'], ['shared'], 'memory'),
  registryCapacity: integer({ min: 1, max: 10_000_000, default: 1_000_000 }),
  maxDuplicates: integer({ min: 0, max: 1_000_000, default: 100 }),
  audit: nodeId(),
}

/** The parsed properties of `uuid-gen`. */
export type UuidGenConfig = Parsed<typeof fields>

/** Reads the stored properties. @throws `CONFIG_INVALID` with `details.field`. */
export const parseConfig = (stored: object): UuidGenConfig => parseFields(fields, stored)

/** The TypedInputs that the node reads in its mode and version: what is not used cannot fail a message. */
export function usedInputs({
  mode,
  uuidVersion,
  count,
  namespace,
  name,
}: UuidGenConfig): Record<string, Typed> {
  if (mode === 'verify') return {}
  if (mode === 'derive') return { name }
  return uuidVersion === '3' || uuidVersion === '5' ? { count, namespace, name } : { count }
}

function uuidVersion(): Field<UuidVersion> {
  const inner = oneOf(UUID_VERSIONS, '4')
  const asText = (stored: unknown): unknown => (typeof stored === 'number' ? String(stored) : stored)
  return {
    default: inner.default,
    check: (stored) => inner.check(asText(stored)) && inner.check(stored), // shows it as it is stored
    parse: (stored) => inner.parse(asText(stored)),
  }
}

// Other steps and the audit log read `msg.cxone`; a result must not take its place.
function output(): TypedField {
  const inner = typed('msg:payload', ['msg', 'flow', 'global'])
  return {
    ...inner,
    check: (stored) => inner.check(stored) ?? reservedReason((stored as Typed).value),
  }
}

function reservedReason(path: string): string | undefined {
  const parts = path.match(/[\w$]+/g) ?? []
  const unsafe = parts.find((part) => ['__proto__', 'constructor', 'prototype'].includes(part))
  if (unsafe !== undefined) return `expected the name of a property, got \`${unsafe}\``
  return parts[0] === 'cxone' ? '`msg.cxone` is kept for the details of the steps' : undefined
}
