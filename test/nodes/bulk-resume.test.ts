import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BulkTask } from '../../nodes/adapter/bulk.ts'
import type { Context } from '../../nodes/adapter/message-context.ts'
import { NodeRuns } from '../../nodes/adapter/node-runs.ts'
import type { Node } from '../../nodes/adapter/types.ts'

const none = (): void => undefined

describe('Runs that are taken up after a restart', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'bulk-resume-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  it('are not those that a message has begun meanwhile', async () => {
    const gate = Promise.withResolvers<undefined>()
    const begun = Promise.withResolvers<undefined>()
    const task: BulkTask<unknown, null, number> = {
      ...{ concurrency: 1, stopOnError: false, progress: 0, journal: true, target: 'auth' },
      async work() {
        begun.resolve(undefined)
        await gate.promise
        return { value: 1 }
      },
      subject: () => undefined,
      finish: none,
    }
    const received: unknown[] = []
    const sent: unknown[] = []
    const node = { log: none, warn: none, receive: (msg: unknown) => void received.push(msg) }
    const context = {
      ...{ signal: new AbortController().signal, isSimulated: false, correlationId: 'c' },
      ...{ progress: none, degraded: none, summary: none, audit: none },
      auditItem: () => Promise.resolve(false),
      audited: () => Promise.resolve(new Set<string>()),
      send: (out: unknown) => void sent.push(out),
    } satisfies Context
    const runs = new NodeRuns(task, { node: node as unknown as Node, folder, isPaused: () => false })
    const list = { items: [{}, {}], place: 'msg.payload', shared: null }
    const ending = runs.handle({ _msgid: 'm' }, context, (_msg, _context, bulk) => bulk(list))
    await begun.promise
    assert.equal(readdirSync(folder).length, 1)
    await runs.resume()
    assert.deepEqual(received, [])
    gate.resolve(undefined)
    assert.equal(await ending, null)
    assert.deepEqual([sent.length, readdirSync(folder)], [1, []])
  })
})
