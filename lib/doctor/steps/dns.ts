import type { DnssecStatus } from '../../dns/dnssec/verdict.ts'
import { isDnsFault, type DnsCode } from '../../dns/faults.ts'
import type { DnsResolver } from '../../dns/resolver.ts'
import type { DnsResult } from '../../dns/result.ts'
import type { PaletteError } from '../../errors.ts'

/** The DNS of this machine, twice: as it answers, and with the signatures checked here. */
export interface DoctorDns {
  readonly plain: DnsResolver
  /** Left out: DNSSEC is not wanted. */
  readonly validating?: DnsResolver
}

/** What DNS says of a name. */
export type Asked = (
  { readonly result: DnsResult } | { readonly fault: PaletteError & { code: DnsCode } }
) & {
  /** Undefined where it is not wanted, or could not be had. */
  readonly dnssec?: DnssecStatus | undefined
  /** The servers give no signatures, not even of the root. */
  readonly isStripped?: boolean
}

type Outcome = { readonly result: DnsResult } | { readonly fault: PaletteError & { code: DnsCode } }

/** Asks for the addresses of a name, and for the verdict on their signatures. @throws `ABORTED` */
export async function askDns(
  { plain, validating }: DoctorDns,
  host: string,
  signal: AbortSignal,
): Promise<Asked> {
  const domain = host.toLowerCase().replace(/\.$/, '')
  const [outcome, checked] = await Promise.all([
    ask(plain, domain, signal),
    validating && ask(validating, domain, signal),
  ])
  const dnssec = checked && statusOf(checked)
  const isStripped =
    validating !== undefined && dnssec?.status === 'bogus' && (await isRootBogus(validating, signal))
  return { ...outcome, dnssec, isStripped }
}

/** Asks for the addresses of a name. @throws `ABORTED` */
async function ask(
  resolver: DnsResolver,
  domain: string,
  signal: AbortSignal,
  types: readonly ('A' | 'AAAA' | 'NS')[] = ['A', 'AAAA'],
): Promise<Outcome> {
  try {
    const rules = { ttlOverrideS: undefined, maxQueriesPerMinute: 1000, dnssecRequired: false }
    return { result: await resolver.resolve({ domain, recordTypes: types, ...rules }, { signal }) }
  } catch (error) {
    if (isDnsFault(error)) return { fault: error }
    throw error
  }
}

/** A server that strips signatures makes the root bogus too. */
async function isRootBogus(validating: DnsResolver, signal: AbortSignal): Promise<boolean> {
  return statusOf(await ask(validating, '', signal, ['NS']))?.status === 'bogus'
}

function statusOf(outcome: Outcome): DnssecStatus | undefined {
  if ('result' in outcome) return outcome.result.dnssec
  return outcome.fault.details['dnssec'] as DnssecStatus | undefined
}
