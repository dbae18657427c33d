// A headless Node-RED with the palette, as operations run it, in a process of its own. Answers with its memory when asked.
import { createRequire } from 'node:module'
import { resolve } from 'node:path'

const { startRuntime } = createRequire(import.meta.url)(resolve('dist/cli/runtime.js')) as {
  startRuntime(options: object): Promise<{ url: string; stop(): Promise<void> }>
}
const runtime = await startRuntime({
  userDir: process.argv[2]!,
  flows: [],
  port: 0,
  headless: true,
  logLevel: 'off',
})
process.on('message', (question) => {
  if (question === 'memory') {
    ;(globalThis as any).gc?.()
    process.send!({ rss: process.memoryUsage.rss() })
  } else void runtime.stop().then(() => process.exit(0))
})
process.send!({ port: Number(new URL(runtime.url).port) })
