import type { Step } from './dnssec/chain.ts'
import type { DnssecStatus } from './dnssec/verdict.ts'
import type { ExtendedError } from './faults.ts'
import type { TransportName } from './servers.ts'

/** What is known about a question, ready to be kept. */
export interface Answer {
  /** False: the last name of the path does not exist (NXDOMAIN). */
  readonly exists: boolean
  readonly security: DnssecStatus
  /** The answer must not be used: there are no values, and the path is only what it claims. */
  readonly isWithheld: boolean
  /** What the server had to say about itself. */
  readonly ede: ExtendedError | null
  /** The asked name and each alias of it; a loop ends with the repeated name. */
  readonly path: readonly string[]
  /** Values of the asked type at the last name of the path. */
  readonly values: readonly unknown[]
  /** True when asking on for the last name of the path would tell no more. */
  readonly final: boolean
  /** Seconds. */
  readonly ttl: number
  /** Unix milliseconds: it must not be used any longer, whatever TTL a user sets; Infinity where nothing is signed. */
  readonly validUntil: number
  /** The signed records that prove a secure answer. */
  readonly steps: readonly Step[]
  /** `192.0.2.1:53` */
  readonly server: string
  readonly transport: TransportName
  /** Rough size in memory. */
  readonly octets: number
}
