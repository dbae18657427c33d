// What the endpoint is measured against: node:http and a pool of pg with a named statement, no checks at all.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import pg from 'pg'

const pool = new pg.Pool({ connectionString: process.argv[2]!, max: 16 })
const text = 'select id, customer_name, account_status from customer_accounts where customer_id = $1'

const server = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const { variables } = JSON.parse(Buffer.concat(chunks).toString()) as {
      variables: { customer_id: string }
    }
    pool
      .query({ name: 'by-customer', text, values: [variables.customer_id] })
      .then(({ rows }) => {
        const body = JSON.stringify({
          status: 'success',
          result: rows,
          message: 'Data action executed successfully',
        })
        response.writeHead(200, {
          'Content-Type': 'application/json',
          'Content-Length': Buffer.byteLength(body),
        })
        response.end(body)
      })
      .catch((error: unknown) => response.writeHead(500).end(String(error)))
  })
})
server.listen(0, '127.0.0.1', () => process.send!({ port: (server.address() as AddressInfo).port }))
