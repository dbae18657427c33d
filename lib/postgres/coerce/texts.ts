import { BAD_CHARACTER, dateText, malformed, Refusal, trimBlanks, type TypeRule } from './type-rule.ts'

const LONE_SURROGATE = /\p{Surrogate}/u

/** Why PostgreSQL cannot store a text; undefined where it can. */
export function unstorable(text: string): Refusal | undefined {
  if (text.includes('\0'))
    return new Refusal('take the NUL character out: PostgreSQL cannot store it', BAD_CHARACTER)
  if (LONE_SURROGATE.test(text))
    return new Refusal(
      'take the broken character out: half of a surrogate pair is no character',
      BAD_CHARACTER,
    )
  return undefined
}

/** Text. Numbers and booleans are turned to text. Also what types take whose rules only PostgreSQL knows. */
export const TEXT: TypeRule = {
  expected: 'text',
  isPrivate: true,
  read: (value) => {
    const text = dateText(value)
    if (typeof text === 'string') return unstorable(text) ?? text
    if (typeof text === 'boolean' || typeof text === 'bigint' || Number.isFinite(text)) return String(text)
    return new Refusal('for an object or a list choose the type json')
  },
}

const TRUE = /^(?:t|tr|tru|true|y|ye|yes|on|1)$/i
const FALSE = /^(?:f|fa|fal|fals|false|n|no|of|off|0)$/i

/** PostgreSQL's own spellings; nothing else is false. */
export const BOOLEAN: TypeRule = {
  expected: 'true or false (also yes, no, on, off, 1, 0)',
  read: (value) => {
    if (typeof value === 'boolean') return String(value)
    if (value === 0 || value === 1) return value === 1 ? 'true' : 'false'
    if (typeof value !== 'string') return new Refusal()
    const text = trimBlanks(value)
    return TRUE.test(text) ? 'true' : FALSE.test(text) ? 'false' : malformed(value)
  },
}

const UUID_FORM = /^(?:[0-9a-f]{4}-?){7}[0-9a-f]{4}$/i

/** The forms that PostgreSQL reads: any case, hyphens behind any four digits, braces around. */
export const UUID: TypeRule = {
  expected: 'a UUID',
  read: (value) => {
    if (typeof value !== 'string') return new Refusal()
    const bare = value.startsWith('{') && value.endsWith('}') ? value.slice(1, -1) : value
    return UUID_FORM.test(bare) ? value : malformed(value)
  },
}

/** A span of time. Its notations are left to PostgreSQL, but for numbers, of which nobody can tell the unit. */
export const INTERVAL: TypeRule = {
  expected: 'an interval such as 1 day or PT30M',
  read: (value) =>
    typeof value === 'string' && trimBlanks(value) !== '' ? (unstorable(value) ?? value) : new Refusal(),
}
