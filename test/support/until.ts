import { setTimeout as sleep } from 'node:timers/promises'

/** Asks again until there is a value (or true); fails after `timeoutMs` with what `explain` tells. */
export async function until<T>(
  ask: () => Promise<T | undefined | false> | T | undefined | false,
  explain: () => string = () => 'nothing came',
  timeoutMs = 20_000,
): Promise<T> {
  const end = Date.now() + timeoutMs
  while (Date.now() < end) {
    const value = await ask()
    if (value !== undefined && value !== false) return value
    await sleep(20)
  }
  throw new Error(`No value within ${timeoutMs} ms: ${explain()}`)
}
