import { neededCredentials, type Credentials, type Places, type Profile } from '../auth/endpoints.ts'
import type { AccessSettings, ManagedAccess } from '../cxone/create-access.ts'
import { openCxoneAccess } from '../cxone/open-access.ts'
import { createDnsResolver, type DnsResolver } from '../dns/resolver.ts'
import { systemDnsPorts } from '../dns/system-ports.ts'
import { configError, show } from '../errors.ts'
import { createHttpClient } from '../http/client.ts'
import type { ConnectionOptions } from '../http/connections.ts'
import { safeUrl } from '../http/safe-url.ts'
import type { SandboxInfo } from '../cxone/access.ts'
import {
  systemAuthorities,
  systemClock,
  systemDnsServers,
  systemLookup,
  systemMachine,
  systemProxy,
  systemRandom,
} from '../system.ts'
import type { DoctorEvent, Origin } from './examination.ts'
import { examine, type DoctorPorts, type DoctorTask } from './examine.ts'
import type { RouteOptions } from './network/route.ts'
import type { DoctorDns } from './steps/dns.ts'
import type { LoginPorts } from './steps/login.ts'
import { actionTarget, hostTarget, planTargets, type Target } from './targets.ts'

/** The tenant whose hosts are examined. */
export interface DoctorTenant {
  readonly settings: AccessSettings
  /** Complete: the doctor logs in with them. */
  readonly credentials?: Credentials
  /** An access that is open already, instead of credentials. */
  readonly access?: ManagedAccess
}

/** What a doctor is asked for. */
export interface DoctorRequest {
  /** Name of the program that asks, with its version. */
  readonly software: string
  readonly tenant?: DoctorTenant
  /** `name[:port]` or URLs. */
  readonly hosts?: readonly string[]
  /** Id of a data action, or URL of its endpoint. */
  readonly action?: string
  readonly route: RouteOptions
  /** Whether the proxy of `route` came from the environment. */
  readonly isEnvironmentProxy?: boolean
  /** Servers to ask instead of this machine's. */
  readonly dns?: { readonly servers: readonly string[]; readonly trustAnchors: string }
  readonly isDnssec: boolean
  /** Examines the DNS servers themselves too. */
  readonly isDnsWanted?: boolean
  /** Milliseconds for each step. */
  readonly timeoutMs: number
}

/**
 * Examines the hosts of a tenant and others, on the real network. Frees what it opened when the reader is through or goes.
 *
 * @throws `CONFIG_INVALID` (`hosts`, `action`, `servers`, `trustAnchors`), `ABORTED`.
 */
export async function* runDoctor(
  request: DoctorRequest,
  call: { readonly signal: AbortSignal },
): AsyncGenerator<DoctorEvent, void, undefined> {
  const { tenant, route } = request
  const lease = tenant?.settings.profile === 'sandbox' ? await leaseSandbox() : undefined
  const opened: Closers = lease ? [() => lease.release()] : []
  try {
    const sandbox = lease?.sandbox.info
    const dns = await openDns(request, placeOfDns(request.dns, sandbox), opened)
    const dnsServers = request.isDnsWanted ? await openServers(request, opened) : undefined
    const { tls, ...way } = transportOf(route)
    const http = createHttpClient({ clock: systemClock, ...way, tls: { ...tls, rejectUnauthorized: false } })
    opened.push(() => http.close())
    const login = await openLogin(request, sandbox, opened)
    const ports: DoctorPorts = {
      clock: systemClock,
      dns,
      dnsServers,
      lookup: sandbox || request.dns ? undefined : systemLookup,
      send: http.send,
      authorities: { ...systemAuthorities, own: ownAuthorities(route) },
      login,
    }
    yield* examine(taskOf(request, sandbox), ports, call)
  } finally {
    for (const close of opened.toReversed()) await close()
  }
}

const transportOf = ({ tls, proxy }: RouteOptions): Pick<ConnectionOptions, 'tls' | 'proxy'> => ({
  ...(tls ? { tls: { ...tls } } : {}),
  ...(proxy ? { proxy } : {}),
})

const leaseSandbox = async () => (await import('../sandbox/shared.ts')).acquireSandbox()

function ownAuthorities({ tls }: RouteOptions): readonly string[] {
  const given = [tls?.ca ?? []].flat()
  return given.map((one) => one.toString())
}

type DnsPlace = NonNullable<DoctorRequest['dns']>
type Closers = (() => Promise<void> | void)[]

async function openDns(
  { isDnssec, timeoutMs }: DoctorRequest,
  place: DnsPlace,
  opened: Closers,
): Promise<DoctorDns | undefined> {
  if (place.servers.length === 0) return undefined
  const open = async (dnssec: 'validate' | 'off'): Promise<DnsResolver> => {
    const resolver = createDnsResolver(await systemDnsPorts({ cache: false }), {
      ...place,
      transport: 'udp',
      dnssec,
      timeoutMs: Math.ceil(timeoutMs / 2),
      lifetimeMs: timeoutMs,
      maxCnameHops: 10,
      onLimit: 'wait',
    })
    opened.push(() => resolver.close())
    return resolver
  }
  return { plain: await open('off'), ...(isDnssec ? { validating: await open('validate') } : {}) }
}

