/**
 * A domain name as its uncompressed octets on the wire (length, label, ..., 0), an octet a character, ASCII letters in
 * lower case. Text forms lose octets; what is verified is compared in this form only.
 */
export type WireName = string

/** The root of the tree. */
export const ROOT: WireName = '\0'

const ASTERISK = '\x01*'
const MAX_OCTETS = 255
const MAX_LABEL = 63

/** The octets of the first label. */
const firstLength = (name: WireName): number => name.charCodeAt(0)

/** The name one label up; the root is its own parent. */
export const parentOf = (name: WireName): WireName =>
  name === ROOT ? ROOT : name.slice(1 + firstLength(name))

/** How many labels a name has, the root not counted. */
export function labelCount(name: WireName): number {
  let count = 0
  for (let at = 0; name.charCodeAt(at) > 0; at += 1 + name.charCodeAt(at)) count += 1
  return count
}

/** The last `labels` labels of a name. */
export function suffixOf(name: WireName, labels: number): WireName {
  let at = 0
  for (let drop = labelCount(name) - labels; drop > 0; drop -= 1) at += 1 + name.charCodeAt(at)
  return name.slice(at)
}

/** Whether a name is `zone` itself or lies below it. */
export function isWithin(name: WireName, zone: WireName): boolean {
  const start = name.length - zone.length
  if (start < 0 || !name.endsWith(zone)) return false
  let at = 0
  while (at < start) at += 1 + name.charCodeAt(at)
  return at === start
}

/** Whether a name lies below `zone` and is not `zone` itself. */
export const isBelow = (name: WireName, zone: WireName): boolean => name !== zone && isWithin(name, zone)

/** The wildcard directly below a name. */
export const wildcardOf = (name: WireName): WireName => ASTERISK + name

/** The longest name that both lie within. */
export function commonAncestor(one: WireName, other: WireName): WireName {
  let name = suffixOf(one, Math.min(labelCount(one), labelCount(other)))
  while (!isWithin(other, name)) name = parentOf(name)
  return name
}

/** The labels from the first to the one below the root. */
function labelsOf(name: WireName): string[] {
  const labels: string[] = []
  for (let at = 0; name.charCodeAt(at) > 0; at += 1 + name.charCodeAt(at)) {
    labels.push(name.slice(at + 1, at + 1 + name.charCodeAt(at)))
  }
  return labels
}

/** Canonical order (RFC 4034, section 6.1): label by label from the root, each as octets. Below 0: `one` is first. */
export function compareNames(one: WireName, other: WireName): number {
  if (one === other) return 0
  const [left, right] = [labelsOf(one).reverse(), labelsOf(other).reverse()]
  for (const [at, label] of left.entries()) {
    const against = right[at]
    if (against === undefined) return 1
    if (label !== against) return label < against ? -1 : 1
  }
  return -1
}

/** Puts `name`, which lies below `from`, at the same place below `to`. Undefined: the result has more than 255 octets. */
export function graft(name: WireName, from: WireName, to: WireName): WireName | undefined {
  const grafted = name.slice(0, name.length - from.length) + to
  return grafted.length > MAX_OCTETS ? undefined : grafted
}

/** Whether a string of octets is one whole name. */
export function isName(octets: string): boolean {
  let at = 0
  while (octets.charCodeAt(at) > 0 && octets.charCodeAt(at) <= MAX_LABEL) at += 1 + octets.charCodeAt(at)
  return octets.charCodeAt(at) === 0 && at + 1 === octets.length && octets.length <= MAX_OCTETS
}

/** ASCII letters in lower case; `String.toLowerCase` would also change octets above 127. */
export const lowerAscii = (text: string): string =>
  /[A-Z]/.test(text) ? text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) : text

/**
 * A name from its comparable text (see `parseName` and `readName`: without trailing dot, `\.`, `\\` and `\ddd` escapes,
 * the root as '').
 *
 * @throws RangeError when a label or the name is too long, or a label is empty.
 */
export function wireName(text: string): WireName {
  if (text === '') return ROOT
  const name = text.includes('\\') ? wireOf(unescapedLabels(text)) : plainWire(text)
  if (name.length + 1 > MAX_OCTETS) throw new RangeError('the name is too long')
  return lowerAscii(name) + ROOT
}

const LENGTHS = Array.from({ length: MAX_LABEL + 1 }, (_, length) => String.fromCharCode(length))

function lengthOctet(label: number): string {
  const octet = label === 0 ? undefined : LENGTHS[label]
  if (octet === undefined) throw new RangeError('a label is empty or too long')
  return octet
}

// Every question goes this way: no list of labels is made.
function plainWire(text: string): string {
  let name = ''
  for (let start = 0; ;) {
    const dot = text.indexOf('.', start)
    const end = dot < 0 ? text.length : dot
    name += lengthOctet(end - start) + text.slice(start, end)
    if (dot < 0) return name
    start = dot + 1
  }
}

const wireOf = (labels: readonly string[]): string =>
  labels.map((label) => lengthOctet(label.length) + label).join('')

function unescapedLabels(text: string): string[] {
  const labels: string[] = []
  let label = ''
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charAt(at)
    if (char === '.') {
      labels.push(label)
      label = ''
    } else if (char !== '\\') label += char
    else {
      const digits = /^\d{3}/.exec(text.slice(at + 1, at + 4))?.[0]
      label += digits === undefined ? text.charAt(at + 1) : String.fromCharCode(Number(digits) & 0xff)
      at += digits === undefined ? 1 : 3
    }
  }
  return [...labels, label]
}

/** The comparable text of a name, see {@link wireName}. */
export const textOf = (name: WireName): string =>
  labelsOf(name)
    .map((label) =>
      label.replace(/[.\\]|[^\x21-\x7e]/g, (char) =>
        char === '.' || char === '\\' ? `\\${char}` : `\\${String(char.charCodeAt(0)).padStart(3, '0')}`,
      ),
    )
    .join('.')

/** A name as messages for people show it: absolute. */
export const shownName = (name: WireName): string => `${textOf(name)}.`
