import type { Context } from './context.ts'
import { numbersOf, pathOf, type Part } from './parts.ts'
import { Unsatisfiable } from './unsatisfiable.ts'

/** Where the schema sets no limit, numbers lie so many steps apart at most. */
const SPAN = 1000
/** Digits after the point of `multipleOf` that are looked at. */
const MOST_DIGITS = 9

interface Limits {
  readonly from: number
  readonly to: number
  readonly isIn: (value: number) => boolean
}

/** A number for the parts of a schema. @throws {@link Unsatisfiable} */
export function numberFor(
  context: Context,
  parts: readonly Part[],
  path: string,
  isInteger: boolean,
): number {
  const limits = limitsOf(parts)
  const steps = [...(isInteger ? [1] : []), ...numbersOf(parts, 'multipleOf')]
  const number =
    steps.length === 0 ? anyNumber(context, path, limits) : multiple(context, parts, path, limits, steps)
  if (!limits.isIn(number))
    throw new Unsatisfiable(pathOf(parts, 'maximum'), 'no number lies between the limits')
  return number === 0 ? 0 : number // no minus zero
}

function limitsOf(parts: readonly Part[]): Limits {
  const most = Math.min(Infinity, ...numbersOf(parts, 'maximum'))
  const below = Math.min(Infinity, ...numbersOf(parts, 'exclusiveMaximum'))
  const least = Math.max(-Infinity, ...numbersOf(parts, 'minimum'))
  const above = Math.max(-Infinity, ...numbersOf(parts, 'exclusiveMinimum'))
  const isIn = (value: number): boolean => value >= least && value <= most && value > above && value < below
  const limits = { from: Math.max(least, above), to: Math.min(most, below), isIn }
  if (limits.from > limits.to || (limits.from === limits.to && !isIn(limits.from)))
    throw new Unsatisfiable(
      pathOf(parts, below <= most ? 'exclusiveMaximum' : 'maximum'),
      'it lies below the least',
    )
  return limits
}

function multiple(
  { draw }: Context,
  parts: readonly Part[],
  path: string,
  { from, to, isIn }: Limits,
  steps: readonly number[],
): number {
  const step = steps.reduce(commonMultiple)
  const at = (count: number): number => Number((count * step).toFixed(Math.min(digitsOf(step), 100)))
  // Binary fractions are not exact, so the ends are tried out.
  const inward = (count: number, by: 1 | -1): number =>
    [count, count + by, count + 2 * by].find((each) => isIn(at(each))) ?? count + 3 * by
  const first = Number.isFinite(from) ? inward(Math.ceil(from / step) - 1, 1) : -Infinity
  const last = Number.isFinite(to) ? inward(Math.floor(to / step) + 1, -1) : Infinity
  if (first > last)
    throw new Unsatisfiable(
      pathOf(parts, steps.length > 1 ? 'multipleOf' : 'maximum'),
      `no multiple of ${step} lies between the limits`,
    )
  const count = draw.edge(`${path}#edges`, edgesOf(first, last, 1)) ?? draw.integer(...spanOf(first, last))
  const isExact = (value: number): boolean =>
    isIn(value) && steps.every((each) => Number.isInteger(value / each))
  for (let off = 0; off < SPAN; off += 1)
    for (const each of [at(count + off), at(count - off)]) if (isExact(each)) return each
  return at(count)
}

function anyNumber({ draw }: Context, path: string, { from, to, isIn }: Limits): number {
  const margin = Math.min((to - from) / 1000, 0.5)
  const ends = edgesOf(isIn(from) ? from : from + margin, isIn(to) ? to : to - margin, 0.5)
  const edge = draw.edge(`${path}#edges`, ends.filter(isIn))
  if (edge !== undefined) return edge
  const [low, high] = spanOf(from, to)
  const chance = draw.uniform()
  const value = low * (1 - chance) + high * chance
  const rounded = Number(value.toFixed(2))
  return [rounded, value].find(isIn) ?? low / 2 + high / 2
}

/** The ends, and zero with its neighbours where they lie between. */
function edgesOf(first: number, last: number, unit: number): readonly number[] {
  const hasNone = !Number.isFinite(first) && !Number.isFinite(last)
  const near = hasNone ? [0, unit, -unit] : [0]
  const edges = [first, last, ...near].filter(
    (each) => Number.isFinite(each) && each >= first && each <= last,
  )
  return [...new Set(edges)]
}

function spanOf(first: number, last: number): [number, number] {
  if (Number.isFinite(first)) return [first, Number.isFinite(last) ? last : first + SPAN]
  return Number.isFinite(last) ? [last - SPAN, last] : [0, SPAN]
}

/** The least number that is a multiple of both, for decimal fractions too. */
function commonMultiple(a: number, b: number): number {
  const scale = 10 ** Math.min(Math.max(digitsOf(a), digitsOf(b)), MOST_DIGITS)
  const [x, y] = [Math.round(a * scale), Math.round(b * scale)]
  return x === 0 || y === 0 ? Math.max(a, b) : ((x / greatestDivisor(x, y)) * y) / scale
}

const greatestDivisor = (a: number, b: number): number => (b === 0 ? a : greatestDivisor(b, a % b))

function digitsOf(number: number): number {
  const [digits = '', exponent = '0'] = String(number).split('e')
  return Math.max((digits.split('.')[1] ?? '').length - Number(exponent), 0)
}
