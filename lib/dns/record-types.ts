/**
 * The record types that the palette asks for, with their numbers (IANA DNS parameters). `dns-packet` knows neither
 * SVCB nor HTTPS and would silently ask for type 0, so the numbers are our own.
 */
export const RECORD_TYPE_CODES = {
  A: 1,
  AAAA: 28,
  CNAME: 5,
  MX: 15,
  NS: 2,
  TXT: 16,
  SRV: 33,
  CAA: 257,
  SOA: 6,
  PTR: 12,
  TLSA: 52,
  SVCB: 64,
  HTTPS: 65,
  DS: 43,
  DNSKEY: 48,
  NAPTR: 35,
} as const

/** A record type of the contract. */
export type RecordType = keyof typeof RECORD_TYPE_CODES

/** All of them, in the order of the contract. */
export const RECORD_TYPES = Object.keys(RECORD_TYPE_CODES) as readonly RecordType[]

/** True for the name of a record type, in upper case. */
export const isRecordType = (value: unknown): value is RecordType =>
  typeof value === 'string' && Object.hasOwn(RECORD_TYPE_CODES, value)
