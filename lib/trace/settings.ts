import { show } from '../errors.ts'

/** How live flows are traced. */
export interface TraceSettings {
  /** The part of the messages that is traced, 0 to 1. A message that comes with a `traceparent` follows its sender instead. */
  readonly sample: number
  /** Traces that are kept; the oldest go. */
  readonly keep: number
  /** Memory that they may take, in MiB; the oldest go. */
  readonly keepMb: number
  /** Whether what each node changed in the message is kept too (secrets masked). */
  readonly changes: boolean
  /** Whether traces in which a node failed are kept besides, without changes. Every message is recorded then, which costs. */
  readonly failed: boolean
}

/** What is taken for the properties that are left out. */
export const TRACE_DEFAULTS: TraceSettings = {
  sample: 0.01,
  keep: 200,
  keepMb: 16,
  changes: true,
  failed: false,
}

const LIMITS: Readonly<
  Record<keyof TraceSettings, readonly [expected: string, holds: (value: unknown) => boolean]>
> = {
  sample: ['a number from 0 to 1', (value) => typeof value === 'number' && value >= 0 && value <= 1],
  keep: ['an integer from 1 to 10000', (value) => isInteger(value, 10_000)],
  keepMb: ['an integer from 1 to 1024', (value) => isInteger(value, 1024)],
  changes: ['true or false', (value) => typeof value === 'boolean'],
  failed: ['true or false', (value) => typeof value === 'boolean'],
}

const OFF: TraceChoice = { settings: undefined, problems: [] }

const isInteger = (value: unknown, max: number): boolean =>
  Number.isInteger(value) && Number(value) >= 1 && Number(value) <= max

/** What a settings block says: the settings (undefined: traces are off), or all that is wrong with it. */
export interface TraceChoice {
  readonly settings: TraceSettings | undefined
  readonly problems: readonly string[]
}

/**
 * Reads `true` (the defaults), an object with any of the settings, or nothing or `false` (off).
 *
 * @param place how the block is called in messages: `cxoneFlows.traces`.
 */
export function readTraceSettings(value: unknown, place: string): TraceChoice {
  if (value === undefined || value === null || value === false) return OFF
  if (value === true) return { settings: TRACE_DEFAULTS, problems: [] }
  if (typeof value !== 'object' || Array.isArray(value)) {
    return {
      ...OFF,
      problems: [
        `\`${place}\`: expected true, false or an object such as { sample: 0.01 }, got ${show(value)}`,
      ],
    }
  }
  const problems = Object.entries(value).flatMap(([name, each]) => {
    if (!isSetting(name))
      return [`\`${place}.${name}\`: no such setting; there are ${Object.keys(LIMITS).join(', ')}`]
    const [expected, holds] = LIMITS[name]
    return each === undefined || holds(each)
      ? []
      : [`\`${place}.${name}\`: expected ${expected}, got ${show(each)}`]
  })
  if (problems.length > 0) return { ...OFF, problems }
  const given = Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined))
  return { settings: { ...TRACE_DEFAULTS, ...given }, problems }
}

const isSetting = (name: string): name is keyof TraceSettings => Object.hasOwn(LIMITS, name)
