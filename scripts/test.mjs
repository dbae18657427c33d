// npm test: builds, then mocha. The editor suite needs a Chromium; without one it is left out, and said so.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

await import('./build.mjs')
if (process.exitCode) process.exit()

const browser = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium'
const wanted = process.argv.slice(2)
const args = wanted.length > 0 ? wanted : ['test/**/*.test.ts']
if (!existsSync(browser)) {
  if (process.env.CI) {
    console.error(
      `No browser at ${browser}: in CI the editor tests are not optional (apt-get install chromium)`,
    )
    process.exit(1)
  }
  console.log(`No browser at ${browser}: the editor tests are left out (set CHROMIUM_PATH to run them)`)
  args.push('--ignore', 'test/editor/browser/**')
}
const { status } = spawnSync(process.execPath, ['node_modules/mocha/bin/mocha.js', ...args], {
  stdio: 'inherit',
})
process.exit(status ?? 1)
