import { within } from '../../concurrency/within.ts'
import { isIpAddress } from '../../dns/addresses.ts'
import type { DnssecStatus } from '../../dns/dnssec/verdict.ts'
import type { DnsCode } from '../../dns/faults.ts'
import { isPaletteError } from '../../errors.ts'
import type { LookupAddresses } from '../../ports.ts'
import type { Step } from '../examination.ts'
import { finding, type Finding, type FindingCode, type Level } from '../findings.ts'
import type { Target } from '../targets.ts'
import { askDns, type Asked, type DoctorDns } from './dns.ts'
import { skipped, step, timed, type StepCall } from './step.ts'

/** What the step needs. */
export interface NameCall extends StepCall {
  /** Undefined on a machine that names no DNS servers. */
  readonly dns: DoctorDns | undefined
  /** As this machine's programs look names up: hosts file and DNS. Left out where another DNS server is asked. */
  readonly lookup?: LookupAddresses | undefined
  /** A proxy looks the name up itself: what fails here is only worth a note. */
  readonly isByProxy: boolean
}

/** What came of it; without addresses there is nothing to connect to. */
export interface NameOutcome {
  readonly step: Step
  readonly addresses: readonly string[]
}

/** Looks a name up: as this machine does, and by DNS with the signatures checked here. @throws `ABORTED` */
export async function nameStep(target: Target, call: NameCall): Promise<NameOutcome> {
  const { host, connectTo } = target
  const { dns, signal } = call
  if (isIpAddress(host)) return { step: skipped('name', 'an address: no name to look up'), addresses: [host] }
  // Names of one label live in hosts files and search lists, not in DNS.
  const server = host.includes('.') ? dns : undefined
  const [[asked, machine], latencyMs] = await timed(call.clock, () =>
    Promise.all([server && askDns(server, host, signal), askMachine(host, call)]),
  )
  const found = asked && 'result' in asked ? addressesOf(asked) : []
  const addresses = machine.length > 0 ? machine : found
  const findings = [
    ...(addresses.length > 0 ? differing(host, asked, machine, found) : [await missing(target, asked, call)]),
    ...signatures(host, asked),
  ]
  return {
    step: step('name', textOf(host, asked, addresses), latencyMs, findings, factsOf(asked, addresses)),
    addresses: connectTo && addresses.length > 0 ? [connectTo.address] : addresses,
  }
}

const addressesOf = ({ result: { records } }: Extract<Asked, { result: unknown }>): readonly string[] =>
  [...(records.A ?? []), ...(records.AAAA ?? [])] as readonly string[]

async function askMachine(host: string, { lookup, ...call }: NameCall): Promise<readonly string[]> {
  if (!lookup) return []
  try {
    return await within(lookup(host, call.signal), { ...call, late: 'no answer' })
  } catch (error) {
    if (isPaletteError(error) && error.code === 'ABORTED') throw error
    return []
  }
}

function signatures(host: string, asked: Asked | undefined): readonly Finding[] {
  const { dnssec, isStripped = false } = asked ?? {}
  if (dnssec?.status !== 'bogus') return []
  if (isStripped) {
    const text = `The DNS server gives no signatures, not even of the root: DNSSEC of ${host} cannot be checked here`
    return [
      finding(
        'DNSSEC_UNAVAILABLE',
        text,
        'For `dnssecRequired`, give dns-resolve a server that passes DNSSEC on',
      ),
    ]
  }
  const { reason, ede } = dnssec
  return [
    finding(
      'DNSSEC_BOGUS',
      `DNSSEC of ${host} is bogus: ${reason}${ede ? ` (EDE ${ede.code} ${ede.text})` : ''}`,
      'Resolvers that validate refuse this name. Tell the owner of the zone; if other networks see it well, a DNS server here changes answers: ask its owner',
    ),
  ]
}

function differing(
  host: string,
  asked: Asked | undefined,
  machine: readonly string[],
  found: readonly string[],
): readonly Finding[] {
  if (machine.length === 0 || !asked || machine.some((address) => found.includes(address))) return []
  const other = found.length > 0 ? found.join(', ') : outcomeOf(asked)
  return [
    finding(
      'HOST_LOOKUP_DIFFERS',
      `This machine takes ${host} for ${machine.join(', ')}; DNS says ${other}`,
      'Look for the name in the hosts file, and for a VPN or a second DNS server; content networks also change their answers',
    ),
  ]
}

