import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { startSandbox, type Sandbox } from '../../lib/sandbox/sandbox.ts'
import { until } from '../support/until.ts'
import { actionIn, actionOut, endFlow, fn, serveFlow } from './endpoint-harness.ts'

describe('A bulk run for a request', function () {
  this.timeout(20_000)
  let sandbox: Sandbox
  before(async () => {
    sandbox = await startSandbox()
  })
  afterEach(endFlow)
  after(() => sandbox.close())

  for (const journal of [true, false])
    it(`fails when its deadline passes, and is not carried on (journal: ${journal})`, async () => {
      sandbox.fault('execute:delay=3000*forever')
      const { url } = sandbox.info
      const flow = await serveFlow(
        [
          {
            id: 'auth',
            type: 'cxone-auth',
            profile: 'custom',
            tokenUrl: `${url}/oauth2/token`,
            apiBaseUrl: url,
          },
          actionIn({ deadlineMs: 300 }, 'list'),
          fn(
            'list',
            'msg.payload = [{}, {}, {}]; msg.dataActionId = "crm-customer-lookup"; return msg',
            'run',
          ),
          { id: 'run', type: 'action-execute', auth: 'auth', journal, wires: [['out']] },
          actionOut(),
        ],
        { credentials: { auth: { clientId: 'sandbox', clientSecret: 'sandbox-secret' } } },
      )
      const answer = await flow.post('/action', '{"variables":{"customer_id":"7"}}')
      assert.equal(answer.status, 504)
      const failure = await until(() => flow.caught.find(({ code }) => code !== undefined))
      assert.equal(failure['code'], 'TIMEOUT')
      const folder = join(flow.userDir, 'cxone/bulk/run')
      assert.deepEqual(existsSync(folder) ? readdirSync(folder) : [], [])
    })
})
