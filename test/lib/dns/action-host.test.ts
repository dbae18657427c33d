import assert from 'node:assert/strict'
import type { DataActionEntry, LookupDataAction } from '../../../lib/cxone/access.ts'
import { hostOfAction } from '../../../lib/dns/action-host.ts'

describe('the host of a data action', () => {
  const call = { signal: new AbortController().signal, correlationId: '019aa5e5-1f0a-7d1c-9a53-0d6a6f6c2c11' }
  const hostOf = (hostname: string | null, endpointUrl: string, id: unknown = 'a-1'): Promise<string> => {
    const lookup: LookupDataAction = () => Promise.resolve({ hostname, endpointUrl } as DataActionEntry)
    return hostOfAction(lookup, id, 'msg.dataActionId', call)
  }

  it('is that of its endpoint', async () => {
    assert.equal(await hostOf('crm.example', 'https://crm.example/x'), 'crm.example')
  })

  it('fails by the place of the id where there is nothing to look up, and shows no password', async () => {
    const wrong: [string | null, string, RegExp][] = [
      ['10.0.0.1', 'https://10.0.0.1/x', /`a-1` .* IP address/],
      ['[::1]', 'https://[::1]/x', /IP address/],
      [null, 'https://user:hunter2@:0:0/', /there is none; its `endpointUrl` is/],
    ]
    for (const [hostname, endpointUrl, message] of wrong) {
      await assert.rejects(
        hostOf(hostname, endpointUrl),
        (error: Error & { code: string; details: object }) => {
          assert.equal(error.code, 'INPUT_INVALID')
          assert.deepEqual(error.details, { path: 'msg.dataActionId' })
          assert.match(error.message, message)
          assert.ok(!error.message.includes('hunter2'))
          return true
        },
      )
    }
    await assert.rejects(hostOf('crm.example', '', ' '), { code: 'INPUT_INVALID' })
  })
})
