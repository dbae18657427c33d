import { isIpAddress } from './addresses.ts'

const MAX_LABEL = 63
/** 255 octets on the wire are 253 characters: a length octet a label and the root's take the place of the dots. */
const MAX_NAME = 253
// Letters, digits and inner hyphens (RFC 1123), underscores for service names (RFC 8552).
const LABEL = /^[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?$/
// The URL parser reads such a last label as a part of an IPv4 address: `127.1`, `0x7f000001`, `2130706433`.
const NUMBER = /^(?:\d+|0x[0-9a-f]*)$/

/** The outcome of {@link parseName}: the name, or why it is none. */
export type ParsedName = { readonly name: string } | { readonly reason: string }

/**
 * A domain name as users write it, in the form that is asked and compared: lower-case ASCII without the trailing dot
 * (`Bücher.Example.` is `xn--bcher-kva.example`). The root (`.`) is the empty string.
 *
 * IDNA by the URL standard (UTS 46). IP addresses, wildcards, ports and URLs are no names.
 */
export function parseName(value: string): ParsedName {
  if (value === '.') return { name: '' }
  if (value === '') return { reason: 'it is empty' }
  if (value.length > 4 * MAX_NAME) return { reason: `it has more than ${MAX_NAME} characters` }
  if (isIpAddress(value.replace(/^\[|\]$/g, '')))
    return { reason: 'it is an IP address, which needs no look-up' }
  if (value.includes('://')) return { reason: 'it is a URL; give its host name alone' }
  if (value.includes('*')) return { reason: 'a wildcard cannot be asked for' }
  const ascii = toAscii(value.endsWith('.') ? value.slice(0, -1) : value)
  if (ascii === undefined) return { reason: 'it is no valid internationalised name' }
  const reason = wrongLabel(ascii)
  return reason ? { reason } : { name: ascii }
}

// eslint's idea of control characters is right here: everything beyond ASCII goes through IDNA.
const isAscii = (value: string): boolean => /^[\x20-\x7e]*$/.test(value)

function toAscii(value: string): string | undefined {
  if (isAscii(value)) return value.toLowerCase()
  if (/[\s%/?#@:\\[\]]/.test(value)) return undefined // would end the host part of the URL, or be decoded
  try {
    return new URL(`http://${value}`).hostname
  } catch {
    return undefined
  }
}

function wrongLabel(name: string): string | undefined {
  if (name.length > MAX_NAME) return `it has ${name.length} characters, more than ${MAX_NAME}`
  const labels = name.split('.')
  for (const label of labels) {
    if (label === '') return 'it has an empty label (two dots in a row)'
    if (label.length > MAX_LABEL)
      return `the label \`${label.slice(0, 20)}...\` has more than ${MAX_LABEL} characters`
    if (!LABEL.test(label)) {
      return `the label \`${label}\` may hold letters, digits, underscores and inner hyphens only`
    }
  }
  return NUMBER.test(labels.at(-1) ?? '') ? 'its last label is a number, as in an IP address' : undefined
}

/** A name as it stands in a zone file: absolute, with the trailing dot. */
export const absolute = (name: string): string => `${name}.`
