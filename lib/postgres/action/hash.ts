import { createHash } from 'node:crypto'

/** A short hash for the names of prepared statements: 64 bits. */
export const hashOf = (...parts: readonly string[]): string =>
  createHash('sha256').update(parts.join('\0')).digest('hex').slice(0, 16)
