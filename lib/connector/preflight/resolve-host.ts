import { isIpAddress } from '../../dns/addresses.ts'
import { isDnsFault } from '../../dns/faults.ts'
import type { DnsResolver } from '../../dns/resolver.ts'
import type { LookupAddresses } from '../../ports.ts'
import { preflightError } from './facts.ts'

/** All addresses of a host. */
export type ResolveHost = (host: string, signal?: AbortSignal) => Promise<readonly string[]>

/**
 * Looks hosts up as `dns-resolve` does, and where DNS does not know one, as this machine does (its hosts file).
 *
 * The look-up throws the DNS codes, or `CONNECTOR_UNREACHABLE` for a host without addresses.
 *
 * @param resolver undefined on a machine that names no DNS servers.
 */
export function createResolveHost(resolver: DnsResolver | undefined, lookup: LookupAddresses): ResolveHost {
  return async (host, signal) => {
    if (isIpAddress(host)) return [host]
    const machine = (): Promise<readonly string[]> => lookup(host, signal).catch(() => [])
    // Names of one label live in hosts files and search lists, not in DNS.
    const known =
      resolver && host.includes('.') ? await ask(resolver, host, machine, signal) : await machine()
    if (known.length > 0) return known
    throw preflightError('resolve', `\`${host}\``, 'it has no address', { host })
  }
}

async function ask(
  resolver: DnsResolver,
  host: string,
  machine: () => Promise<readonly string[]>,
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  try {
    const { records } = await resolver.resolve(
      {
        domain: host,
        recordTypes: ['A', 'AAAA'],
        ttlOverrideS: undefined,
        maxQueriesPerMinute: 1000,
        dnssecRequired: false,
      },
      { signal },
    )
    const found = [...(records.A ?? []), ...(records.AAAA ?? [])] as readonly string[]
    return found.length > 0 ? found : await machine()
  } catch (error) {
    if (!isDnsFault(error)) throw error
    const found = await machine()
    if (found.length > 0) return found
    throw error
  }
}