const DNS_FILTER =
  'Ask the owner of the DNS server why it does not resolve the name; a DNS filter may refuse it'
const LOOP = 'Tell the owner of the name: its CNAME records lead nowhere'

/** What the codes of `dns-resolve` are here, and the advice. */
const FAULTS: Readonly<Partial<Record<DnsCode, readonly [FindingCode, string]>>> = {
  DNS_TIMEOUT: [
    'DNS_UNREACHABLE',
    'Ask the network team to let UDP and TCP port 53 from this machine to its DNS servers, or to correct its list of DNS servers',
  ],
  DNS_CNAME_LOOP: ['HOST_ALIAS_LOOP', LOOP],
  DNS_CNAME_TOO_LONG: ['HOST_ALIAS_LOOP', LOOP],
}

async function missing(target: Target, asked: Asked | undefined, call: NameCall): Promise<Finding> {
  const { host } = target
  const level: Level | undefined = call.isByProxy ? 'note' : undefined
  if (!asked) {
    const text = `${host} is neither in the hosts file nor known to this machine's DNS`
    return finding('HOST_NXDOMAIN', text, 'Check the spelling', level)
  }
  if ('result' in asked)
    return finding('HOST_NO_ADDRESS', `${host} has neither A nor AAAA records`, spelling(target), level)
  const { code, message } = asked.fault
  if (code === 'DNS_NXDOMAIN')
    return finding('HOST_NXDOMAIN', await whereItEnds(host, call), spelling(target), level)
  const [known, advice] = FAULTS[code] ?? ['DNS_FAILED', DNS_FILTER]
  return finding(known, message.includes(host) ? message : `${host}: ${message}`, advice, level)
}

const spelling = ({ from }: Target): string =>
  from === undefined
    ? 'Check the spelling; a DNS filter may also hide the name: ask the network team'
    : `Check the ${from}: it is misspelt, or belongs to another region or profile. A DNS filter may also hide the name: ask the network team`

/** How much of the name exists tells a misspelt label from a domain that is filtered away. */
async function whereItEnds(host: string, { dns, signal }: NameCall): Promise<string> {
  const labels = host.split('.')
  for (let at = 1; dns && at < labels.length - 1; at += 1) {
    const parent = labels.slice(at).join('.')
    const asked = await askDns({ plain: dns.plain }, parent, signal)
    if ('result' in asked) return `${host} does not exist (NXDOMAIN); ${parent} does`
    if (asked.fault.code !== 'DNS_NXDOMAIN') return `${host} does not exist (NXDOMAIN)`
  }
  const domain = labels.slice(-2).join('.')
  return `${host} does not exist (NXDOMAIN), and neither does ${domain}: this DNS knows nothing of the whole domain`
}

const outcomeOf = (asked: Asked): string => ('fault' in asked ? asked.fault.code : 'no address')

function textOf(host: string, asked: Asked | undefined, addresses: readonly string[]): string {
  const chain = asked && 'result' in asked ? asked.result.cnameChain : []
  const aliases = chain.length > 1 ? ` = ${chain.slice(1).join(' = ')}` : ''
  const outcome = addresses.length > 0 ? '' : `: ${asked ? outcomeOf(asked) : 'not found'}`
  return `${host}${aliases}${outcome}${dnssecText(asked)}`
}

function dnssecText({ dnssec, isStripped = false }: Partial<Asked> = {}): string {
  if (!dnssec) return ''
  return `, DNSSEC ${isStripped ? 'not to be had' : SHORT[dnssec.status]}`
}

const SHORT: Readonly<Record<DnssecStatus['status'], string>> = {
  secure: 'secure',
  insecure: 'insecure (not signed)',
  bogus: 'bogus',
  indeterminate: 'indeterminate',
  unchecked: 'not checked',
}

function factsOf(asked: Asked | undefined, addresses: readonly string[]): Record<string, unknown> {
  const dnssec = asked?.dnssec ?? null
  if (!asked || 'fault' in asked) return { addresses, dnssec, error: asked?.fault.code ?? null }
  const { cnameChain, server, ttl } = asked.result
  return { addresses, dnssec, cnameChain, server, ttl }
}
