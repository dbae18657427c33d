// A process that answers executions: the sandbox, or a server that does nothing else. Sends its URL to its parent.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { acquireSandbox } from '../lib/sandbox/shared.ts'

const ANSWER = JSON.stringify([
  { name: 'customerId', value: 'CUST-4412' },
  { name: 'openCases', value: 2 },
])

async function serve(kind: string): Promise<void> {
  let url: string
  if (kind === 'sandbox') url = (await acquireSandbox()).sandbox.info.url
  else {
    const server = createServer((request, response) => {
      request.resume().on('end', () => {
        const token = '{"access_token":"bench","expires_in":3600}'
        response.setHeader('content-type', 'application/json')
        response.end(request.url?.endsWith('/token') ? token : ANSWER)
      })
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }
  process.send?.(url)
  process.on('disconnect', () => process.exit())
}

await serve(process.argv[2] ?? 'sandbox')
