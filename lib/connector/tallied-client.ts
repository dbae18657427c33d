import type { CxoneAnswer, CxoneCall, CxoneClient } from '../cxone/access.ts'
import { isPaletteError } from '../errors.ts'
import { withDetails } from '../http/retry.ts'

/** What all calls of one piece of work share. */
export type SharedCall = Pick<CxoneCall, 'timeoutMs' | 'correlationId' | 'signal' | 'onRetry' | 'pace'>

/** Counts the attempts and times of several calls that make up one piece of work. */
export class TalliedClient implements CxoneClient {
  attempts = 0
  /** Milliseconds of the requests, without waits. */
  latencyMs = 0
  readonly #client: CxoneClient
  readonly #shared: SharedCall

  constructor(client: CxoneClient, shared: SharedCall) {
    this.#client = client
    this.#shared = shared
  }

  /** @throws as the client; `details` of an error count all calls so far. */
  async call(call: CxoneCall): Promise<CxoneAnswer> {
    try {
      const answer = await this.#client.call({ ...this.#shared, ...call })
      this.#add(answer.attempts, answer.latencyMs)
      return answer
    } catch (error) {
      if (!isPaletteError(error)) throw error
      const { attempts = 0, latencyMs = 0 } = error.details as { attempts?: number; latencyMs?: number }
      this.#add(attempts, latencyMs)
      throw withDetails(error, { attempts: this.attempts, latencyMs: this.latencyMs })
    }
  }

  #add(attempts: number, latencyMs: number): void {
    this.attempts += attempts
    this.latencyMs += latencyMs
  }
}
