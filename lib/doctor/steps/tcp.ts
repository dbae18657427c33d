import { isIpAddress } from '../../dns/addresses.ts'
import { finding, type Finding, type FindingCode } from '../findings.ts'
import type { Step } from '../examination.ts'
import { isIpv6, openWay, type Opened, type ProxyPlace } from '../network/route.ts'
import type { TcpAttempt } from '../network/tcp.ts'
import { placeText, type Target } from '../targets.ts'
import { step, timed, type StepCall } from './step.ts'

/** What the step needs. */
export interface TcpStepCall extends StepCall {
  /** A proxy that the environment names and that is not used. */
  readonly unusedProxy?: string | undefined
}

/** What came of it: the address to go on with, undefined where none answers. */
export interface TcpOutcome {
  readonly step: Step
  readonly address: string | undefined
  /** Where this machine was seen from. */
  readonly localAddress: string | null
}

/** Connects to all addresses at the same time; through a proxy, asks that for the connection. */
export async function tcpStep(
  target: Target,
  addresses: readonly string[],
  by: ProxyPlace | undefined,
  call: TcpStepCall,
): Promise<TcpOutcome> {
  if (by) return await throughProxy(target, by, call)
  const [opened, latencyMs] = await timed(call.clock, () =>
    Promise.all(addresses.map((address) => openWay(target, address, undefined, call))),
  )
  for (const way of opened) if ('socket' in way) way.socket.destroy()
  const attempts = opened.map(({ attempt }) => attempt)
  const good = attempts.filter(({ outcome }) => outcome === 'connected')
  const [first] = good.toSorted((one, other) => one.latencyMs - other.latencyMs)
  const findings = first
    ? partial(target, attempts)
    : [blocked(target, attempts, call.timeoutMs), ...otherWay(target, call)]
  const text = attempts.map((attempt) => `${attempt.address}: ${said(attempt, call.timeoutMs)}`).join('; ')
  return {
    step: step('tcp', text, first?.latencyMs ?? latencyMs, findings, { attempts }),
    address: first?.address,
    localAddress: first?.localAddress ?? null,
  }
}

function said({ outcome, latencyMs, code }: TcpAttempt, timeoutMs: number): string {
  if (outcome === 'connected') return `${latencyMs} ms`
  return outcome === 'timeout' ? `no answer within ${timeoutMs} ms` : `${outcome} (${code ?? ''})`
}

const CODES: Readonly<Record<string, FindingCode>> = {
  timeout: 'HOST_TIMEOUT',
  refused: 'HOST_REFUSED',
  reset: 'HOST_RESET',
}

function blocked(
  { id, host, port, caller }: Target,
  attempts: readonly TcpAttempt[],
  timeoutMs: number,
): Finding {
  // IPv6 that does not exist here says nothing where IPv4 was tried too.
  const telling = attempts.find(({ outcome }) => outcome !== 'unreachable') ?? attempts[0]
  const outcome = telling?.outcome ?? 'unreachable'
  const tried = attempts.map((attempt) => placeText(attempt.address, attempt.port)).join(', ')
  const message = `No TCP connection to ${id} (${tried}): ${telling ? said(telling, timeoutMs) : 'no address'}`
  const allow = `Ask the network team to allow outgoing TCP from this machine to ${host} port ${port}${isIpAddress(host) ? '' : '; allow the name, as addresses change'}`
  const owner =
    caller === 'cxone'
      ? `Ask the owner of ${host} whether the service runs and listens on port ${port}, and whether its firewall lets this machine in: CXone comes from other addresses`
      : undefined
  const advice: Readonly<Record<string, string>> = {
    timeout: owner ?? `${allow}. A firewall that drops looks like this; so does a machine that is off`,
    refused: owner ?? `Check the port. If it is right, a firewall rejects: ${lowerFirst(allow)}`,
    reset: owner ?? allow,
    unreachable: `Check this machine's network: it has no route to ${attempts[0]?.address ?? host}`,
  }
  return finding(CODES[outcome] ?? 'HOST_UNREACHABLE', message, advice[outcome] ?? allow)
}

