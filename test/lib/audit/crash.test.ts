import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { setTimeout as delay } from 'node:timers/promises'
import { verifyTrail } from '../../../lib/audit/verify.ts'
import { Bench, entry } from './fixtures.ts'

const ROUNDS = 6
const CHILD = fileURLToPath(new URL('./append-child.ts', import.meta.url))

/** Runs the child until it is killed at a random moment; returns what it printed. */
async function runAndKill(path: string): Promise<{ receipts: string[]; warnings: string }> {
  const child = spawn(process.execPath, ['--disable-warning=MODULE_TYPELESS_PACKAGE_JSON', CHILD, path], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let printed = ''
  let warnings = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (warnings += text))
  const closed = once(child, 'close')
  await Promise.race([once(child.stdout, 'data'), closed])
  await delay(Math.random() * 150)
  child.kill('SIGKILL')
  await closed
  return { receipts: printed.split('\n').slice(0, -1), warnings }
}

describe('a trail whose process is killed', () => {
  it('keeps every acknowledged record and continues the chain', async function () {
    this.timeout(60_000)
    const bench = await Bench.make()
    try {
      const acknowledged: string[] = []
      for (let round = 0; round < ROUNDS; round += 1) {
        const { receipts, warnings } = await runAndKill(bench.path)
        assert.ok(receipts.length > 0, warnings)
        assert.doesNotMatch(warnings, /cannot be written|changed/)
        acknowledged.push(...receipts)
      }
      bench.clock.jump(Date.now() - bench.clock.now())
      const trail = await bench.open()
      await trail.write(entry())

      const found = await verifyTrail(await bench.lines())
      assert.deepEqual([found.ok, found.reason, found.firstSeq], [true, undefined, 1])
      const written = new Set((await bench.records()).map(({ seq, id, hash }) => `${seq} ${id} ${hash}`))
      assert.deepEqual(
        acknowledged.filter((receipt) => !written.has(receipt)),
        [],
      )
      assert.ok((await bench.names()).length > 3, 'the files were rotated as well')
    } finally {
      await bench.clean()
    }
  })
})
