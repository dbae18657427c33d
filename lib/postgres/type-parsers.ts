/**
 * JavaScript values of PostgreSQL's text output, the same for every driver, and all of them fit for JSON:
 *
 * | type | value |
 * | --- | --- |
 * | `boolean` | boolean |
 * | `smallint`, `integer`, `oid` | number |
 * | `real`, `double precision` | number; `"NaN"`, `"Infinity"`, `"-Infinity"`, which JSON has no numbers for |
 * | `bigint`, `numeric`, `money` | string: a number would lose digits |
 * | `json`, `jsonb` | the parsed value |
 * | `bytea` | string of `\x` and hex digits |
 * | `date` | `YYYY-MM-DD` |
 * | `timestamp` | `YYYY-MM-DDTHH:MM:SS[.ffffff]`: no zone, as stored |
 * | `timestamptz` | `YYYY-MM-DDTHH:MM:SS[.ffffff]Z`: UTC, whatever the zone of the session or the host |
 * | arrays of these | arrays, nested, with null for NULL; bounds other than 1 are left out |
 * | all others | PostgreSQL's text |
 *
 * `infinity`, `-infinity` and years before Christ stay as PostgreSQL writes them (`0044-03-15 BC`).
 */
export type TextParser = (text: string) => unknown

const OID = {
  bool: 16,
  bytea: 17,
  int2: 21,
  int4: 23,
  oid: 26,
  json: 114,
  float4: 700,
  float8: 701,
  timestamp: 1114,
  timestamptz: 1184,
  jsonb: 3802,
} as const

/** Array types of the catalog, with the type of their elements; those of other types are read as text. */
const ELEMENTS: Readonly<Record<number, number>> = {
  143: 142, // xml
  199: 114, // json
  629: 628, // line
  651: 650, // cidr
  719: 718, // circle
  775: 774, // macaddr8
  791: 790, // money
  1000: 16, // boolean
  1001: 17, // bytea
  1002: 18, // "char"
  1003: 19, // name
  1005: 21, // smallint
  1007: 23, // integer
  1009: 25, // text
  1014: 1042, // character
  1015: 1043, // character varying
  1016: 20, // bigint
  1017: 600, // point
  1018: 601, // lseg
  1019: 602, // path
  1020: 603, // box
  1021: 700, // real
  1022: 701, // double precision
  1027: 604, // polygon
  1028: 26, // oid
  1040: 829, // macaddr
  1041: 869, // inet
  1115: 1114, // timestamp
  1182: 1082, // date
  1183: 1083, // time
  1185: 1184, // timestamptz
  1187: 1186, // interval
  1231: 1700, // numeric
  1270: 1266, // timetz
  1561: 1560, // bit
  1563: 1562, // bit varying
  2951: 2950, // uuid
  3643: 3614, // tsvector
  3645: 3615, // tsquery
  3807: 3802, // jsonb
  3905: 3904, // int4range
  3907: 3906, // numrange
  3909: 3908, // tsrange
  3911: 3910, // tstzrange
  3913: 3912, // daterange
  3927: 3926, // int8range
  4073: 4072, // jsonpath
}

/** Only `box` separates elements with something else. */
const BOX = 603

const number: TextParser = Number
const float: TextParser = (text) => {
  const value = Number(text)
  return Number.isFinite(value) ? value : text
}
const boolean: TextParser = (text) => text === 't'
const json: TextParser = (text) => JSON.parse(text) as unknown

const SCALARS: Readonly<Record<number, TextParser>> = {
  [OID.bool]: boolean,
  [OID.int2]: number,
  [OID.int4]: number,
  [OID.oid]: number,
  [OID.float4]: float,
  [OID.float8]: float,
  [OID.json]: json,
  [OID.jsonb]: json,
  [OID.timestamp]: readTimestamp,
  [OID.timestamptz]: readTimestamptz,
}

const parsers = new Map<number, TextParser>(
  Object.entries(SCALARS).map(([oid, parse]) => [Number(oid), parse]),
)
for (const [array, element] of Object.entries(ELEMENTS)) {
  const parse = SCALARS[element]
  const separator = element === BOX ? ';' : ','
  parsers.set(Number(array), (text) => readArray(text, parse, separator))
}

/** The parser of a type; undefined where PostgreSQL's text is the value. */
export const parserOf = (oid: number): TextParser | undefined => parsers.get(oid)

