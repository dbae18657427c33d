import {
  boolean,
  integer,
  list,
  oneOf,
  parseFields,
  text,
  type Field,
  type Parsed,
} from '../../lib/config/fields.ts'
import { version } from '../../lib/config/version.ts'
import { show } from '../../lib/errors.ts'

/** A choice of the contract that a later version brings. */
function planned<T extends string>(field: Field<T>, later: readonly string[]): Field<T> {
  return {
    ...field,
    check: (value) =>
      later.includes(value as string)
        ? `${show(value)} is not supported by this version; use ${field.default}`
        : field.check(value),
  }
}

/** A rule of `redact`: a pattern when written as `/.../flags`, else a property path. */
const asPattern = (rule: string): RegExp | undefined => {
  const [, source, flags] = /^\/(.+)\/([a-z]*)$/s.exec(rule) ?? []
  return source === undefined ? undefined : new RegExp(source, flags)
}

function checkRule(rule: unknown): string | undefined {
  if (typeof rule !== 'string' || rule.trim() === '')
    return `expected a path or a /pattern/, got ${show(rule)}`
  if (rule.length > 500) return `expected at most 500 characters, got ${rule.length}`
  try {
    asPattern(rule)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

/** The properties of `audit-trail`. */
export const fields = {
  version: version(),
  sink: planned(oneOf(['file', 'stdout'], 'file'), ['postgres', 'syslog']),
  path: text({
    default: 'cxone/audit/audit.jsonl',
    max: 1024,
    pattern: /^[^\0]*[^\0/\\.][^\0/\\]*$/,
    form: 'the path of a file',
  }),
  format: planned(oneOf(['jsonl'], 'jsonl'), ['ocsf', 'ecs', 'cef', 'rfc5424']),
  chain: boolean(true),
  durability: oneOf(['fsync', 'write'], 'fsync'),
  rotateBytes: integer({ min: 0, max: 1_099_511_627_776, default: 67_108_864 }),
  rotateDaily: boolean(false),
  retainDays: integer({ min: 0, max: 36_500, default: 0 }),
  redact: list<string>([], checkRule, 200),
  onFailure: oneOf(['fail', 'warn'], 'fail'),
}

/** The parsed properties. @throws `CONFIG_INVALID` with `details.field` */
export const parseConfig = (stored: object): Parsed<typeof fields> => parseFields(fields, stored)

/** The rules of `redact`, sorted into property paths and patterns. */
export function redactRules(rules: readonly string[]): { paths: string[]; patterns: RegExp[] } {
  const patterns = rules.map(asPattern)
  return {
    paths: rules.filter((_, index) => patterns[index] === undefined),
    patterns: patterns.filter((pattern) => pattern !== undefined),
  }
}
