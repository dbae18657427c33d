/** Webhooks that one sender keeps until they are delivered or dead. */
const MAX_WEBHOOKS = 10_000
const MAX_BYTES = 256 * 1024 * 1024

/**
 * What a sender has under way, bounded: a receiver that is down for hours must not fill the memory. A body larger than the
 * bound has its turn when nothing else is under way.
 */
export class Backlog {
  #webhooks = 0
  #bytes = 0

  /** Takes a webhook up. @returns why it cannot be; undefined when it was, then {@link drop} must follow. */
  take(bytes: number): string | undefined {
    if (this.#webhooks >= MAX_WEBHOOKS) return `${this.#webhooks} webhooks wait already`
    if (this.#webhooks > 0 && this.#bytes + bytes > MAX_BYTES)
      return `${this.#webhooks} webhooks with ${this.#bytes} bytes wait already`
    this.#webhooks += 1
    this.#bytes += bytes
    return undefined
  }

  /** Lets go of a webhook that was taken up. */
  drop(bytes: number): void {
    this.#webhooks -= 1
    this.#bytes -= bytes
  }
}
