#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { runCli } from './program.ts'

/** The version in the package's own description, seen from `dist/cli`. */
function ownVersion(): string {
  const description = readFileSync(join(__dirname, '../../package.json'), 'utf8')
  return (JSON.parse(description) as { version: string }).version
}

function untilInterrupted(): AbortSignal {
  const stop = new AbortController()
  // The second signal ends the process at once: it finds no listener any more.
  process.once('SIGINT', () => stop.abort())
  process.once('SIGTERM', () => stop.abort())
  return stop.signal
}

void runCli(process.argv.slice(2), {
  version: ownVersion(),
  print: (line) => console.log(line),
  printError: (text) => void process.stderr.write(text),
  untilInterrupted,
}).then((code) => {
  process.exitCode = code
})
