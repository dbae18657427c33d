// Run by crash.test.ts: writes records without end and prints each receipt once it was acknowledged, until it is killed.
import { writeSync } from 'node:fs'
import { FileSink } from '../../../lib/audit/file-sink.ts'
import { openTrail } from '../../../lib/audit/trail.ts'
import { newCorrelationId } from '../../../lib/correlation/correlation.ts'
import { systemClock, systemFiles, systemLocks } from '../../../lib/system.ts'

const path = process.argv[2] ?? ''
const log = { info: () => undefined, warn: (text: string) => void writeSync(2, `${text}\n`) }
const sink = new FileSink(
  { path, durability: 'fsync', rotateBytes: 60_000, rotateDaily: false, retainDays: 0, chain: true },
  { files: systemFiles, locks: systemLocks, clock: systemClock, log },
)
const trail = await openTrail(
  { chain: true, redact: {}, onFailure: 'fail' },
  { sink, clock: systemClock, log, newId: newCorrelationId },
)

async function write(writer: number): Promise<never> {
  for (let n = 0; ; n += 1) {
    const receipt = await trail.write({
      eventType: 'crash-test',
      status: 'SUCCESS',
      correlationId: newCorrelationId(),
      flow: 'f',
      node: `writer-${writer}`,
      details: { n, text: 'x'.repeat(n % 700) },
    })
    if ('seq' in receipt) writeSync(1, `${receipt.seq} ${receipt.id} ${receipt.hash}\n`)
  }
}

await Promise.all(Array.from({ length: 16 }, (_, writer) => write(writer)))
