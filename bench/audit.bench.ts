// The audit trail with fsync and chain beside a bare appendFile + fdatasync of the same lines, grouped in the same way,
// at 1 and at 64 writers; rounds in turn.
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AuditEntry } from '../lib/audit/entry.ts'
import { FileSink } from '../lib/audit/file-sink.ts'
import { GroupCommit } from '../lib/concurrency/group-commit.ts'
import { openTrail } from '../lib/audit/trail.ts'
import { newCorrelationId } from '../lib/correlation/correlation.ts'
import { systemClock, systemFiles, systemLocks } from '../lib/system.ts'
import { median, report } from './measure.ts'

const ROUNDS = 9
const ROUND_MS = 400

const ENTRY: AuditEntry = {
  eventType: 'action-execute',
  status: 'SUCCESS',
  correlationId: newCorrelationId(),
  flow: 'f6f2187d.f17ca8',
  node: 'a1b2c3d4e5f60718',
  subject: 'crm-customer-lookup',
  latencyMs: 41.25,
  attempts: 1,
  details: { execution: { id: newCorrelationId(), status: 200, latencyMs: 41.25, attempts: 1 } },
}

type Write = () => Promise<unknown>

/** Records a second, with so many writers at a time. */
async function round(write: Write, writers: number): Promise<number> {
  const started = performance.now()
  let written = 0
  const worker = async (): Promise<void> => {
    while (performance.now() - started < ROUND_MS) {
      await write()
      written += 1
    }
  }
  await Promise.all(Array.from({ length: writers }, worker))
  return written / ((performance.now() - started) / 1000)
}

async function trailIn(folder: string): Promise<{ write: Write; close: () => Promise<void> }> {
  const log = { info: () => undefined, warn: console.error }
  const path = join(folder, 'ours.jsonl')
  const sink = new FileSink(
    { path, durability: 'fsync', rotateBytes: 67_108_864, rotateDaily: false, retainDays: 0, chain: true },
    { files: systemFiles, locks: systemLocks, clock: systemClock, log },
  )
  const trail = await openTrail(
    { chain: true, redact: {}, onFailure: 'fail' },
    { sink, clock: systemClock, log, newId: newCorrelationId },
  )
  return { write: () => trail.write(ENTRY), close: () => trail.close() }
}

async function bareIn(folder: string): Promise<{ write: Write; close: () => Promise<void> }> {
  const file = await open(join(folder, 'bare.jsonl'), 'a')
  const line = `${JSON.stringify({ ...ENTRY, prev: '0'.repeat(64), hash: '0'.repeat(64), timestamp: '2026-11-21T12:00:00.000Z' })}\n`
  const commits = new GroupCommit<string, undefined>(async (lines) => {
    await file.appendFile(lines.join(''))
    await file.datasync()
    return []
  }, 512)
  return { write: () => commits.add(line), close: () => file.close() }
}

const folder = await mkdtemp(join(tmpdir(), 'cxone-bench-audit-'))
const [ours, bare] = [await trailIn(folder), await bareIn(folder)]
for (const writers of [1, 64]) {
  const figures = { ours: [] as number[], bare: [] as number[] }
  for (let n = 0; n <= ROUNDS; n += 1) {
    const pair = [await round(ours.write, writers), await round(bare.write, writers)] as const
    if (n === 0) continue // warm-up
    figures.ours.push(pair[0])
    figures.bare.push(pair[1])
  }
  report({
    name: `audit-trail, fsync, ${writers} ${writers === 1 ? 'writer' : 'writers'}`,
    unit: 'records/s',
    ours: median(figures.ours),
    bare: median(figures.bare),
    ratio: median(figures.ours.map((value, index) => value / (figures.bare[index] ?? NaN))),
  })
}
await ours.close()
await bare.close()
await rm(folder, { recursive: true })
