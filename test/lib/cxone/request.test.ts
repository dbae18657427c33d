import assert from 'node:assert/strict'
import { readRequest, sendRequest, type RequestPart } from '../../../lib/cxone/request.ts'
import { answerJson } from '../http/stub-server.ts'
import { failureOf, startWorld } from './world.ts'

const places = {
  path: 'path',
  params: 'msg.params',
  query: 'msg.query',
  headers: 'msg.headers',
  body: 'msg.payload',
}
const parts = (more: Partial<Record<RequestPart, unknown>>): Record<RequestPart, unknown> => ({
  path: '/x',
  params: {},
  query: {},
  headers: {},
  body: undefined,
  ...more,
})

describe('Request of a message', () => {
  it('has a body for POST, PUT and PATCH only', () => {
    for (const method of ['POST', 'PUT', 'PATCH'] as const) {
      assert.equal(readRequest(method, parts({ body: { a: 1 } }), places).bodyJson, '{"a":1}')
      assert.equal(readRequest(method, parts({ body: null }), places).bodyJson, 'null')
      assert.equal('bodyJson' in readRequest(method, parts({}), places), false)
    }
    for (const method of ['GET', 'HEAD', 'DELETE'] as const)
      assert.equal('bodyJson' in readRequest(method, parts({ body: { a: 1 } }), places), false)
  })

  it('takes what is missing for empty', () => {
    const { params, query, headers } = readRequest(
      'GET',
      parts({ params: undefined, query: null, headers: '' }),
      places,
    )
    assert.deepEqual([params, query, headers], [{}, {}, {}])
  })

  it('names the place of what is wrong', () => {
    const wrong: [Partial<Record<RequestPart, unknown>>, string][] = [
      [{ path: undefined }, 'path'],
      [{ path: ' ' }, 'path'],
      [{ path: 7 }, 'path'],
      [{ params: [1] }, 'msg.params'],
      [{ query: 'a=b' }, 'msg.query'],
      [{ headers: Buffer.from('x') }, 'msg.headers'],
      [{ body: Buffer.from('x') }, 'msg.payload'],
      [{ body: { n: 1n } }, 'msg.payload.n'],
    ]
    for (const [more, path] of wrong)
      assert.throws(() => readRequest('POST', parts(more), places), {
        code: 'INPUT_INVALID',
        details: { path },
      })
  })

  it('gives the answer and its facts, with the number of pages where they were read', async () => {
    const world = await startWorld((_request, response) =>
      answerJson(response, 200, { x: [1, 2], totalRecords: 2 }),
    )
    const call = readRequest('GET', parts({ query: { q: 1 } }), places)
    const plain = await sendRequest(world.client, call, 'none')
    assert.deepEqual(plain.payload, { x: [1, 2], totalRecords: 2 })
    assert.deepEqual(Object.keys(plain.step), [
      'method',
      'url',
      'status',
      'attempts',
      'latencyMs',
      'elapsedMs',
    ])
    assert.equal(plain.step['url'], `${world.server.url}/x`)
    const paged = await sendRequest(world.client, call, 'skip-top')
    assert.deepEqual(paged.payload, [1, 2])
    assert.deepEqual([paged.step['pages'], paged.step['records']], [1, 2])
    await world.close()
  })

  it('sends a POST once, whatever happens', async () => {
    const world = await startWorld((_request, response) => void response.destroy())
    const call = readRequest('POST', parts({ body: 1, headers: { 'Idempotency-Key': 'mine' } }), places)
    assert.equal((await failureOf(sendRequest(world.client, call, 'none'))).code, 'CXONE_UNREACHABLE')
    assert.equal(world.calls().length, 1)
    await world.close()
  })
})
