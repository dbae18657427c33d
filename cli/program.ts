import type * as CommanderModule from 'commander'
import type { Command } from 'commander'
import { isPaletteError } from '../lib/errors.ts'
import { parseFaultScript } from '../lib/sandbox/fault-script.ts'
import type { SandboxCommand } from './sandbox.ts'
import { addDoctor } from './doctor-command.ts'
import { addTest } from './test-command.ts'

/** How a command ended: 0 well, 1 it failed, 2 wrong usage, 3 coverage too low. */
export type ExitCode = 0 | 1 | 2 | 3

/** What the command line needs of its process. */
export interface CliPorts {
  readonly version: string
  readonly print: (line: string) => void
  readonly printError: (text: string) => void
  /** From now on an interrupt no longer ends the process, but aborts this signal. */
  readonly untilInterrupted: () => AbortSignal
}

type Commander = typeof CommanderModule

const MAX_PORT = 65_535
const DAY_S = 86_400

/**
 * Runs the command line `cxone-flows`.
 *
 * @param args without the program's own name.
 * @returns the exit code; never rejects.
 */
export async function runCli(args: readonly string[], ports: CliPorts): Promise<ExitCode> {
  const { printError } = ports
  let code: ExitCode = 0
  try {
    const commander = await loadCommander()
    const program = buildProgram(commander, ports, (result) => {
      code = result
    })
    await program.parseAsync(args, { from: 'user' })
    return code
  } catch (error) {
    if (isUsage(error)) return error.exitCode === 0 ? 0 : 2
    printError(`cxone-flows: ${error instanceof Error ? error.message : String(error)}\n`)
    return isPaletteError(error) && error.details.field === 'faults' ? 2 : 1
  }
}

async function loadCommander(): Promise<Commander> {
  try {
    return await import('commander')
  } catch (cause) {
    throw new Error('The package commander is missing: run `npm install commander`', { cause })
  }
}

/** Commander has already told the user what was wrong. */
function isUsage(error: unknown): error is Error & { readonly exitCode: number } {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('commander.')
}

function buildProgram(commander: Commander, ports: CliPorts, end: (code: ExitCode) => void): Command {
  const program = new commander.Command('cxone-flows')
    .description('NICE CXone data actions on the Node-RED canvas')
    .version(ports.version, '-v, --version')
    .exitOverride()
    .configureOutput({ writeOut: (text) => ports.print(text.trimEnd()), writeErr: ports.printError })
    .addHelpText(
      'after',
      '\nExit codes: 0 ended well, 1 failed, 2 wrong usage, 3 coverage is too low (test).',
    )
  addStart(program, commander)
  program
    .command('demo')
    .description('run every example once in a headless Node-RED, with a table of its steps')
    .action(async () => end((await (await import('./demo.ts')).demo(ports.print)) === 0 ? 0 : 1))
  addSandbox(program, commander, ports)
  addDns(program, ports, end)
  addDoctor(program, commander, ports, end)
  addTest(program, commander, ports, end)
  return program
}

function addStart(program: Command, { Option, InvalidArgumentError }: Commander): void {
  const port = new Option('--port <port>', 'port of the editor on 127.0.0.1')
    .env('PORT')
    .default(1880)
    .argParser(integer(InvalidArgumentError, 0, MAX_PORT))
  program
    .command('start')
    .description('start Node-RED with the palette, the sandbox and the example flows')
    .addOption(port)
    .option('--user-dir <folder>', 'where Node-RED keeps the flows')
    .option('--fresh', 'begin anew: forget changed flows')
    .action(
      async ({ userDir, port: at, fresh = false }: { port: number; userDir?: string; fresh?: boolean }) => {
        const { start } = await import('./start.ts')
        await start({ port: at, fresh, ...(userDir === undefined ? {} : { userDir }) })
      },
    )
}

function addSandbox(program: Command, { Option, InvalidArgumentError }: Commander, ports: CliPorts): void {
  const number = (min: number, max: number): ((text: string) => number) =>
    integer(InvalidArgumentError, min, max)
  const script = (text: string, before: string[]): string[] => {
    try {
      parseFaultScript(text)
    } catch (error) {
      throw new InvalidArgumentError((error as Error).message)
    }
    return [...before, text]
  }
  const fault = new Option('--fault <script>', 'scripted fault, such as execute:429/2,200; may be repeated')
    .default([], 'none')
    .argParser(script)
  program
    .command('sandbox')
    .description('start the sandbox that plays CXone, until Ctrl+C')
    .option('--port <port>', 'HTTP port on 127.0.0.1, 0 for any', number(0, MAX_PORT), 8089)
    .option('--dns-port <port>', 'DNS port on 127.0.0.1, 0 for any', number(0, MAX_PORT), 0)
    .addOption(fault)
    .option('--token-ttl <seconds>', 'life of the access tokens', number(1, DAY_S), 3600)
    .option('--quiet', 'no line for each request')
    .action(async ({ quiet = false, ...command }: Omit<SandboxCommand, 'quiet'> & { quiet?: boolean }) => {
      const { runSandbox } = await import('./sandbox.ts')
      await runSandbox({ ...command, quiet }, ports.untilInterrupted(), ports.print)
    })
}

function addDns(program: Command, { print }: CliPorts, end: (code: ExitCode) => void): void {
  program
    .command('dns')
    .description('work with the proofs of dns-resolve')
    .command('verify')
    .description('validate a proof again, at the time that it was made, without a network')
    .argument('<file>', 'JSON file with the proof, or with a message that holds it')
    .option('--trust-anchor <ds>', 'DS records that the chain must start from, or a file of them')
    .action(async (file: string, options: { trustAnchor?: string }) => {
      const { verifyDnsProof } = await import('./dns.ts')
      end((await verifyDnsProof({ file, ...options }, print)) ? 0 : 1)
    })
}

function integer(
  InvalidArgumentError: Commander['InvalidArgumentError'],
  min: number,
  max: number,
): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : NaN
    if (value >= min && value <= max) return value
    throw new InvalidArgumentError(`Expected an integer from ${min} to ${max}.`)
  }
}