async function openServers(request: DoctorRequest, opened: Closers): Promise<ReadonlyMap<string, DoctorDns>> {
  const { servers, trustAnchors } = request.dns ?? { servers: systemDnsServers(), trustAnchors: '' }
  const made = new Map<string, DoctorDns>()
  for (const server of servers) {
    const dns = await openDns(request, { servers: [server], trustAnchors }, opened)
    if (dns) made.set(server, dns)
  }
  return made
}

function placeOfDns(dns: DoctorRequest['dns'], sandbox: SandboxInfo | undefined): DnsPlace {
  if (dns) return dns
  if (sandbox) return { servers: [sandbox.dnsServer], trustAnchors: sandbox.trustAnchor }
  return { servers: systemDnsServers(), trustAnchors: '' }
}

/** The doctor logs in only where all that the profile needs is there. */
async function openLogin(
  { tenant, route }: DoctorRequest,
  sandbox: SandboxInfo | undefined,
  opened: Closers,
): Promise<LoginPorts | undefined> {
  if (!tenant) return undefined
  const sandboxPort = sandbox ? { sandboxPort: sandbox.port } : {}
  if (tenant.access) return { ...loginBy(tenant.access), ...sandboxPort }
  const { settings, credentials = NO_CREDENTIALS } = tenant
  if (neededCredentials(settings.profile).some((name) => credentials[name] === '')) return undefined
  const ports = { clock: systemClock, random: systemRandom }
  const hurried = { ...settings, maxRetries: 0 }
  const transport = transportOf(route)
  const cxone = await openCxoneAccess({ settings: hurried, credentials, transport, ...ports })
  opened.push(() => cxone.close())
  return { ...loginBy(cxone.access), ...sandboxPort }
}

const NO_CREDENTIALS: Credentials = { clientId: '', clientSecret: '', accessKeyId: '', accessKeySecret: '' }

const loginBy = (access: ManagedAccess): LoginPorts => ({
  login: (signal) => access.describe(signal),
  endpointOf: async (id, signal) => (await access.lookup(id, { cacheTtlS: 0, signal })).endpointUrl,
})

function taskOf(request: DoctorRequest, sandbox: SandboxInfo | undefined): DoctorTask {
  const { tenant, hosts = [], action = '', route, timeoutMs } = request
  const plan = tenant ? planTargets(tenant.settings.profile, tenant.settings, sandbox?.url) : { targets: [] }
  const isUrl = action.includes('://')
  const named = (text: string, target: Target | undefined, field: string): Target => {
    if (target) return target
    throw configError(
      field,
      `Expected a host, \`host:port\` or http(s) URL without a user name, got ${show(safeText(text))}`,
    )
  }
  const environment = systemProxy()
  return {
    targets: [
      ...plan.targets,
      ...hosts.map((text) => named(text, hostTarget(text), 'hosts')),
      ...(isUrl ? [named(action, actionTarget(action, sandbox?.port), 'action')] : []),
    ],
    area: plan.area,
    actionId: isUrl || action === '' ? undefined : action,
    route,
    unusedProxy: !route.proxy && environment ? safeUrl(environment.url) : undefined,
    origin: originOf(request, sandbox),
    timeoutMs,
  }
}

// A URL with a user name in it may hold a password.
const safeText = (text: string): string => (text.includes('@') ? safeUrl(text) : text)

function originOf(
  { software, tenant, hosts = [], dns, route, isEnvironmentProxy = false }: DoctorRequest,
  sandbox: SandboxInfo | undefined,
): Origin {
  const { name, software: machine } = systemMachine
  return {
    machine: name,
    software: `${software}, ${machine}`,
    subject: tenant ? subjectOf(tenant.settings.profile, tenant.settings) : hosts.join(', '),
    dnsServers: placeOfDns(dns, sandbox).servers,
    proxy: proxyText(route, isEnvironmentProxy),
  }
}

const PLACES_OF: Readonly<Partial<Record<Profile, keyof Places>>> = {
  tenant: 'tenant',
  org: 'org',
  'base-url': 'baseUrl',
  environment: 'environment',
  region: 'region',
  'access-key': 'area',
  'backend-app': 'issuer',
}

function subjectOf(profile: Profile, places: Places): string {
  const place = PLACES_OF[profile]
  return place === undefined ? `profile ${profile}` : `profile ${profile} (${places[place]})`
}

function proxyText({ proxy }: RouteOptions, isEnvironmentProxy: boolean): string {
  const environment = systemProxy()
  if (proxy)
    return `${safeUrl(proxy.url)} (${isEnvironmentProxy ? 'of the environment' : 'of the http proxy node'})`
  return environment ? `none; the environment names ${safeUrl(environment.url)}` : 'none'
}
