import type { Examination, HostReport, Mark, Role, Step, StepName } from './examination.ts'
import { worstFirst, type Finding } from './findings.ts'
import type { TcpAttempt } from './network/tcp.ts'

/** How steps are called for people. */
export const STEP_TITLES: Readonly<Record<StepName, string>> = {
  dns: 'DNS',
  name: 'name',
  address: 'address',
  tcp: 'TCP',
  tls: 'TLS',
  http: 'HTTP',
  login: 'token',
  action: 'action',
}

const ROLE_TITLES: Readonly<Record<Role, string>> = {
  token: 'token',
  discovery: 'issuer',
  api: 'API',
  action: 'data action',
  host: 'host',
  dns: 'DNS',
}

const MARK_WORDS: Readonly<Record<Mark, string>> = {
  ok: 'ok',
  warning: 'WARNING',
  failed: 'FAILED',
  skipped: '-',
}

/** What a host is for: `token, API`. */
export const rolesText = (roles: readonly Role[]): string => roles.map((role) => ROLE_TITLES[role]).join(', ')

/** Findings of a host, the worst first. */
export const findingsOf = ({ steps }: HostReport): readonly Finding[] =>
  worstFirst(steps.flatMap(({ findings }) => findings))

/**
 * The report as plain text, to be forwarded: who asked, from where, to which addresses and ports, when, with what result, and what
 * is asked for.
 */
export function reportText({ startedAt, durationMs, origin, hosts, verdict }: Examination): string {
  const locals = [...new Set(hosts.flatMap(localAddresses))]
  const from = locals.length > 0 ? `${origin.machine} (${locals.join(', ')})` : origin.machine
  const bad = hosts.filter((host) => host.verdict !== 'ok').length
  const count = `${hosts.length} ${hosts.length === 1 ? 'host' : 'hosts'}`
  const result = bad === 0 ? `all well: ${count}` : `${verdict.toUpperCase()}: ${bad} of ${count}`
  return [
    'CXone connection report',
    '',
    `Result   ${result}`,
    `When     ${startedAt.slice(0, 19).replace('T', ' ')} UTC, ${(durationMs / 1000).toFixed(1)} s`,
    `From     ${from}`,
    `By       ${origin.software}`,
    `Checked  ${origin.subject}`,
    `DNS      ${origin.dnsServers.join(', ') || 'this machine names no servers'}`,
    `Proxy    ${origin.proxy}`,
    ...asked(hosts),
    '',
    'What was tried',
    ...hosts.flatMap(hostLines),
    '',
  ].join('\n')
}

function asked(hosts: readonly HostReport[]): string[] {
  const all = hosts.flatMap(findingsOf)
  const findings = worstFirst(all)
  if (findings.length === 0) return []
  const lines = findings.flatMap(({ code, level, message, advice }, at) => [
    ...wrap(`${message} [${code}, ${level}]`, `${String(at + 1).padStart(2)}. `),
    ...wrap(`${advice}.`, '    -> '),
  ])
  return ['', 'What was found, and what is asked for', ...lines]
}

function hostLines(host: HostReport): string[] {
  const { id, roles, caller, proxy, verdict, steps } = host
  const who = caller === 'cxone' ? '; CXone will call it, here it was tried from this machine' : ''
  const way = proxy === null ? '' : `; through the proxy ${proxy}`
  const word = verdict === 'ok' ? 'ok' : verdict.toUpperCase()
  return ['', ...wrap(`${id} (${rolesText(roles)}): ${word}${who}${way}`, ''), ...steps.flatMap(stepLines)]
}

function stepLines({ name, mark, text, latencyMs }: Step): string[] {
  const time = latencyMs === null ? '' : `${latencyMs.toFixed(1)} ms`
  return wrap(text, `  ${STEP_TITLES[name].padEnd(8)} ${MARK_WORDS[mark].padEnd(8)} ${time.padStart(9)}  `)
}

function localAddresses({ steps }: HostReport): string[] {
  const attempts = steps.flatMap(({ facts }) => (facts['attempts'] ?? []) as readonly TcpAttempt[])
  return attempts.flatMap(({ localAddress }) => (localAddress === null ? [] : [localAddress]))
}

const WIDTH = 100

/** Breaks a text between words; later lines are indented as far as the first begins. */
export function wrap(text: string, head: string, width = WIDTH): string[] {
  const lines: string[] = []
  let line = head
  for (const word of text.split(' ')) {
    const isFirst = line.length === head.length
    if (!isFirst && line.length + 1 + word.length > width) {
      lines.push(line)
      line = ' '.repeat(head.length) + word
    } else line += isFirst ? word : ` ${word}`
  }
  return [...lines, line]
}
