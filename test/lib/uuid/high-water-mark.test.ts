import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict'
import { HighWaterMark } from '../../../lib/uuid/high-water-mark.ts'
import { sortableSource } from '../../../lib/uuid/source.ts'
import { v7Timeline } from '../../../lib/uuid/timeline.ts'
import { countingRandom, fakeClock, fakeFiles } from './fakes.ts'

const PATH = '/data/cxone/uuid-v7.json'
const NOW = 1_700_000_000_000

/** A process that makes UUIDv7 on a disk that outlives it. */
async function start(files = fakeFiles(), nowMs = NOW) {
  const clock = fakeClock(nowMs)
  const warnings: string[] = []
  const log = { info: () => undefined, warn: (text: string) => void warnings.push(text) }
  const timeline = v7Timeline(clock)
  const mark = await HighWaterMark.open({ files, clock, log, timeline }, PATH)
  const source = sortableSource(timeline, mark, countingRandom())
  const next = async (): Promise<string> => {
    await source.prepare?.()
    const bytes = Buffer.alloc(16)
    source.next(bytes)
    return bytes.toString('hex')
  }
  return { clock, files, log: warnings, mark, source, next, timeline }
}

describe('HighWaterMark', () => {
  it('writes once for all ids of some seconds', async () => {
    const { clock, files, next } = await start()
    for (let i = 0; i < 1000; i++) {
      await next()
      clock.ms += 8
    }
    equal(files.writes, 1)
    clock.ms += 2000
    await next()
    equal(files.writes, 2)
  })

  it('writes once for messages that come together', async () => {
    const { files, next } = await start()
    const ids = await Promise.all(Array.from({ length: 50 }, next))
    equal(files.writes, 1)
    equal(new Set(ids).size, 50)
  })

  it('keeps ids increasing when the process dies and the clock steps back', async () => {
    const files = fakeFiles()
    const before = await start(files)
    const last = [await before.next(), await before.next()].at(-1) as string
    const after = await start(files, NOW - 3_600_000)
    const first = await after.next()
    ok(first > last, `${first} > ${last}`)
    ok((await after.next()) > first)
    match(after.log.join(), /UUIDv7 run 36\d\d s ahead of the clock/)
  })

  it('keeps ids increasing when the process dies at once after a jump of the clock', async () => {
    const files = fakeFiles()
    const before = await start(files)
    await before.source.prepare?.()
    before.clock.ms += 86_400_000 // the machine slept between prepare and next
    const bytes = Buffer.alloc(16)
    before.source.next(bytes)
    const after = await start(files)
    ok((await after.next()) > bytes.toString('hex'))
  })

  it('gives the unused time back on close', async () => {
    const files = fakeFiles()
    const before = await start(files)
    const last = await before.next()
    await before.mark.close()
    await before.mark.close()
    deepEqual(JSON.parse(files.content[PATH] as string), { untilMs: NOW + 1 })
    equal(files.writes, 2)
    const after = await start(files, NOW + 1)
    ok((await after.next()) > last)
    equal(after.timeline.ms, NOW + 1)
  })

  it('writes nothing when no id was made', async () => {
    const { files, mark } = await start()
    await mark.close()
    equal(files.writes, 0)
  })

  it('goes on without a disk, says so once, and recovers', async () => {
    const { clock, files, log, mark, next } = await start()
    files.full = true
    const first = await next()
    clock.ms += 20_000
    ok((await next()) > first)
    equal(log.length, 1)
    match(log[0] as string, /cannot be written.*ENOSPC/)
    equal(mark.isDurable, false)
    files.full = false
    clock.ms += 20_000
    await next()
    equal(mark.isDurable, true)
  })

  for (const text of [
    '',
    '{',
    'null',
    '[]',
    '{"untilMs":"1"}',
    '{"untilMs":-1}',
    '{"untilMs":1e300}',
    '{"untilMs":281474976710655}',
  ])
    it(`passes over a file that holds ${text || 'nothing'}`, async () => {
      const { log, next, timeline } = await start(fakeFiles({ [PATH]: text }))
      await next()
      equal(timeline.ms, NOW)
      match(log.join(), /cannot be read/)
    })

  it('wants an absolute path', async () => {
    const clock = fakeClock(1)
    const ports = { files: fakeFiles(), clock, log: console, timeline: v7Timeline(clock) }
    await rejects(HighWaterMark.open(ports, 'uuid-v7.json'), /absolute path/)
  })
})
