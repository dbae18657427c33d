import { RECORD_TYPE_CODES } from '../record-types.ts'

const names = new Map<number, string>([
  ...Object.entries(RECORD_TYPE_CODES).map(([name, code]) => [code, name] as const),
  [39, 'DNAME'],
  [46, 'RRSIG'],
  [47, 'NSEC'],
  [50, 'NSEC3'],
])

/** A record type as people write it; `TYPE65400` for one without a name of ours (RFC 3597). */
export const typeName = (type: number): string => names.get(type) ?? `TYPE${type}`

const codes = new Map([...names].map(([code, name]) => [name, code]))

/** The number of a type as {@link typeName} writes it; NaN for none. */
export const typeNumber = (name: string): number => codes.get(name) ?? Number(name.replace(/^TYPE/, ''))
