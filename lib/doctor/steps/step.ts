import type { Clock } from '../../ports.ts'
import { verdictOf, type Finding } from '../findings.ts'
import type { Step, StepName } from '../examination.ts'
import { tenths } from '../network/tcp.ts'

/** What each step needs besides its own. */
export interface StepCall {
  readonly clock: Clock
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/** A step that was done. */
export const step = (
  name: StepName,
  text: string,
  latencyMs: number | null,
  findings: readonly Finding[] = [],
  facts: Readonly<Record<string, unknown>> = {},
): Step => ({ name, mark: verdictOf(findings), text, latencyMs, findings, facts })

/** A step that was left out, and why. */
export const skipped = (name: StepName, text: string): Step => ({
  name,
  mark: 'skipped',
  text,
  latencyMs: null,
  findings: [],
  facts: {},
})

/** Runs work and measures it. */
export async function timed<T>(clock: Clock, work: () => Promise<T>): Promise<readonly [T, number]> {
  const started = clock.monotonic()
  const done = await work()
  return [done, tenths(clock.monotonic() - started)]
}
