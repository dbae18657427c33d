import { systemClock } from '../../lib/system.ts'

/** How long a closing node waits for what is in work; Node-RED itself gives up after 15 s. */
const CLOSE_WAIT_MS = 14_000

/** Waits for `work`, which must not reject, as long as a closing node may. */
export function withinClose(work: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    const cancel = systemClock.after(CLOSE_WAIT_MS, resolve)
    void work.then(() => {
      cancel()
      resolve()
    })
  })
}
