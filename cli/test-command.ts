import type * as CommanderModule from 'commander'
import type { Command } from 'commander'
import { COVERAGE_KINDS, type CoverageKind } from '../lib/flowtest/coverage.ts'
import { createProgress } from './flowtest/progress.ts'
import { parseReporter, REPORTERS, type ReporterChoice } from './flowtest/reporter-choice.ts'
import type { TestCommand } from './test.ts'
import type { CliPorts, ExitCode } from './program.ts'

interface Options {
  readonly flows?: string
  readonly coverage?: true
  readonly workers?: number
  readonly nodeRed?: string
  readonly userDir?: string
  readonly reporter: readonly ReporterChoice[]
  readonly trace?: string
  readonly profile?: string | true
  readonly watch?: true
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
      [
        '\nExamples:',
        '  cxone-flows test                                  all case files below this folder',
        '  cxone-flows test orders.test.yaml --watch         again after each change',
        '  cxone-flows test --reporter html --min-nodes 90   with a report, for a build server',
        '\nExit codes: 0 all passed, 1 a case failed, 2 wrong usage, 3 coverage is too low.',
      ].join('\n'),
    )
  addOptions(command, commander)
  command.action(async (files: string[], options: Options) => {
    const { runTests } = await import('./test.ts')
    const { print, printError, untilInterrupted } = ports
    const { stdout, stderr } = process
    end(
      await runTests(commandOf(files, options), {
        cwd: process.cwd(),
        print,
        printError,
        write: (text) => print(text.trimEnd()),
        signal: untilInterrupted(),
        colours: stdout.isTTY && process.env['NO_COLOR'] === undefined,
        progress: createProgress(stderr),
      }),
    )
  })
}

function commandOf(files: readonly string[], options: Options): TestCommand {
  const { reporter, profile, coverage = false, watch = false, ...rest } = options
  return {
    ...rest,
    files,
    coverage,
    watch,
    minimums: minimumsOf(options),
    // A report in a file does not take the place of the one on the terminal.
    reporters: reporter.some(({ file }) => file === undefined) ? reporter : [{ name: 'spec' }, ...reporter],
    ...(profile === undefined ? {} : { profile: profile === true ? 'flow-tests.cpuprofile' : profile }),
  }
}

function addOptions(command: Command, { InvalidArgumentError, Option }: typeof CommanderModule): void {
  const between =
    (min: number, max: number) =>
    (text: string): number => {
      const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN
      if (value >= min && value <= max) return value
      throw new InvalidArgumentError(`Expected a number from ${min} to ${max}.`)
    }
  const reporter = (text: string, before: readonly ReporterChoice[]): readonly ReporterChoice[] => {
    const choice = parseReporter(text)
    if (choice) return [...before, choice]
    throw new InvalidArgumentError(`Expected one of ${REPORTERS.join(', ')}, or name=file.`)
  }
  const reporters = new Option(
    '--reporter <name[=file]>',
    `${REPORTERS.join(', ')}; may be repeated; files come beside spec`,
  )
  command
    .addOption(reporters.default([], 'spec').argParser(reporter))
    .option('--flows <file>', 'flow file; else the case file names it, or it lies beside it')
    .option('--coverage', 'show which nodes, outputs, wires, branches and failures were reached')
    .option('--trace <file>', 'write the paths of all messages, with what each node changed, as JSON')
    .option('--profile [file]', 'CPU profile of the run, with the ten longest functions')
    .option('--watch', 'run again when a case file or a flow changes')
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