function otherWay({ id }: Target, { unusedProxy }: TcpStepCall): readonly Finding[] {
  if (unusedProxy === undefined) return []
  const text = `The environment names the proxy ${unusedProxy}, but ${id} was tried without it`
  return [
    finding(
      'PROXY_UNUSED',
      text,
      'cxone-auth takes no proxy from the environment: choose an `http proxy` node in it',
    ),
  ]
}

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1)

/** Some address answers: those that do not slow every connection down, or fail some. */
function partial({ id }: Target, attempts: readonly TcpAttempt[]): Finding[] {
  // A machine without IPv6 is no fault: programs do not try it there.
  const bad = attempts.filter(({ outcome }) => outcome !== 'connected' && outcome !== 'unreachable')
  if (bad.length === 0) return []
  const isSix = ({ address }: TcpAttempt): boolean => isIpv6(address)
  const worksBySix = attempts.filter(isSix).some(({ outcome }) => outcome === 'connected')
  const worksByFour = attempts.some((attempt) => !isSix(attempt) && attempt.outcome === 'connected')
  const list = bad.map(({ address, outcome }) => `${address} (${outcome})`).join(', ')
  const message = `${id} answers, but not at ${list}`
  if (bad.every(isSix) && !worksBySix)
    return [
      finding(
        'IPV6_BROKEN',
        message,
        'Ask the network team to let IPv6 through or to switch it off here; programs that try IPv6 first wait for it',
      ),
    ]
  if (!bad.some(isSix) && !worksByFour)
    return [finding('IPV4_BROKEN', message, 'Ask the network team to let IPv4 through as well')]
  return [
    finding(
      'ADDRESS_DOWN',
      message,
      'Tell the owner of the host, and check whether a firewall lists single addresses: allow the name',
    ),
  ]
}

async function throughProxy(target: Target, by: ProxyPlace, call: StepCall): Promise<TcpOutcome> {
  const [opened, latencyMs] = await timed(call.clock, () => openWay(target, by.host, by, call))
  const { attempt } = opened
  const place = placeText(by.host, by.port)
  const { status = null } = opened
  const facts = { attempts: [attempt], proxy: place, status }
  if ('socket' in opened) {
    opened.socket.destroy()
    const text = `through the proxy ${place} (${status ?? ''})`
    return {
      step: step('tcp', text, latencyMs, [], facts),
      address: by.host,
      localAddress: attempt.localAddress,
    }
  }
  const [problem, text] = proxyProblem(target, opened, place, call.timeoutMs)
  return { step: step('tcp', text, latencyMs, [problem], facts), address: undefined, localAddress: null }
}

function proxyProblem(
  { id }: Target,
  { attempt, status }: Extract<Opened, { failure: unknown }>,
  place: string,
  timeoutMs: number,
): readonly [Finding, string] {
  if (attempt.outcome !== 'connected') {
    const text = `the proxy ${place}: ${said(attempt, timeoutMs)}`
    return [
      finding(
        'PROXY_UNREACHABLE',
        `The way to ${id} is through ${text}`,
        'Check host and port of the proxy, and ask the network team whether this machine may use it',
      ),
      text,
    ]
  }
  if (status === 407) {
    const text = `the proxy ${place} wants a login (407)`
    return [
      finding(
        'PROXY_CREDENTIALS',
        `For ${id}, ${text}`,
        'Set user and password of the proxy; ask the network team for them',
      ),
      text,
    ]
  }
  const text = `the proxy ${place} ${status === null ? 'gives no answer to CONNECT' : `refuses CONNECT with ${status}`}`
  return [
    finding(
      'PROXY_REFUSED',
      `For ${id}, ${text}`,
      `Ask the network team to let this machine through the proxy ${place} to ${id} (CONNECT), without opening its TLS`,
    ),
    text,
  ]
}
