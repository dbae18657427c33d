import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { isPaletteError } from '../../../lib/errors.ts'
import { acquireSandbox } from '../../../lib/sandbox/shared.ts'

const answers = (url: string): Promise<boolean> =>
  fetch(`${url}/sandbox/health`).then(
    ({ ok }) => ok,
    () => false,
  )
const isPortError = (error: unknown): boolean => isPaletteError(error) && error.details.field === 'port'

describe('shared sandbox', () => {
  it('starts with the first user and stops with the last', async () => {
    const leases = await Promise.all([acquireSandbox(), acquireSandbox(), acquireSandbox()])
    const [first, second, third] = leases
    const { url } = first.sandbox.info
    assert.ok(leases.every(({ sandbox }) => sandbox === first.sandbox))
    await first.release()
    await first.release()
    await second.release()
    assert.ok(await answers(url), 'a double release does not count twice')
    await third.release()
    assert.ok(!(await answers(url)))
  })

  it('starts anew on the same port after the last user has gone, also at once', async () => {
    const first = await acquireSandbox()
    const { port } = first.sandbox.info
    const released = first.release()
    const second = await acquireSandbox({ port })
    await released
    assert.notEqual(second.sandbox, first.sandbox)
    assert.ok(await answers(second.sandbox.info.url))
    await second.release()
  })

  it('refuses another port than the one it runs on, and keeps running', async () => {
    const first = await acquireSandbox()
    await assert.rejects(
      acquireSandbox({ port: first.sandbox.info.port === 8089 ? 8090 : 8089 }),
      isPortError,
    )
    assert.ok(await answers(first.sandbox.info.url))
    await first.release()
  })

  it('fails for all waiting users when it cannot start, and works for the next', async () => {
    const taken = createServer()
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
    const { port } = taken.address() as AddressInfo
    const failed = await Promise.allSettled([acquireSandbox({ port }), acquireSandbox({ port })])
    assert.ok(failed.every((result) => result.status === 'rejected' && isPortError(result.reason)))
    await new Promise((resolve) => taken.close(resolve))
    const lease = await acquireSandbox({ port })
    assert.equal(lease.sandbox.info.port, port)
    await lease.release()
  })
})
