import type { PaletteError } from '../../errors.ts'
import type { DnssecStatus } from '../../dns/dnssec/verdict.ts'
import { isDnsFault, type DnsCode } from '../../dns/faults.ts'
import type { DnsResolver } from '../../dns/resolver.ts'
import type { DnsResult } from '../../dns/result.ts'
import type { Step } from '../examination.ts'
import { finding } from '../findings.ts'
import { step, timed, type StepCall } from './step.ts'

/** DNS, twice: as it answers, and with the signatures checked here. */
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

/** Asks a DNS server for the root, as it answers and with the signatures checked here. @throws `ABORTED` */
export async function dnsStep(
  server: string,
  { plain, validating }: DoctorDns,
  call: StepCall,
): Promise<Step> {
  const { clock, signal } = call
  const [[outcome, checked], latencyMs] = await timed(clock, () =>
    Promise.all([ask(plain, '', signal, ['NS']), validating && ask(validating, '', signal, ['NS'])]),
  )
  if ('fault' in outcome) {
    const { code, message } = outcome.fault
    const [known, advice] =
      code === 'DNS_TIMEOUT'
        ? ([
            'DNS_UNREACHABLE',
            `Ask the network team whether ${server} is the right DNS server, and to let UDP and TCP to it`,
          ] as const)
        : (['DNS_FAILED', `Ask the owner of ${server} why it does not answer for this machine`] as const)
    return step('dns', `${server}: ${code}`, latencyMs, [finding(known, message, advice)], { error: code })
  }
  const dnssec = checked && statusOf(checked)
  const isGood = dnssec?.status === 'secure'
  const text = `${server} answers in ${outcome.result.latencyMs} ms`
  if (!dnssec || isGood)
    return step('dns', `${text}${dnssec ? ', and passes signatures on' : ''}`, latencyMs, [], {
      dnssec: dnssec ?? null,
    })
  const stripped = `${server} passes no usable signatures on: ${dnssec.reason}`
  const advice = 'For `dnssecRequired`, give dns-resolve another server; all else works'
  return step(
    'dns',
    `${text}, but without DNSSEC`,
    latencyMs,
    [finding('DNSSEC_UNAVAILABLE', stripped, advice)],
    { dnssec },
  )
}

/** A server that strips signatures makes the root bogus too. */
async function isRootBogus(validating: DnsResolver, signal: AbortSignal): Promise<boolean> {
  return statusOf(await ask(validating, '', signal, ['NS']))?.status === 'bogus'
}

function statusOf(outcome: Outcome): DnssecStatus | undefined {
  if ('result' in outcome) return outcome.result.dnssec
  return outcome.fault.details['dnssec'] as DnssecStatus | undefined
}
