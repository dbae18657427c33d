import { addressKind, parseIp } from '../../dns/addresses.ts'
import { finding, type Finding } from '../findings.ts'
import type { Step } from '../examination.ts'
import type { Target } from '../targets.ts'
import { isCxoneHost } from '../regions.ts'
import { step } from './step.ts'

/** So many of each family are tried. */
const MAX_TRIED = 3

/** The addresses that will be tried, IPv4 and IPv6, and what is odd about them. */
export function addressStep(
  { host, caller, connectTo }: Target,
  addresses: readonly string[],
): { readonly step: Step; readonly tried: readonly string[] } {
  const unique = [...new Set(addresses)]
  const four = unique.filter((address) => parseIp(address)?.family === 4)
  const six = unique.filter((address) => parseIp(address)?.family === 6)
  const shown = (list: readonly string[]): string => {
    const more = list.length > MAX_TRIED ? ` and ${list.length - MAX_TRIED} more` : ''
    return `${list.slice(0, MAX_TRIED).join(', ')}${more}`
  }
  const parts = [
    ...(four.length > 0 ? [`A ${shown(four)}`] : []),
    ...(six.length > 0 ? [`AAAA ${shown(six)}`] : []),
  ]
  const kinds = Object.fromEntries(unique.map((address) => [address, addressKind(address) ?? 'unknown']))
  // A gateway of one's own may well have a private address; CXone, from outside, cannot reach it.
  const isPublic = isCxoneHost(host) || (caller === 'cxone' && connectTo === undefined)
  const findings = isPublic ? oddities(host, caller, kinds) : []
  return {
    step: step('address', parts.join('; '), null, findings, { a: four, aaaa: six, kinds }),
    tried: [...four.slice(0, MAX_TRIED), ...six.slice(0, MAX_TRIED)],
  }
}

function oddities(
  host: string,
  caller: Target['caller'],
  kinds: Readonly<Record<string, string>>,
): readonly Finding[] {
  const inner = Object.entries(kinds).filter(([, kind]) => kind !== 'public')
  if (inner.length === 0) return []
  const list = inner.map(([address, kind]) => `${address} (${kind})`).join(', ')
  const advice =
    caller === 'cxone'
      ? 'CXone calls from the Internet and cannot reach this address: publish the endpoint, or check which name CXone is given'
      : 'A DNS filter, a captive portal or a private link answers for this name: ask the network team which it is'
  const text = inner[0]?.[0] === host ? `${list} is no address of the Internet` : `${host} has ${list}`
  return [finding('HOST_PRIVATE_ADDRESS', text, advice)]
}
