import type { Finding } from './findings.ts'

/** What a host is there for. */
export type Role = 'token' | 'discovery' | 'api' | 'action' | 'host' | 'dns'

/**
 * The rungs of the ladder to a host, in order. `login` and `action` follow where credentials are at hand; `dns` is the only one
 * of a DNS server.
 */
export type StepName = 'dns' | 'name' | 'address' | 'tcp' | 'tls' | 'http' | 'login' | 'action'

/** How a step ended. */
export type Mark = 'ok' | 'warning' | 'failed' | 'skipped'

/** One rung. */
export interface Step {
  readonly name: StepName
  readonly mark: Mark
  /** What was seen, in one line. */
  readonly text: string
  /** Milliseconds; null where nothing was done. */
  readonly latencyMs: number | null
  readonly findings: readonly Finding[]
  /** Plain data for machines. */
  readonly facts: Readonly<Record<string, unknown>>
}

/** What is known of a host. */
export interface HostReport {
  /** `host:port`. */
  readonly id: string
  readonly roles: readonly Role[]
  readonly host: string
  readonly port: number
  /** Who will call it: this machine, or CXone. */
  readonly caller: 'machine' | 'cxone'
  /** `host:port` of the proxy on the way, or null. */
  readonly proxy: string | null
  readonly steps: readonly Step[]
  readonly verdict: 'ok' | 'warning' | 'failed'
}

/** Where the doctor works. */
export interface Origin {
  /** Name of this machine. */
  readonly machine: string
  /** `cxone-flows 0.1.0, Node.js v24.0.0`. */
  readonly software: string
  /** What was checked, as a person says it: `profile tenant (acme)`. */
  readonly subject: string
  /** DNS servers that were asked. */
  readonly dnsServers: readonly string[]
  /** The proxy that is used, or that the environment names. */
  readonly proxy: string
}

/** Everything that was found. Plain data. */
export interface Examination {
  /** ISO 8601, UTC. */
  readonly startedAt: string
  readonly durationMs: number
  readonly origin: Origin
  readonly hosts: readonly HostReport[]
  readonly verdict: 'ok' | 'warning' | 'failed'
}

/** What the doctor tells while it works. */
export type DoctorEvent =
  | {
      readonly event: 'host'
      readonly id: string
      readonly host: string
      readonly port: number
      readonly roles: readonly Role[]
    }
  | { readonly event: 'step'; readonly id: string; readonly step: Step }
  | { readonly event: 'verdict'; readonly report: HostReport }
  | { readonly event: 'done'; readonly examination: Examination }
