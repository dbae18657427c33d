import type * as CommanderModule from 'commander'
import type { Command } from 'commander'
import { COVERAGE_KINDS, type CoverageKind } from '../lib/flowtest/coverage.ts'
import type { CliPorts, ExitCode } from './program.ts'

interface Options {
  readonly flows?: string
  readonly coverage: boolean
  readonly workers?: number
  readonly nodeRed?: string
  readonly userDir?: string
  readonly [name: `min${string}`]: number | undefined
}

const MAX_WORKERS = 64

/** Adds `cxone-flows test` to the command line. */
export function addTest(
  program: Command,
  commander: typeof CommanderModule,
  ports: CliPorts,
  end: (code: ExitCode) => void,
): void {
  const command = program
    .command('test')
    .description('test flows unchanged: cases in YAML or JSON, no network but this machine')
    .argument('[files...]', 'case files, or folders that are searched for *.test.yaml and *.test.json')
    .addHelpText(
      'after',
      '\nExit codes: 0 all passed, 1 a case failed, 2 wrong usage, 3 coverage is too low.',
    )
  addOptions(command, commander)
  command.action(async (files: string[], options: Options) => {
    const { runTests } = await import('./test.ts')
    const { print, printError, untilInterrupted } = ports
    const test = { ...options, files, minimums: minimumsOf(options) }
    const { isTTY: colours } = process.stdout
    end(await runTests(test, { cwd: process.cwd(), print, printError, signal: untilInterrupted(), colours }))
  })
}

function addOptions(command: Command, { InvalidArgumentError, Option }: typeof CommanderModule): void {
  const between =
    (min: number, max: number) =>
    (text: string): number => {
      const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN
      if (value >= min && value <= max) return value
      throw new InvalidArgumentError(`Expected a number from ${min} to ${max}.`)
    }
  command
    .option('--flows <file>', 'flow file; else the case file names it, or it lies beside it')
    .option('--coverage', 'show which nodes, outputs, wires, branches and failures were reached', false)
    .option('--workers <count>', 'processes side by side (default: one a core)', between(1, MAX_WORKERS))
    .option('--node-red <folder>', 'the Node-RED to test on (default: the one installed beside)')
    .option('--user-dir <folder>', 'Node-RED user directory whose nodes the flow needs')
  for (const kind of COVERAGE_KINDS) {
    const option = new Option(`--min-${kind} <percent>`, `least coverage of ${kind}; turns --coverage on`)
    command.addOption(option.argParser(between(0, 100)))
  }
}

function minimumsOf(options: Options): Partial<Record<CoverageKind, number>> {
  const minimums: Partial<Record<CoverageKind, number>> = {}
  for (const kind of COVERAGE_KINDS) {
    const value = options[`min${kind.charAt(0).toUpperCase()}${kind.slice(1)}`]
    if (value !== undefined) minimums[kind] = value
  }
  return minimums
}
