import type { Pin } from '../dns/pin.ts'
import type { Pace } from '../http/pace.ts'

/** What a node that calls CXone gets from its `cxone-auth` node. */
export interface CxoneAccess {
  readonly client: CxoneClient
  /** Path templates with `{id}`. */
  readonly paths: { readonly dataAction: string; readonly execute: string; readonly connector: string }
  /** Data action definitions, cached for all nodes that use this access. */
  readonly lookup: LookupDataAction
  /** Set when the profile is `sandbox`. */
  readonly sandbox?: SandboxInfo
}

/** Where the embedded sandbox listens. */
export interface SandboxInfo {
  /** `http://127.0.0.1:<port>`, also the API base. */
  readonly url: string
  readonly port: number
  /** `127.0.0.1:<port>` of its DNS server, which knows the `*.sandbox.test` names. */
  readonly dnsServer: string
  /** The key of its signed root, as `trustAnchors` of `dns-resolve` have it; another one after each start. */
  readonly trustAnchor: string
  /** `whsec_...`: what its webhook sink verifies with. No secret: it stands in the sandbox's documentation. */
  readonly webhookSecret: string
}

/** One API call. Path parameters are percent-encoded; the token, `Accept` and the correlation headers are added. */
export interface CxoneCall {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Relative to the API base, with `{name}` for `params`. */
  readonly path: string
  readonly params?: Readonly<Record<string, string>>
  readonly query?: Readonly<Record<string, string | number | boolean | readonly (string | number)[]>>
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as JSON. */
  readonly body?: unknown
  /** A body that is JSON text already, instead of `body`. */
  readonly bodyJson?: string
  /** Sent as `Idempotency-Key`; makes a POST repeatable after a time-out. */
  readonly idempotencyKey?: string
  readonly timeoutMs?: number
  readonly correlationId?: string
  readonly signal?: AbortSignal
  /** Statuses that are an answer here and no error, for one 304. */
  readonly accept?: readonly number[]
  /** Tells why a 2xx answer is not what the API promises; then the call fails with `CXONE_UNEXPECTED_RESPONSE`. */
  readonly check?: (json: unknown) => string | undefined
  /** Called before each wait for a repeat, for a status. */
  readonly onRetry?: (attempt: number, waitMs: number, reason: string) => void
  /** Shared with the other calls of a bulk run: a 429 pauses them all. */
  readonly pace?: Pace
  /** Connects to these addresses of the API host instead of looking it up. The token is got as ever. */
  readonly connectTo?: Pin | undefined
}

/** The answer of an API call, after retries and renewal of the token. */
export interface CxoneAnswer {
  readonly status: number
  /** Without query. */
  readonly url: string
  /** The API base that `path` was added to. */
  readonly base: string
  /** Whose token it was, where the token tells. */
  readonly tenant?: string
  readonly headers: Readonly<Record<string, string>>
  /** The parsed JSON body; null without a body. */
  readonly json: unknown
  readonly attempts: number
  /** Milliseconds of the requests, without the waits between them. */
  readonly latencyMs: number
  /** Milliseconds of all, waits for a repeat or a token included. */
  readonly elapsedMs: number
  /** The one of `connectTo` that answered. */
  readonly address?: string
}

/** Calls CXone's API with a token. Fails with the codes of section 4 of the contract. */
export interface CxoneClient {
  call(call: CxoneCall): Promise<CxoneAnswer>
}

/** A data action as CXone defines it, with what we know of the fetch. */
export interface DataActionEntry {
  readonly id: string
  readonly definition: Readonly<Record<string, unknown>>
  readonly endpointUrl: string | null
  /** Host name of `endpointUrl` (ASCII form, lower case, no brackets), or null. */
  readonly hostname: string | null
  readonly cacheHit: boolean
  /** True when CXone could not be asked and an older copy is given. Only with `allowStale`. */
  readonly stale: boolean
  readonly attempts: number
  readonly latencyMs: number
}

/** Fetches a data action; one request at a time per id; a stale entry is revalidated with its ETag. */
export type LookupDataAction = (
  id: string,
  options: {
    readonly cacheTtlS: number
    readonly refresh?: boolean
    readonly allowStale?: boolean
    readonly correlationId?: string
    readonly signal?: AbortSignal
  },
) => Promise<DataActionEntry>
