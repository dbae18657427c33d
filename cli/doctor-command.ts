import type * as CommanderModule from 'commander'
import type { Command } from 'commander'
import { NEEDED, PLACES, PROFILES, type Place, type Profile } from '../lib/auth/endpoints.ts'
import type { DoctorCommand } from './doctor.ts'
import type { CliPorts, ExitCode } from './program.ts'

interface Options extends Partial<Record<Place, string>> {
  readonly profile?: Profile
  readonly flows?: string
  readonly node?: string
  readonly host: readonly string[]
  readonly action?: string
  readonly dnsServer: readonly string[]
  readonly trustAnchor?: string
  readonly dnssec: boolean
  readonly timeout: number
  readonly json: boolean
  readonly report?: string
}

const HELP = `
Credentials are taken from the environment only: CXONE_CLIENT_ID, CXONE_CLIENT_SECRET, CXONE_ACCESS_KEY_ID,
CXONE_ACCESS_KEY_SECRET. With those that the profile needs the doctor logs in too; without them it sends nothing secret.

Exit codes: 0 all well, 1 something was found, 2 wrong usage.

Examples:
  cxone-flows doctor                                    this machine's DNS and the built-in sandbox
  cxone-flows doctor --profile tenant --tenant acme
  cxone-flows doctor --profile access-key --area na1 --report for-the-network-team.txt
  cxone-flows doctor --flows flows.json                 every cxone-auth node of a flow file
  cxone-flows doctor --host crm.example.com --action https://crm.example.com/lookup`

const MAX_TIMEOUT_S = 60

/** Adds `cxone-flows doctor` to the command line. */
export function addDoctor(
  program: Command,
  commander: typeof CommanderModule,
  ports: CliPorts,
  end: (code: ExitCode) => void,
): void {
  const command = program
    .command('doctor')
    .description('find out why CXone cannot be reached: names, addresses, TCP, TLS, HTTP, region')
    .addHelpText('after', HELP)
  addOptions(command, commander)
  command.action(async (options: Options) => {
    const wrong = misuse(options)
    if (wrong !== undefined) command.error(`error: ${wrong}`)
    const { runDoctorCommand } = await import('./doctor.ts')
    const { stdout, stderr, env } = process
    end(
      await runDoctorCommand(commandOf(options), {
        ...ports,
        signal: ports.untilInterrupted(),
        env,
        colours: stdout.isTTY && env['NO_COLOR'] === undefined,
        progress: stderr,
      }),
    )
  })
}

function addOptions(command: Command, { Option, InvalidArgumentError }: typeof CommanderModule): void {
  const several = (text: string, before: readonly string[]): readonly string[] => [...before, text]
  const seconds = (text: string): number => {
    const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN
    if (value > 0 && value <= MAX_TIMEOUT_S) return value
    throw new InvalidArgumentError(`Expected a number of seconds up to ${MAX_TIMEOUT_S}.`)
  }
  command.addOption(new Option('--profile <profile>', 'profile of cxone-auth').choices(PROFILES))
  for (const place of PLACES) command.option(`--${dashed(place)} <value>`, `\`${place}\` of the profile`)
  command
    .option('--flows <file>', 'take the cxone-auth nodes of a flow file')
    .option('--node <id>', 'only this one, by id or name')
    .addOption(
      new Option('--host <host[:port]>', 'any host; may be repeated').default([], 'none').argParser(several),
    )
    .option('--action <id|url>', 'data action whose host CXone will call; an id needs credentials')
    .addOption(
      new Option('--dns-server <ip[:port]>', 'ask this server instead; may be repeated')
        .default([], "this machine's")
        .argParser(several),
    )
    .option('--trust-anchor <ds>', 'DS record that DNSSEC starts from')
    .option('--no-dnssec', 'do not check the signatures of names')
    .addOption(new Option('--timeout <seconds>', 'for each step').default(5).argParser(seconds))
    .option('--json', 'print the whole examination as JSON', false)
    .option('--report <file>', 'write a plain text to forward')
}

const dashed = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)

/** What cannot be meant, in the words of the options. */
function misuse({ profile, flows, node, action, ...rest }: Options): string | undefined {
  if (profile !== undefined && flows !== undefined) return 'give either --profile or --flows'
  if (node !== undefined && flows === undefined) return '--node needs --flows'
  const given = PLACES.filter((place) => rest[place] !== undefined)
  if (profile === undefined)
    return given[0] === undefined ? wrongAction(action, flows) : `--${dashed(given[0])} needs --profile`
  const missing = NEEDED[profile].find((place) => rest[place] === undefined)
  return missing === undefined ? undefined : `the profile ${profile} needs --${dashed(missing)}`
}

function wrongAction(action: string | undefined, flows: string | undefined): string | undefined {
  const isId = action !== undefined && !action.includes('://')
  return isId && flows === undefined
    ? '--action with an id needs --profile or --flows; or give the URL'
    : undefined
}

function commandOf({ timeout, dnsServer, host, dnssec, ...rest }: Options): DoctorCommand {
  return { ...rest, hosts: host, dnsServers: dnsServer, isDnssec: dnssec, timeoutMs: timeout * 1000 }
}
