/** One measured figure: ours beside the bare library, and their ratio. */
export interface Measure {
  readonly name: string
  readonly unit: string
  readonly ours: number
  readonly bare?: number
  /** ours / bare, as the target is written. */
  readonly ratio?: number
  readonly target?: number
  /** True where the ratio or figure must stay below the target. */
  readonly lowerIsBetter?: boolean
}

/** The middle value. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? NaN
}

/** Prints a measure as one line of JSON; `npm run bench` collects these into a table. */
export function report(measure: Measure): void {
  console.log(JSON.stringify(measure))
}
