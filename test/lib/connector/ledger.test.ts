import assert from 'node:assert/strict'
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FileLedger } from '../../../lib/connector/ledger.ts'
import { useLedger } from '../../../lib/connector/shared-ledgers.ts'
import type { PaletteError } from '../../../lib/errors.ts'
import type { Files } from '../../../lib/ports.ts'
import { systemFiles } from '../../../lib/system.ts'

describe('ledger of the last writes', () => {
  let folder: string
  let path: string
  let warnings: string[]
  const logger = { warn: (message: string) => void warnings.push(message) }
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ledger-'))
    path = join(folder, 'cxone', 'connectors.jsonl')
    warnings = []
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  const open = async (files: Files = systemFiles): Promise<FileLedger> => {
    const ledger = new FileLedger(path, { files, logger })
    await ledger.load()
    return ledger
  }

  it('knows after a restart what was begun and what was settled', async () => {
    const ledger = await open()
    await ledger.begin('a', { pending: 'f1' })
    ledger.settle('a', { fingerprint: 'f1', etag: '"1"' })
    await ledger.begin('b', { fingerprint: 'f1', etag: '"1"', pending: 'f2' })
    await ledger.close()
    await ledger.close()
    const again = await open()
    assert.deepEqual(again.find('a'), { fingerprint: 'f1', etag: '"1"' })
    assert.deepEqual(again.find('b'), { fingerprint: 'f1', etag: '"1"', pending: 'f2' })
    assert.equal(again.find('c'), undefined)
    await again.close()
  })

  it('has a write in the file before it says so', async () => {
    const ledger = await open()
    await ledger.begin('a', { pending: 'f1' })
    assert.match(readFileSync(path, 'utf8'), /"pending":"f1"/)
    await ledger.close()
  })

  it('goes on behind a line that a crash has cut off, and passes over what is none', async () => {
    const first = await open()
    await first.begin('a', { pending: 'f1' })
    await first.close()
    appendFileSync(path, '7\n{"key":5}\n\n{"key":"b","pend')
    const second = await open()
    await second.begin('c', { pending: 'f3' })
    await second.close()
    const third = await open()
    assert.equal(third.find('a')?.pending, 'f1')
    assert.equal(third.find('b'), undefined)
    assert.equal(third.find('c')?.pending, 'f3')
    await third.close()
  })

  it('writes its file anew before it grows without end', async () => {
    const ledger = await open()
    for (let round = 0; round < 30; round += 1)
      await Promise.all(
        Array.from({ length: 500 }, (_, i) => ledger.begin(`k${i}`, { pending: `f${round}` })),
      )
    await ledger.close()
    const lines = readFileSync(path, 'utf8').trim().split('\n')
    assert.ok(lines.length < 12_000, String(lines.length))
    const again = await open()
    assert.equal(again.find('k499')?.pending, 'f29')
    await again.close()
  })

  it('fails with JOURNAL_UNAVAILABLE on a full disk, and works again once there is space', async () => {
    let isFull = true
    const files: Files = {
      ...systemFiles,
      openAppend: (file) =>
        isFull
          ? Promise.reject(Object.assign(new Error('x'), { code: 'ENOSPC' }))
          : systemFiles.openAppend(file),
    }
    const ledger = await open(files)
    await assert.rejects(ledger.begin('a', { pending: 'f1' }), (error: PaletteError) => {
      assert.equal(error.code, 'JOURNAL_UNAVAILABLE')
      assert.match(error.message, /no space is left/)
      return true
    })
    ledger.settle('a', { fingerprint: 'f1' })
    await ledger.close()
    assert.equal(warnings.length, 1)
    isFull = false
    await ledger.begin('a', { pending: 'f2' })
    await ledger.close()
  })

  it('loses no other line to one that a full disk cut off', async () => {
    let isFull = true
    const files: Files = {
      ...systemFiles,
      async openAppend(file) {
        const opened = await systemFiles.openAppend(file)
        const append = async (data: string): Promise<void> => {
          if (!isFull) return opened.append(data)
          await opened.append(data.slice(0, 9))
          throw Object.assign(new Error('x'), { code: 'ENOSPC' })
        }
        return { ...opened, append }
      },
    }
    const ledger = await open(files)
    await assert.rejects(ledger.begin('a', { pending: 'f1' }), { code: 'JOURNAL_UNAVAILABLE' })
    isFull = false
    await ledger.begin('b', { pending: 'f2' })
    await ledger.close()
    const again = await open()
    assert.equal(again.find('b')?.pending, 'f2')
    await again.close()
  })

  it('is one for all users of a file, and closes with the last', async () => {
    const [one, two] = await Promise.all([useLedger(path, logger), useLedger(path, logger)])
    assert.equal(one.value, two.value)
    await one.value.begin('a', { pending: 'f1' })
    await one.release()
    await two.value.begin('b', { pending: 'f2' })
    await two.release()
    const three = await useLedger(path, logger)
    assert.notEqual(three.value, one.value)
    assert.equal(three.value.find('b')?.pending, 'f2')
    await three.release()
  })

  it('cannot be used where its path is no file, until it is put right', async () => {
    writeFileSync(join(folder, 'cxone'), '')
    await assert.rejects(useLedger(path, logger), { code: 'JOURNAL_UNAVAILABLE' })
    rmSync(join(folder, 'cxone'))
    await (await useLedger(path, logger)).release()
  })
})