const TIMESTAMP = /^(\d{4,}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?)$/

function readTimestamp(text: string): string {
  return TIMESTAMP.test(text) ? text.replace(' ', 'T') : text // infinity, BC
}

const TIMESTAMPTZ = /^(\d{4,6})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(\.\d+)?([+-]\d\d(?::\d\d){0,2})( BC)?$/

// The offset is that of the session. A Date holds three digits of the fraction and not all years, so it is done by hand.
function readTimestamptz(text: string): string {
  const match = TIMESTAMPTZ.exec(text)
  if (!match) return text // infinity
  const [, year = '', month, day, hour, minute, second, fraction = '', zone = '', bc] = match
  if (bc === undefined && zone === '+00') return `${text.slice(0, -3).replace(' ', 'T')}Z`
  const days = daysOfDate(bc === undefined ? Number(year) : 1 - Number(year), Number(month), Number(day))
  const seconds = days * DAY + Number(hour) * 3600 + Number(minute) * 60 + Number(second) - offsetOf(zone)
  return writeUtc(seconds, fraction)
}

const DAY = 86_400

function offsetOf(zone: string): number {
  const [hours = 0, minutes = 0, seconds = 0] = zone.slice(1).split(':').map(Number)
  return (hours * 3600 + minutes * 60 + seconds) * (zone.startsWith('-') ? -1 : 1)
}

function writeUtc(seconds: number, fraction: string): string {
  const days = Math.floor(seconds / DAY)
  const rest = seconds - days * DAY
  const { year, month, day } = dateOfDays(days)
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0')
  const date = `${String(year > 0 ? year : 1 - year).padStart(4, '0')}-${two(month)}-${two(day)}`
  const time = `${two(rest / 3600)}:${two((rest / 60) % 60)}:${two(rest % 60)}${fraction}`
  return year > 0 ? `${date}T${time}Z` : `${date} ${time}+00 BC`
}

// Proleptic Gregorian calendar; a year begins in March here, so that leap days come last. Days count from 1970-01-01.
const ERA_DAYS = 146_097 // 400 years

function daysOfDate(year: number, month: number, day: number): number {
  const shifted = month > 2 ? year : year - 1
  const era = Math.floor(shifted / 400)
  const yearOfEra = shifted - era * 400
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * ERA_DAYS + dayOfEra - 719_468
}

function dateOfDays(days: number): { year: number; month: number; day: number } {
  const shifted = days + 719_468
  const era = Math.floor(shifted / ERA_DAYS)
  const dayOfEra = shifted - era * ERA_DAYS
  const leaps = Math.floor(dayOfEra / 1460) - Math.floor(dayOfEra / 36_524) + Math.floor(dayOfEra / 146_096)
  const yearOfEra = Math.floor((dayOfEra - leaps) / 365)
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153)
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1,
  }
}

/** Reads `{1,NULL,"a,b"}`, nested, with bounds (`[0:1]={...}`). What is no array literal stays text. */
function readArray(text: string, parse: TextParser | undefined, separator: string): unknown {
  const start = text.startsWith('[') ? text.indexOf('=') + 1 : 0
  const root: unknown[] = []
  const open: unknown[][] = [root]
  for (let at = start; at < text.length;) {
    const char = text[at]
    const current = open.at(-1) ?? root
    if (char === '{') {
      const inner: unknown[] = []
      current.push(inner)
      open.push(inner)
      at += 1
    } else if (char === '}') {
      open.pop()
      at += 1
    } else if (char === separator) at += 1
    else {
      const { item, isNull, next } = readItem(text, at, separator)
      current.push(isNull ? null : parse === undefined ? item : parse(item))
      at = next
    }
  }
  return root[0] ?? text
}

function readItem(
  text: string,
  start: number,
  separator: string,
): { item: string; isNull: boolean; next: number } {
  if (text[start] !== '"') {
    let next = start
    while (next < text.length && text[next] !== separator && text[next] !== '}') next += 1
    const item = text.slice(start, next)
    return { item, isNull: item === 'NULL', next }
  }
  let item = ''
  let at = start + 1
  for (let from = at; ; at += 1) {
    const char = text[at]
    if (char !== '"' && char !== '\\' && char !== undefined) continue
    item += text.slice(from, at)
    if (char !== '\\') return { item, isNull: false, next: at + 1 }
    at += 1 // the escaped character is the first of the next piece
    from = at
  }
}
