import assert from 'node:assert/strict'
import { appendFile, mkdir, readFile, rename, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { createStdoutSink } from '../../../lib/audit/stdout-sink.ts'
import { openTrail } from '../../../lib/audit/trail.ts'
import { verifyTrail } from '../../../lib/audit/verify.ts'
import { isPaletteError } from '../../../lib/errors.ts'
import { Bench, entry, ManualClock, otherProcess } from './fixtures.ts'

const unavailable = (pattern: RegExp) => (error: unknown) => {
  assert.ok(isPaletteError(error))
  assert.equal(error.code, 'AUDIT_UNAVAILABLE')
  assert.match(error.message, pattern)
  return true
}

describe('openTrail', () => {
  let bench: Bench
  beforeEach(async () => {
    bench = await Bench.make()
  })
  afterEach(() => bench.clean())

  const isWhole = async (records: number): Promise<void> => {
    const found = await verifyTrail(await bench.lines())
    assert.deepEqual([found.ok, found.records, found.reason], [true, records, undefined])
  }

  describe('writing', () => {
    it('acknowledges a record with its place once it is in the file', async () => {
      const trail = await bench.open()
      const receipt = await trail.write(entry())
      const [record] = await bench.records()
      assert.deepEqual(receipt, { id: 'id-1', seq: 1, hash: record?.hash })
      assert.deepEqual(record, {
        v: 1,
        id: 'id-1',
        seq: 1,
        timestamp: '2026-11-21T12:00:00.000Z',
        eventType: 'action-execute',
        status: 'SUCCESS',
        correlationId: '0190b7a0-5c1e-7000-8000-0d4c1b2a3f4e',
        flow: 'f1',
        node: 'n1',
        subject: 'lookup-customer',
        latencyMs: 12.5,
        attempts: 1,
        details: { status: 200 },
        prev: '0'.repeat(64),
        hash: record?.hash,
      })
    })

    it('has null for what an entry does not tell', async () => {
      const trail = await bench.open()
      await trail.write(
        entry({ subject: undefined, latencyMs: NaN, attempts: undefined, details: undefined }),
      )
      const [record] = await bench.records()
      assert.deepEqual(
        [record?.subject, record?.latencyMs, record?.attempts, record?.details],
        [null, null, null, null],
      )
    })

    it('keeps one chain under many writers at once', async () => {
      const trail = await bench.open()
      const receipts = await Promise.all(
        Array.from({ length: 2000 }, (_, n) => trail.write(entry({ details: { n } }))),
      )
      assert.deepEqual(
        receipts.map((receipt) => 'seq' in receipt && receipt.seq),
        Array.from({ length: 2000 }, (_, n) => n + 1),
      )
      await isWhole(2000)
    })

    it('writes the entry as it was when it was given', async () => {
      const trail = await bench.open()
      const details = { step: 1 }
      const written = trail.write(entry({ details }))
      details.step = 2
      await written
      assert.deepEqual((await bench.records())[0]?.details, { step: 1 })
    })

    it('masks secrets wherever they are, by default and by rule', async () => {
      const trail = await bench.open({ redact: { paths: ['contact.email'], patterns: [/4\d{15}/] } })
      await trail.write(
        entry({
          subject: 'https://u:hunter2@host/x',
          eventType: 'Bearer hunter2abc',
          details: { password: 'hunter2', contact: { email: 'a@b.example' }, note: 'card 4111111111111111' },
        }),
      )
      const text = await readFile(bench.path, 'utf8')
      for (const secret of ['hunter2', 'a@b.example', '4111111111111111'])
        assert.ok(!text.includes(secret), text)
      await isWhole(1)
    })

    it('leaves the chain out when it is off, and still counts', async () => {
      const trail = await bench.open({ chain: false })
      assert.deepEqual(await trail.write(entry()), { id: 'id-1', seq: 1 })
      await trail.write(entry())
      const records = await bench.records()
      assert.deepEqual(
        records.map(({ seq, prev, hash }) => [seq, prev, hash]),
        [
          [1, undefined, undefined],
          [2, undefined, undefined],
        ],
      )
    })

    it('does not sync with durability write', async () => {
      bench.faults.sync = true
      const trail = await bench.open({ durability: 'write' })
      await trail.write(entry())
      await isWhole(1)
    })

    it('makes its files readable for their owner alone', async () => {
      const trail = await bench.open()
      await trail.write(entry())
      assert.equal((await stat(bench.path)).mode & 0o777, 0o600)
    })
  })

  describe('closing', () => {
    it('writes what waits before it closes, and gives the lock back', async () => {
      const trail = await bench.open()
      const writes = Array.from({ length: 2000 }, () => trail.write(entry()))
      await trail.close()
      await isWhole(2000)
      await Promise.all(writes)
      assert.deepEqual(await bench.names(), ['audit.jsonl'])
      assert.equal(bench.clock.timers, 0)
    })

    it('waits for those who still hold it', async () => {
      const trail = await bench.open()
      const release = trail.retain()
      const closed = trail.close()
      await new Promise((resolve) => setImmediate(resolve))
      await trail.write(entry())
      release()
      release()
      await closed
      await isWhole(1)
    })

    it('waits 13 s at most', async () => {
      const trail = await bench.open()
      trail.retain()
      const closed = trail.close()
      bench.clock.advance(13_000)
      await closed
      await assert.rejects(trail.write(entry()), unavailable(/it is closed/))
    })

    it('may be asked to close twice', async () => {
      const trail = await bench.open()
      await Promise.all([trail.close(), trail.close()])
      await trail.close()
    })
  })

  describe('starting again', () => {
    it('continues number and chain', async () => {
      const first = await bench.open()
      await first.write(entry())
      await first.close()
      const second = await bench.open()
      const receipt = await second.write(entry())
      assert.equal('seq' in receipt && receipt.seq, 2)
      await isWhole(2)
    })

    it('continues a long file by reading its end alone', async () => {
      const first = await bench.open()
      const details = { text: 'ö'.repeat(4000) }
      await Promise.all(Array.from({ length: 400 }, () => first.write(entry({ details }))))
      await first.close()
      assert.ok((await stat(bench.path)).size > 2_000_000)
      const second = await bench.open()
      await second.write(entry())
      await isWhole(401)
    })

    for (const [what, rest] of [
      ['a half-written record', '{"v":1,"id":"x","se'],
      ['a record without its line end', '{"v":1,"id":"x","seq":3}'],
      ['zeros after a power cut', '\0'.repeat(600)],
      ['zeros and later parts of the same write', `${'\0'.repeat(600)}"}\n{"v":1}\n`],
    ] as const) {
      it(`cuts off ${what}, keeps it aside and says so`, async () => {
        const first = await bench.open()
        await first.write(entry())
        await first.write(entry())
        await first.close()
        await appendFile(bench.path, rest)
        const second = await bench.open()
        await second.write(entry())
        await isWhole(3)
        assert.equal(await readFile(`${bench.path}.torn`, 'utf8'), rest)
        assert.match(bench.logged.join('\n'), /half-written record.*never acknowledged/)
      })
    }

    it('cuts off a file that holds nothing but the start of a record', async () => {
      await mkdir(dirname(bench.path), { recursive: true })
      await writeFile(bench.path, '{"v":1')
      const trail = await bench.open()
      await trail.write(entry())
      await isWhole(1)
    })

    it('writes nothing behind records that were changed, until they are moved away', async () => {
      const first = await bench.open()
      await first.write(entry())
      await first.write(entry())
      await first.close()
      const text = await readFile(bench.path, 'utf8')
      await writeFile(bench.path, text.replace('"seq":2,"timestamp":"2026', '"seq":2,"timestamp":"2027'))
      const second = await bench.open()
      await assert.rejects(second.write(entry()), unavailable(/was changed after it was written: record 2/))
      await rename(bench.path, `${bench.path}.evidence`)
      await second.write(entry())
      assert.equal((await bench.records()).length, 1)
    })

    it('starts a new file when the chain is turned on or off', async () => {
      for (const chain of [true, false, true]) {
        const trail = await bench.open({ chain })
        await trail.write(entry())
        await trail.write(entry())
        await trail.close()
      }
      const names = (await bench.names()).map((name) => name.replace(/\d{4}-\d\d-\d\d/, 'DAY'))
      assert.deepEqual(names, ['audit-DAY-000000000002.jsonl', 'audit-DAY-000000000004.jsonl', 'audit.jsonl'])
      assert.deepEqual(
        (await bench.records()).map(({ seq }) => seq),
        [1, 2, 3, 4, 5, 6],
      )
      assert.equal((await verifyTrail((await bench.lines()).slice(2))).ok, true)
    })
  })

  describe('rotation', () => {
    it('begins a new file at the size, and continues number and chain over all of them', async () => {
      const trail = await bench.open({ rotateBytes: 1500 })
      for (let n = 0; n < 10; n += 1) await trail.write(entry())
      await trail.close()
      assert.ok((await bench.names()).length >= 3, (await bench.names()).join(' '))
      const again = await bench.open({ rotateBytes: 1500 })
      await again.write(entry())
      await isWhole(11)
    })

    it('continues the newest closed file when there is no open one', async () => {
      const trail = await bench.open({ rotateBytes: 1 })
      for (let n = 0; n < 3; n += 1) await trail.write(entry())
      await trail.close()
      await rename(bench.path, bench.path.replace('.jsonl', '-2026-11-21-000000000003.jsonl'))
      const again = await bench.open({ rotateBytes: 1 })
      await again.write(entry())
      await isWhole(4)
    })

    it('begins a new file with the day', async () => {
      const trail = await bench.open({ rotateDaily: true })
      await trail.write(entry())
      bench.clock.jump(11 * 3_600_000)
      await trail.write(entry())
      bench.clock.jump(3_600_000)
      await trail.write(entry())
      assert.deepEqual(await bench.names(), [
        'audit-2026-11-21-000000000002.jsonl',
        'audit.jsonl',
        'audit.jsonl.lock',
      ])
      await isWhole(3)
    })

    it('removes closed files after retainDays, and nothing else', async () => {
      const trail = await bench.open({ rotateBytes: 1, retainDays: 2 })
      for (let n = 0; n < 3; n += 1) await trail.write(entry())
      const day = 86_400_000
      const [oldest, younger] = (await bench.names()) as [string, string]
      const folder = dirname(bench.path)
      const other = `${folder}/audit-notes.jsonl`
      await writeFile(other, '')
      const now = bench.clock.now()
      for (const [name, age] of [
        [oldest, 3],
        [younger, 1],
        ['audit-notes.jsonl', 9],
      ] as const) {
        await utimes(`${folder}/${name}`, (now - age * day) / 1000, (now - age * day) / 1000)
      }
      await trail.close()
      const again = await bench.open({ rotateBytes: 1, retainDays: 2 })
      await again.write(entry())
      const names = await bench.names()
      assert.ok(
        !names.includes(oldest) && names.includes(younger) && names.includes('audit-notes.jsonl'),
        names.join(' '),
      )
      const found = await verifyTrail(await bench.lines())
      assert.deepEqual([found.ok, found.firstSeq], [true, 2])
    })

    it('goes on with the full file where it cannot be renamed, and says so once', async () => {
      bench.faults.rename = true
      const trail = await bench.open({ rotateBytes: 1 })
      for (let n = 0; n < 3; n += 1) await trail.write(entry())
      assert.equal(bench.logged.filter((text) => text.includes('could not be closed')).length, 1)
      bench.faults.rename = false
      await trail.write(entry())
      assert.equal((await bench.names()).length, 3)
      await isWhole(4)
    })
  })

  describe('trouble', () => {
    it('fails the record on a full disk, takes the half of it back, and heals', async () => {
      const trail = await bench.open()
      await trail.write(entry())
      bench.faults.room = 100
      await assert.rejects(trail.write(entry()), unavailable(/no space is left on the disk/))
      await assert.rejects(trail.write(entry()), unavailable(/no space/))
      await isWhole(1)
      bench.faults.room = Infinity
      const receipt = await trail.write(entry())
      assert.equal('seq' in receipt && receipt.seq, 2)
      await isWhole(2)
      assert.equal(bench.logged.length, 2, bench.logged.join('\n'))
      assert.match(bench.logged[1] ?? '', /is written again; 2 records were not/)
    })

    it('takes the half of a record back later where it cannot at once', async () => {
      const trail = await bench.open()
      await trail.write(entry())
      bench.faults.room = 100
      bench.faults.truncate = true
      await assert.rejects(trail.write(entry()), unavailable(/no space/))
      await assert.rejects(trail.write(entry()), unavailable(/EIO/))
      bench.faults.room = Infinity
      bench.faults.truncate = false
      await trail.write(entry())
      await isWhole(2)
    })

    it('takes records back whose sync failed: they are not acknowledged', async () => {
      const trail = await bench.open()
      bench.faults.sync = true
      const ends = await Promise.allSettled([trail.write(entry()), trail.write(entry())])
      assert.deepEqual(
        ends.map(({ status }) => status),
        ['rejected', 'rejected'],
      )
      bench.faults.sync = false
      const receipt = await trail.write(entry())
      assert.equal('seq' in receipt && receipt.seq, 1)
      await isWhole(1)
    })

    it('never breaks the chain, wherever in the writing the disk gets full', async () => {
      const trail = await bench.open()
      let written = 0
      for (let room = 0; room < 1200; room += 97) {
        bench.faults.room = room
        const ends = await Promise.allSettled(Array.from({ length: 3 }, () => trail.write(entry())))
        written += ends.filter(({ status }) => status === 'fulfilled').length
        bench.faults.room = Infinity
        await trail.write(entry())
        written += 1
        await isWhole(written)
      }
    })

    it('lets messages pass with onFailure warn and tells that the record is lost', async () => {
      const trail = await bench.open({ onFailure: 'warn' })
      bench.faults.room = 0
      const result = await trail.write(entry())
      assert.equal('lost' in result && result.lost, true)
      assert.match('reason' in result ? result.reason : '', /no space/)
      bench.faults.room = Infinity
      const receipt = await trail.write(entry())
      assert.equal('seq' in receipt && receipt.seq, 1)
    })

    it('goes on in a new file when the file was removed', async () => {
      const trail = await bench.open()
      await trail.write(entry())
      await rm(bench.path)
      await trail.write(entry())
      const records = await bench.records()
      assert.deepEqual(
        records.map(({ seq }) => seq),
        [2],
      )
      assert.match(bench.logged.join('\n'), /was removed/)
    })

    it('goes on in a new file when a log rotation of the system moved it', async () => {
      const trail = await bench.open()
      await trail.write(entry())
      await rename(bench.path, `${bench.path}.1`)
      await trail.write(entry())
      assert.deepEqual(
        (await bench.records()).map(({ seq }) => seq),
        [2],
      )
    })

    it('heals when the folder was removed', async () => {
      const trail = await bench.open()
      await trail.write(entry())
      await rm(dirname(bench.path), { recursive: true })
      await trail.write(entry())
      assert.deepEqual(
        (await bench.records()).map(({ seq }) => seq),
        [2],
      )
    })

    it('leaves what something else appended where it is: the check finds it there', async () => {
      const trail = await bench.open()
      await trail.write(entry())
      await appendFile(bench.path, 'forged')
      await trail.write(entry())
      assert.match(bench.logged.join('\n'), /was changed by something else/)
      const found = await verifyTrail(await bench.lines())
      assert.deepEqual([found.ok, found.brokenAt], [false, 2])
      const [first = '', , third = ''] = await bench.lines()
      assert.equal((await verifyTrail([first, third])).records, 2)
    })

    it('shows a gap where records were cut off while it ran', async () => {
      const trail = await bench.open()
      await trail.write(entry())
      const { size } = await stat(bench.path)
      await trail.write(entry())
      await truncate(bench.path, size)
      await trail.write(entry())
      const found = await verifyTrail(await bench.lines())
      assert.match(found.reason ?? '', /expected record 2, got record 3/)
    })

    it('says that the path is a folder, and heals when it is none any more', async () => {
      await mkdir(bench.path, { recursive: true })
      const trail = await bench.open()
      await assert.rejects(trail.write(entry()), unavailable(/it is a folder/))
      await rm(bench.path, { recursive: true })
      await trail.write(entry())
      await isWhole(1)
    })

    it('says that a part of the path is no folder', async () => {
      await mkdir(dirname(dirname(bench.path)), { recursive: true })
      await writeFile(dirname(bench.path), '')
      const trail = await bench.open()
      await assert.rejects(trail.write(entry()), unavailable(/audit\.jsonl cannot be written/))
    })
  })

  describe('several writers', () => {
    it('refuses a second trail of this process on the same file', async () => {
      await bench.open()
      await assert.rejects(bench.open(), (error: unknown) => {
        assert.ok(isPaletteError(error))
        assert.deepEqual([error.code, error.details['field']], ['CONFIG_INVALID', 'path'])
        return true
      })
    })

    it('is not available while another process writes the file, then continues what that one wrote', async () => {
      const theirs = await bench.open({}, otherProcess())
      await theirs.write(entry())
      const ours = await bench.open({}, otherProcess({ pid: 12, instance: 'ours' }))
      await assert.rejects(ours.write(entry()), unavailable(/another process \(4711 on /))
      await theirs.write(entry())
      await theirs.close()
      const receipt = await ours.write(entry())
      assert.equal('seq' in receipt && receipt.seq, 3)
      await isWhole(3)
    })

    it('continues what another process wrote while this one was stopped', async () => {
      const ours = await bench.open({}, otherProcess({ host: 'a', instance: 'a' }))
      await ours.write(entry())
      bench.clock.jump(31_000)
      const theirs = await bench.open({}, otherProcess({ host: 'b', instance: 'b' }))
      await theirs.write(entry())
      await assert.rejects(ours.write(entry()), unavailable(/another process/))
      await theirs.close()
      await ours.write(entry())
      await isWhole(3)
    })
  })

  it('writes to standard output as well', async () => {
    let text = ''
    const trail = await openTrail(
      { chain: true, redact: {}, onFailure: 'fail' },
      {
        sink: createStdoutSink((part) => {
          text += part
          return Promise.resolve()
        }),
        clock: new ManualClock(),
        log: { info: () => undefined, warn: () => undefined },
        newId: () => 'id',
      },
    )
    await Promise.all([trail.write(entry()), trail.write(entry())])
    await trail.write(entry())
    await trail.close()
    const found = await verifyTrail(text.split('\n'))
    assert.deepEqual([found.ok, found.records], [true, 3])
  })
})
