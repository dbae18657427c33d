/** A clock that goes on by hand. */
export function handClock() {
  let now = 0
  const waiting = new Set<{ at: number; callback: () => void }>()
  return {
    monotonic: () => now,
    after(ms: number, callback: () => void) {
      const entry = { at: now + ms, callback }
      waiting.add(entry)
      return () => void waiting.delete(entry)
    },
    /** Lets time pass. */
    pass(ms: number) {
      const end = now + ms
      for (;;) {
        const next = [...waiting].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0]
        if (!next) break
        now = next.at
        waiting.delete(next)
        next.callback()
      }
      now = end
    },
    /** Timers that wait. */
    get timers() {
      return waiting.size
    },
  }
}
