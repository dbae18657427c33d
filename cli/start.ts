import { join } from 'node:path'
import { rm } from 'node:fs/promises'
import { mergeExamples, readExamples } from './examples.ts'
import { packageRoot, startRuntime } from './runtime.ts'

/**
 * `cxone-flows start`: Node-RED with the palette, the sandbox and the example flows as tabs, on 127.0.0.1.
 * What the user changes stays in `userDir`; `fresh` begins anew.
 */
export async function start(options: { port: number; userDir?: string; fresh?: boolean }): Promise<void> {
  const { port, fresh = false, userDir = join(packageRoot, '.node-red') } = options
  if (fresh) await rm(userDir, { recursive: true, force: true })
  const examples = await readExamples()
  const flows = mergeExamples(examples)
  const runtime = await startRuntime({ userDir, flows, port, headless: false, logLevel: 'info' })
  const stop = (): void => void runtime.stop().then(() => process.exit(0))
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
  console.log(
    [
      '',
      `  Node-RED ${runtime.red.version()} with the CXone palette: ${runtime.url}`,
      '',
      '  Tabs:  ' + examples.map(({ name }) => name).join('\n         '),
      '  Try:   press the button left of "Run" on a tab and watch the Debug sidebar.',
      '  Nodes: palette category "CXone"; help of each in the Help sidebar.',
      `  Flows: ${userDir}`,
      '  Stop:  Ctrl+C',
      '',
    ].join('\n'),
  )
}
