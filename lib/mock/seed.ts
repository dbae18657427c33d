import { createHash } from 'node:crypto'
import { inputError, show } from '../errors.ts'
import { whyNoSeed } from './choices.ts'

const LARGEST = 0xffff_ffff

/**
 * A seed as a number from 0 to 2^32 - 1. Whole numbers in this range, and their digits, stand for themselves; other numbers and
 * texts are hashed.
 *
 * @param place what errors call it.
 * @returns undefined where there is none.
 * @throws `INPUT_INVALID` with `details.path`.
 */
export function readSeed(value: unknown, place: string): number | undefined {
  if (value === undefined || value === null || value === '') return undefined
  const text = typeof value === 'number' && Number.isFinite(value) ? String(value) : value
  const reason = typeof text === 'string' ? whyNoSeed(text) : `expected a number or text, got ${show(value)}`
  if (typeof text !== 'string' || reason) throw inputError(place, `\`${place}\`: ${reason ?? ''}`)
  if (/^\d{1,10}$/.test(text) && Number(text) <= LARGEST) return Number(text)
  return createHash('sha256').update(text).digest().readUInt32BE()
}

/** A seed that nobody chose. @param uniform from 0 (included) to 1 (excluded). */
export const drawSeed = (uniform: number): number => Math.floor(uniform * (LARGEST + 1))
