/** Holds back all calls that share it, once the server has answered one of them with 429. */
export interface Pace {
  /** Waited for before each attempt; undefined where nothing is held back. */
  ready(signal?: AbortSignal): Promise<void> | undefined
  /** The server answered 429: no call begins for `waitMs`. */
  limited(waitMs: number): void
}
