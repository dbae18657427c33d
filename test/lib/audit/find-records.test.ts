import assert from 'node:assert/strict'
import { findRecords } from '../../../lib/audit/find-records.ts'
import { systemFiles } from '../../../lib/system.ts'
import { Bench, entry } from './fixtures.ts'

describe('Records of an audit trail', () => {
  let bench: Bench
  beforeEach(async () => {
    bench = await Bench.make()
  })
  afterEach(() => bench.clean())

  const idOf = (n: number): string => `00000000-0000-5000-8000-${String(n).padStart(12, '0')}`

  it('are found again by the id that their writer gave them, also in closed files', async () => {
    const trail = await bench.open({ rotateBytes: 2000 })
    for (let n = 0; n < 20; n += 1)
      await trail.write(entry({ id: idOf(n), details: { text: `x${'é'.repeat(n * 40)}` } }))
    assert.ok((await bench.names()).length > 2)
    const ids = new Set([idOf(0), idOf(7), idOf(19), idOf(20)])
    const found = await trail.find?.(ids, 0)
    assert.deepEqual([...(found ?? [])].toSorted(), [idOf(0), idOf(7), idOf(19)])
  })

  it('are not looked for in files that are older', async () => {
    const trail = await bench.open()
    await trail.write(entry({ id: idOf(1) }))
    const found = await findRecords(systemFiles, bench.path, new Set([idOf(1)]), Date.now() + 60_000)
    assert.equal(found.size, 0)
  })

  it('are none where there is no file yet', async () => {
    const found = await findRecords(systemFiles, `${bench.path}.none`, new Set([idOf(1)]), 0)
    assert.equal(found.size, 0)
  })
})
