import { PaletteError, show } from '../errors.ts'
import { successAnswer, type Answer } from './answer.ts'

/** How large an answer may be. */
export interface ResultLimits {
  /** Bytes of the whole body. */
  readonly maxResponseBytes: number
  /** `truncate` drops rows from the end of an array. */
  readonly onTooLarge: 'fail' | 'truncate'
}

/** What the envelope takes at most, without the result. */
const ENVELOPE_BYTES = 200

/**
 * The answer with a result. BigInts become text, Buffers base64, and a reference back to what holds it `[Circular]`.
 *
 * @throws `ENDPOINT_RESPONSE_TOO_LARGE`; `ENDPOINT_RESULT_INVALID` for what JSON has no form for.
 */
export function resultAnswer(result: unknown, limits: ResultLimits): Answer {
  if (Array.isArray(result)) return rowsAnswer(result, limits)
  const answer = successAnswer(toJson(result))
  if (Buffer.byteLength(answer.body) > limits.maxResponseBytes) throw tooLarge(limits, 'It is no list')
  return answer
}

// Row by row: a result of a million rows must not be made into text only to be refused.
function rowsAnswer(rows: readonly unknown[], limits: ResultLimits): Answer {
  const { maxResponseBytes, onTooLarge } = limits
  let json = ''
  let bytes = 2
  let count = 0
  for (const row of rows) {
    const text = toJson(row)
    bytes += Buffer.byteLength(text) + 1
    if (bytes > maxResponseBytes) break
    json += count === 0 ? text : `,${text}`
    count += 1
  }
  const whole = count === rows.length ? successAnswer(`[${json}]`) : undefined
  if (whole && Buffer.byteLength(whole.body) <= maxResponseBytes) return whole
  if (onTooLarge === 'fail') throw tooLarge(limits, `It has ${rows.length} rows`)
  return cutAnswer(rows, limits)
}

function cutAnswer(rows: readonly unknown[], limits: ResultLimits): Answer {
  const sent: string[] = []
  let left = limits.maxResponseBytes - ENVELOPE_BYTES
  for (const row of rows) {
    const text = toJson(row)
    left -= Buffer.byteLength(text) + 1
    if (left < 0) break
    sent.push(text)
  }
  if (sent.length === 0) throw tooLarge(limits, 'Not even its first row fits')
  return successAnswer(`[${sent.join(',')}]`, { sent: sent.length, total: rows.length })
}

const tooLarge = ({ maxResponseBytes }: ResultLimits, why: string): PaletteError =>
  new PaletteError(
    'ENDPOINT_RESPONSE_TOO_LARGE',
    `The answer is larger than ${maxResponseBytes} bytes. ${why}: select less, or raise \`maxResponseBytes\``,
    { details: { maxResponseBytes } },
  )

/** The form that `JSON.stringify` gives a Buffer. */
const BUFFER_JSON = '{"type":"Buffer","data":['

function toJson(value: unknown): string {
  try {
    const text = JSON.stringify(value) as string | undefined // undefined for undefined and functions
    if (text === undefined) return 'null'
    return text.includes(BUFFER_JSON) ? JSON.stringify(plain(value, [])) : text
  } catch {
    return toPlainJson(value)
  }
}

function toPlainJson(value: unknown): string {
  try {
    return JSON.stringify(plain(value, []))
  } catch (cause) {
    const why = cause instanceof RangeError ? 'it is nested too deeply or too large' : 'it cannot be read'
    throw new PaletteError(
      'ENDPOINT_RESULT_INVALID',
      `Expected \`msg.payload\` to be plain data, got ${show(value)}: ${why}`,
      { details: { path: 'msg.payload' }, cause },
    )
  }
}

/** A copy that JSON can hold. `holders` are the objects around the value. */
function plain(value: unknown, holders: readonly object[]): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (typeof value !== 'object' || value === null) return value ?? null
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (holders.includes(value)) return '[Circular]'
  const inside = [...holders, value]
  if (Array.isArray(value)) return value.map((item) => plain(item, inside))
  if ('toJSON' in value && typeof value.toJSON === 'function')
    return plain((value.toJSON as () => unknown)(), inside)
  const entries = Object.entries(value).filter(([, each]) => each !== undefined)
  return Object.fromEntries(entries.map(([name, each]) => [name, plain(each, inside)]))
}
