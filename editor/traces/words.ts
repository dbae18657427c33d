const NAMESPACE = '@cxone-flows/node-red-data-actions/cxone-flows:traces'

/** A text of the panel in the language of the editor. */
export const words = (key: string, values?: Record<string, string>): string =>
  RED._(`${NAMESPACE}.${key}`, values)

/** A time of the day with milliseconds, in the local zone. */
export function timeOfDay(unixMs: number): string {
  const at = new Date(unixMs)
  return `${at.toLocaleTimeString(undefined, { hour12: false })}.${String(at.getMilliseconds()).padStart(3, '0')}`
}

/** Milliseconds as people read them: `0.4 ms`, `38 ms`, `2.1 s`. */
export function duration(ms: number): string {
  if (ms >= 10_000) return `${Math.round(ms / 1000)} s`
  if (ms >= 1000) return `${(ms / 1000).toFixed(1)} s`
  return `${ms >= 10 ? Math.round(ms) : ms.toFixed(1)} ms`
}
