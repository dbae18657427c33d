import { differencesOf, type Difference } from './match.ts'
import type { Failure, Message } from './suite.ts'
import type { Fault } from './trace.ts'

interface Problem {
  readonly message: string
  readonly differences?: readonly Difference[]
}

/** A number of times in words. */
export const times = (count: number): string => (count === 1 ? 'once' : `${count} times`)

/** Why a node was not reached as expected; undefined where it was. */
export function checkReached(
  wanted: boolean | number | Message,
  count: number,
  name: string,
): Problem | undefined {
  if (wanted === true) return count > 0 ? undefined : { message: `Expected ${name} to be reached` }
  if (wanted === false)
    return count === 0
      ? undefined
      : { message: `Expected ${name} not to be reached, but it was, ${times(count)}` }
  if (typeof wanted === 'object') {
    const [difference] = differencesOf(wanted, count)
    return (
      difference && {
        message: `Expected ${name} to be reached ${difference.expected} times, but it was ${times(count)}`,
      }
    )
  }
  return count === wanted
    ? undefined
    : { message: `Expected ${name} to be reached ${times(wanted)}, but it was ${times(count)}` }
}

const failureOf = (fails: Failure | string): Failure => (typeof fails === 'string' ? { code: fails } : fails)

/** Whether a fault is the expected one. */
export const isFault = (fails: Failure | string, fault: Fault): boolean =>
  differencesOf(failureOf(fails), { code: fault.code, message: fault.message, details: fault.details })
    .length === 0

/** Why none of the faults of a node is the expected one; undefined where one is. */
export function checkFault(
  fails: Failure | string,
  faults: readonly Fault[],
  name: string,
  withinMs: number | undefined,
): Problem | undefined {
  const code = failureOf(fails).code ?? 'an error'
  const met = faults.filter((fault) => isFault(fails, fault))
  if (met.some(({ atMs }) => withinMs === undefined || atMs <= withinMs)) return undefined
  if (met[0])
    return {
      message: `Expected ${name} to fail with ${code} within ${withinMs ?? 0} ms, but it took ${Math.round(met[0].atMs)} ms`,
    }
  if (faults.length === 0) return { message: `Expected ${name} to fail with ${code}, but it did not fail` }
  const [first] = faults
  return {
    message: `Expected ${name} to fail with ${code}, but it failed otherwise`,
    differences: first
      ? differencesOf(
          failureOf(fails),
          { code: first.code, message: first.message, details: first.details },
          'error',
        )
      : [],
  }
}
