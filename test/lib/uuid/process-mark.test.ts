import { equal, ok } from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { acquireMark } from '../../../lib/uuid/process-mark.ts'
import { inspectUuid } from '../../../lib/uuid/inspect.ts'

const lib = (file: string): string => JSON.stringify(pathToFileURL(resolve('lib', file)).href)

/** Makes one UUIDv7 in a process of its own, which is killed at once. */
async function idOfKilledProcess(path: string): Promise<string> {
  const script = `
    const { acquireMark } = await import(${lib('uuid/process-mark.ts')})
    const { createUuidStep } = await import(${lib('uuid/step.ts')})
    const { systemClock, systemRandom } = await import(${lib('system.ts')})
    const { mark } = await acquireMark(${JSON.stringify(path)}, console)
    const settings = { mode: 'generate', uuidVersion: '7', format: 'canonical', registry: 'none' }
    const run = createUuidStep(settings, { clock: systemClock, random: systemRandom, nodeId: 'n', mark })
    const request = { count: { value: 1 }, signal: new AbortController().signal }
    process.stdout.write((await run(request)).value)
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '--no-warnings', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  const [id] = (await once(child.stdout, 'data')) as [Buffer]
  child.kill('SIGKILL')
  await ended
  return id.toString()
}

describe('acquireMark', () => {
  let folder: string
  let path: string
  const log = { info: () => undefined, warn: () => undefined }

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cxone-uuid-'))
    path = join(folder, 'cxone/uuid-v7.json')
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  const readMark = async (): Promise<number> => JSON.parse(await readFile(path, 'utf8')).untilMs as number

  it('starts behind all that a killed process may have made', async () => {
    const first = await idOfKilledProcess(path)
    const reserved = await readMark()
    const second = await idOfKilledProcess(path)
    ok(second > first)
    const madeAt = (id: string): number => Date.parse(String(inspectUuid(id).timestamp))
    ok(madeAt(first) < reserved)
    ok(madeAt(second) >= reserved)
  })

  it('shares one mark a file, and closes it with the last user', async () => {
    const [first, second] = await Promise.all([acquireMark(path, log), acquireMark(path, log)])
    equal(first.mark, second.mark)
    await first.mark.reserve()
    const reserved = await readMark()
    await first.release()
    await first.release()
    equal(await readMark(), reserved)
    await second.release()
    ok((await readMark()) < reserved)
    const third = await acquireMark(path, log)
    ok(third.mark !== first.mark)
    await third.release()
  })
})
