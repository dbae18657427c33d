import { configError } from '../errors.ts'
import {
  neededCredentials,
  planTokens,
  type Credentials,
  type Places,
  type Profile,
} from '../auth/endpoints.ts'
import type { Claims, Grant } from '../auth/grant.ts'
import { TokenSource } from '../auth/token-source.ts'
import type { TokenSlots } from '../auth/token-slots.ts'
import { createRetryingSend, type RetryPolicy } from '../http/retry.ts'
import type { Clock, HttpSend, Random } from '../ports.ts'
import { SANDBOX_API, SANDBOX_CLIENT } from '../sandbox/credentials.ts'
import { isoTime } from '../system.ts'
import type { CxoneAccess, SandboxInfo } from './access.ts'
import { createCxoneClient } from './client.ts'
import { createLookup } from './lookup.ts'

/** The settings of a `cxone-auth` node. */
export interface AccessSettings extends Places, RetryPolicy {
  readonly profile: Profile
  readonly clientAuth: 'body' | 'basic'
  readonly scopes: string
  readonly refreshBufferS: number
  readonly timeoutMs: number
  readonly paths: CxoneAccess['paths']
}

/** What {@link createCxoneAccess} needs. */
export interface AccessOptions {
  readonly settings: AccessSettings
  readonly credentials: Credentials
  /** Needed by the profile `sandbox`. */
  readonly sandbox?: SandboxInfo
  readonly send: HttpSend
  readonly clock: Clock
  readonly random: Pick<Random, 'uniform'>
  readonly slots?: TokenSlots
  /** Whether TLS checks who answers. Default true. */
  readonly isVerified?: boolean
}

/** What a person may see of a connection; never the token. */
interface Connection {
  readonly tokenHost: string
  readonly apiBase: string
  /** ISO 8601, UTC. */
  readonly expiresAt: string
  readonly expiresInS: number
  /** As the token endpoint granted them; empty where it does not say. */
  readonly scopes: readonly string[]
  readonly claims: Claims
}

/** An access with what its node needs besides. */
export interface ManagedAccess extends CxoneAccess {
  /** Gets a token, for the Test connection button. @throws as the token source does. */
  describe(signal?: AbortSignal): Promise<Connection>
  /** Stops token requests and forgets the token. */
  close(): void
}

/**
 * Makes the access of a `cxone-auth` node. Nothing is asked before the first call.
 *
 * @throws `CONFIG_INVALID` naming a credential that the profile needs and that is empty.
 */
export function createCxoneAccess(options: AccessOptions): ManagedAccess {
  const { settings, sandbox, send, clock, random } = options
  const credentials = withDefaults(settings.profile, options.credentials)
  const tokens = new TokenSource({
    ...settings,
    plan: planTokens(settings.profile, settings, sandbox?.url),
    credentials,
    policy: settings,
    apiBase: settings.profile === 'sandbox' ? '' : settings.apiBaseUrl.replace(/\/+$/, ''),
    send,
    clock,
    random,
    ...(options.slots ? { slots: options.slots } : {}),
  })
  const { timeoutMs, paths } = settings
  const client = createCxoneClient({
    tokens,
    send: createRetryingSend({ send, clock, random }),
    clock,
    policy: settings,
    timeoutMs,
    pinning: { isVerified: options.isVerified ?? true, ...(sandbox ? { name: SANDBOX_API } : {}) },
  })
  return {
    client,
    paths,
    lookup: createLookup({ client, path: paths.dataAction, clock }),
    ...(sandbox ? { sandbox } : {}),
    describe: async (signal) => describe(await tokens.get(signal), clock),
    close: () => tokens.close(),
  }
}

function withDefaults(profile: Profile, given: Credentials): Credentials {
  for (const name of neededCredentials(profile)) {
    if (given[name] === '')
      throw configError(name, `Property \`${name}\`: the profile \`${profile}\` needs it, but it is empty`)
  }
  if (profile !== 'sandbox' || given.clientId !== '') return given
  return { ...given, clientId: SANDBOX_CLIENT.id, clientSecret: SANDBOX_CLIENT.secret }
}

function describe(grant: Grant, clock: Clock): Connection {
  const leftMs = Math.max(0, grant.expiresAt - clock.monotonic())
  return {
    tokenHost: new URL(grant.tokenUrl).host,
    apiBase: grant.apiBase,
    expiresAt: isoTime(clock.now() + leftMs),
    expiresInS: Math.round(leftMs / 1000),
    scopes: grant.scopes,
    claims: grant.claims,
  }
}
