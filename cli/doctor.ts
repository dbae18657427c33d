import { writeFile } from 'node:fs/promises'
import type { Credentials, Place, Profile } from '../lib/auth/endpoints.ts'
import { STEP_TITLES, reportText } from '../lib/doctor/report.ts'
import type { DoctorEvent, Examination } from '../lib/doctor/examination.ts'
import type { RouteOptions } from '../lib/doctor/network/route.ts'
import { runDoctor, type DoctorRequest, type DoctorTenant } from '../lib/doctor/open-doctor.ts'
import { ansi, plain, treeText } from '../lib/doctor/tree.ts'
import { isPaletteError } from '../lib/errors.ts'
import { systemProxy } from '../lib/system.ts'
import { parseConfig, parseCredentials } from '../nodes/cxone-auth/config.ts'
import { readTenants } from './doctor-flows.ts'
import type { CliPorts, ExitCode } from './program.ts'

/** What `cxone-flows doctor` takes. */
export interface DoctorCommand extends Partial<Record<Place, string>> {
  readonly profile?: Profile
  readonly flows?: string
  readonly node?: string
  readonly hosts: readonly string[]
  readonly action?: string
  readonly dnsServers: readonly string[]
  readonly trustAnchor?: string
  readonly isDnssec: boolean
  readonly timeoutMs: number
  readonly json: boolean
  readonly report?: string
}

/** What the command needs of its process. */
export interface DoctorCliPorts extends Pick<CliPorts, 'version' | 'print' | 'printError'> {
  readonly signal: AbortSignal
  readonly env: Readonly<Record<string, string | undefined>>
  readonly colours: boolean
  /** A line that is written over while it works, where it is a terminal. */
  readonly progress: { readonly isTTY?: boolean; write(text: string): unknown }
}

const WELCOME = `No tenant was named. This looks at the DNS of this machine, and at the sandbox that is built in: so a healthy
tenant looks. Yours: cxone-flows doctor --profile tenant --tenant acme (all ways: cxone-flows doctor --help)
`

/**
 * `cxone-flows doctor`: examines hosts, and prints their ladders, JSON, or a report to forward.
 *
 * @returns 0 all well, 1 something was found, 2 what was given cannot be used.
 */
export async function runDoctorCommand(command: DoctorCommand, ports: DoctorCliPorts): Promise<ExitCode> {
  try {
    const requests = await requestsOf(command, ports)
    const examinations: Examination[] = []
    if (isBare(command) && !command.json) ports.print(WELCOME)
    for (const request of requests) {
      const examination = await examined(request, ports)
      if (!command.json) ports.print(treeText(examination, ports.colours ? ansi : plain))
      examinations.push(examination)
    }
    await finish(examinations, command, ports)
    return examinations.every(({ verdict }) => verdict === 'ok') ? 0 : 1
  } catch (error) {
    if (!isPaletteError(error) || error.code !== 'CONFIG_INVALID') throw error
    ports.printError(`cxone-flows: ${error.message}\n`)
    return 2
  }
}

const isBare = ({ profile, flows, hosts, action }: DoctorCommand): boolean =>
  profile === undefined && flows === undefined && hosts.length === 0 && action === undefined

async function requestsOf(command: DoctorCommand, ports: DoctorCliPorts): Promise<readonly DoctorRequest[]> {
  const { profile, flows, node, hosts, action, dnsServers, trustAnchor = '', isDnssec, timeoutMs } = command
  const environment = systemProxy()
  const common = {
    software: `cxone-flows ${ports.version}`,
    isDnssec,
    timeoutMs,
    ...(dnsServers.length > 0 ? { dns: { servers: dnsServers, trustAnchors: trustAnchor } } : {}),
    ...(action === undefined ? {} : { action }),
  }
  if (flows !== undefined) {
    const tenants = await readTenants({ file: flows, node, env: ports.env })
    return tenants.map(({ route, ...tenant }, at) => ({
      ...common,
      tenant: { ...tenant, credentials: credentialsIn(ports.env) },
      route,
      hosts: at === 0 ? hosts : [],
    }))
  }
  const route: RouteOptions = environment ? { proxy: withLogin(environment) } : {}
  const way = { route, isEnvironmentProxy: true, hosts }
  if (profile === undefined && !isBare(command)) return [{ ...common, ...way }]
  const tenant: DoctorTenant = {
    settings: parseConfig({ ...command, profile: profile ?? 'sandbox' }),
    credentials: credentialsIn(ports.env),
  }
  return [{ ...common, ...way, tenant, isDnsWanted: isBare(command) }]
}

/** The user of a proxy stands in its URL, in the environment. */
function withLogin({
  url,
  noProxy,
}: NonNullable<ReturnType<typeof systemProxy>>): NonNullable<RouteOptions['proxy']> {
  const place = URL.parse(url)
  if (!place) return { url, noProxy }
  const [username, password] = [decodeURIComponent(place.username), decodeURIComponent(place.password)]
  place.username = place.password = ''
  return { url: place.href, noProxy, ...(username || password ? { username, password } : {}) }
}

const credentialsIn = (env: DoctorCliPorts['env']): Credentials =>
  parseCredentials({
    clientId: env['CXONE_CLIENT_ID'],
    clientSecret: env['CXONE_CLIENT_SECRET'],
    accessKeyId: env['CXONE_ACCESS_KEY_ID'],
    accessKeySecret: env['CXONE_ACCESS_KEY_SECRET'],
  })

async function examined(request: DoctorRequest, { signal, progress }: DoctorCliPorts): Promise<Examination> {
  for await (const event of runDoctor(request, { signal })) {
    if (event.event === 'done') {
      if (progress.isTTY) progress.write('\r\u001b[K')
      return event.examination
    }
    if (progress.isTTY) progress.write(`\r\u001b[K  ${lineOf(event)}`.slice(0, 90))
  }
  throw new TypeError('the examination has no end')
}

function lineOf(event: Exclude<DoctorEvent, { event: 'done' }>): string {
  if (event.event === 'verdict') return `${event.report.id}: ${event.report.verdict}`
  return event.event === 'host'
    ? `${event.id} ...`
    : `${event.id}: ${STEP_TITLES[event.step.name]} ${event.step.mark}`
}

async function finish(
  examinations: readonly Examination[],
  { json, report }: DoctorCommand,
  { print }: DoctorCliPorts,
): Promise<void> {
  if (report !== undefined) await writeFile(report, examinations.map(reportText).join('\n\n'))
  if (json) {
    print(JSON.stringify({ examinations }, null, 2))
    return
  }
  const hosts = examinations.flatMap((each) => each.hosts)
  const bad = hosts.filter(({ verdict }) => verdict !== 'ok').length
  if (report !== undefined) print(`The report to forward is in ${report}.`)
  else if (bad > 0) print('For a text to forward to the network team add --report report.txt')
  print(bad === 0 ? `All well: ${hosts.length} hosts.` : `${bad} of ${hosts.length} hosts need attention.`)
}
