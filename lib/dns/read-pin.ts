import { inputError, PaletteError, show } from '../errors.ts'
import { isoTime, unixTime } from '../system.ts'
import { parseIp } from './addresses.ts'
import { parseName } from './names.ts'
import type { Pin } from './pin.ts'

/** Sum of both lists: more than any host has, and few enough to be read in no time. */
const MAX_ADDRESSES = 256
/**
 * How long addresses may be used after they have expired. A life of 0 s is meant for the work that asked (RFC 1035, 3.2.1), and
 * a message takes a moment from the look-up to here.
 */
const GRACE_MS = 30_000

/**
 * Reads the addresses that `dns-resolve` has found: `msg.cxone.dns`, or its whole result.
 *
 * Whether they have expired is asked here and then no more: they hold for all attempts of a message.
 *
 * @param place where the value stands, as users write it (`msg.cxone.dns`).
 * @param now Unix milliseconds.
 * @throws `INPUT_INVALID` with `details.path`, `PIN_EXPIRED` with `details` `{name, expiresAt}`.
 */
export function readPin(value: unknown, place: string, now: number): Pin {
  if (value === undefined || value === null) throw inputError(place, `\`${place}\` is empty: ${PUT_BEFORE}`)
  if (!isRecord(value)) throw inputError(place, `Expected \`${place}\` to be ${WANTED}, got ${show(value)}`)
  const { domain, addresses, expiresAt } = value
  const text = textOf(domain, addresses)
  const known = text === undefined ? undefined : before.get(text)
  const pin = known ?? readParts(domain, addresses, place)
  if (text !== undefined && !known) keep(text, pin)
  refuseExpired(pin.name, expiresAt, `${place}.expiresAt`, now)
  if (pin.addresses.length > 0) return pin
  throw inputError(
    `${place}.addresses`,
    `No address was found for \`${pin.name}\`: ask for the record types A and AAAA, and see \`msg.payload.dnssec\``,
  )
}

// Messages bring the same addresses again and again, as long as an answer lives. Reading them costs more than the rest.
const before = new Map<string, Pin>()
const MAX_KEPT = 64
/** Longer ones are read each time. */
const MAX_KEPT_TEXT = 2000

function keep(text: string, pin: Pin): void {
  if (before.size >= MAX_KEPT) before.clear()
  before.set(text, pin)
}

/** What the parts say, where it is all text; undefined where they are wrong in any way. */
function textOf(domain: unknown, addresses: unknown): string | undefined {
  if (typeof domain !== 'string' || !isRecord(addresses)) return undefined
  let text = domain
  for (const list of [addresses['public'], addresses['private']]) {
    text += ';'
    if (list === undefined) continue
    if (!Array.isArray(list)) return undefined
    for (const item of list as readonly unknown[]) {
      if (typeof item !== 'string' || text.length > MAX_KEPT_TEXT) return undefined
      text += `,${item}`
    }
  }
  return text.length > MAX_KEPT_TEXT ? undefined : text
}

const readParts = (domain: unknown, addresses: unknown, place: string): Pin => ({
  name: readName(domain, `${place}.domain`),
  addresses: readAddresses(addresses, `${place}.addresses`),
})

const WANTED = 'what dns-resolve writes: {domain, addresses, expiresAt}'
const PUT_BEFORE = 'put a dns-resolve node before this one, or turn `connectTo` off'

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value)

function readName(domain: unknown, place: string): string {
  const parsed = typeof domain === 'string' ? parseName(domain) : { reason: 'it is no text' }
  if ('name' in parsed && parsed.name !== '') return parsed.name
  const reason = 'reason' in parsed ? parsed.reason : 'it is the root'
  throw inputError(place, `Expected \`${place}\` to be the name looked up, got ${show(domain)}: ${reason}`)
}

function readAddresses(value: unknown, place: string): readonly string[] {
  if (!isRecord(value))
    throw inputError(place, `Expected \`${place}\` to be {public, private}, got ${show(value)}`)
  const lists = (['public', 'private'] as const).map((kind) => listOf(value[kind], `${place}.${kind}`))
  const count = lists.reduce((sum, list) => sum + list.length, 0)
  if (count > MAX_ADDRESSES)
    throw inputError(place, `Expected at most ${MAX_ADDRESSES} addresses in \`${place}\`, got ${count}`)
  const kinds = ['public', 'private']
  return lists.flatMap((list, at) => inTurns(readList(list, `${place}.${kinds[at] ?? ''}`)))
}

function listOf(value: unknown, place: string): readonly unknown[] {
  if (value === undefined) return []
  if (Array.isArray(value)) return value
  throw inputError(place, `Expected \`${place}\` to be a list of addresses, got ${show(value)}`)
}

// A zone (`%eth0`) is no part of a DNS answer, and would choose an interface of this machine.
function readList(list: readonly unknown[], place: string): readonly string[] {
  for (const [index, item] of list.entries()) {
    if (typeof item === 'string' && item.length <= 45 && !item.includes('%') && parseIp(item)) continue
    const at = `${place}[${index}]`
    throw inputError(at, `Expected \`${at}\` to be an IP address, got ${show(item)}`)
  }
  return [...new Set(list as readonly string[])]
}

/** The families in turn, so that one that leads nowhere costs one attempt (RFC 8305, section 4). */
function inTurns(addresses: readonly string[]): readonly string[] {
  const isFirst = (address: string): boolean => address.includes(':') === addresses[0]?.includes(':')
  const first = addresses.filter(isFirst)
  const second = addresses.filter((address) => !isFirst(address))
  if (second.length === 0) return first
  const pairs = Array.from({ length: Math.max(first.length, second.length) }, (_, at) => [
    first[at],
    second[at],
  ])
  return pairs.flat().filter((address) => address !== undefined)
}

function refuseExpired(name: string, value: unknown, place: string, now: number): void {
  const time = typeof value === 'string' && value.length <= 64 ? unixTime(value) : NaN
  if (Number.isNaN(time))
    throw inputError(place, `Expected \`${place}\` to be a time in ISO 8601, got ${show(value)}`)
  if (now <= time + GRACE_MS) return
  const expiresAt = isoTime(time)
  throw new PaletteError(
    'PIN_EXPIRED',
    `The addresses of \`${name}\` were good until ${expiresAt}: look the name up again just before, or raise \`ttlOverrideS\``,
    { details: { name, expiresAt } },
  )
}
