import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { checkReferences } from '../../../lib/flowtest/check-suite.ts'
import { endpointAt, endpointsOf, findEndpoint, requestOf } from '../../../lib/flowtest/http-trigger.ts'
import type { JsonSchema } from '../../../lib/schema/json-schema.ts'
import { parseSuite } from '../../../lib/flowtest/parse-suite.ts'
import type { HttpRequest, Trigger } from '../../../lib/flowtest/suite.ts'
import { buildTopology } from '../../../lib/flowtest/topology.ts'

const at = { z: 'tab', x: 1, y: 1, wires: [[]] }
const topology = buildTopology([
  { id: 'tab', type: 'tab', label: 'Main' },
  { ...at, id: 'hook', type: 'action-in', name: 'Hook', path: '/webhook/orders' },
  { ...at, id: 'read', type: 'http in', name: 'Read', method: 'get', url: '/orders/:id' },
  { ...at, id: 'write', type: 'http in', name: 'Write', method: 'put', url: 'orders/:id' },
  { ...at, id: 'files', type: 'http in', name: 'Files', method: 'get', url: '/files/*' },
  { ...at, id: 'late', type: 'action-in', name: 'Late', path: '/${STAGE}/orders' },
  { ...at, id: 'other', type: 'other-endpoint', name: 'Other' },
  { ...at, id: 'off', type: 'http in', name: 'Off', method: 'get', url: '/off', d: true },
])

const found = (trigger: Trigger): readonly [string | undefined, string, string] => {
  const { endpoint, method, path } = findEndpoint(topology, trigger, 'trigger')
  return [endpoint?.node.id, method, path]
}

describe('the endpoint of an HTTP trigger', () => {
  for (const [trigger, expected] of [
    [{ http: { path: '/webhook/orders' } }, ['hook', 'POST', '/webhook/orders']],
    [{ http: { path: '/Webhook/Orders/' } }, ['hook', 'POST', '/Webhook/Orders/']],
    [{ node: 'Hook', http: {} }, ['hook', 'POST', '/webhook/orders']],
    // It answers with 405.
    [{ node: 'Hook', http: { method: 'GET' } }, ['hook', 'GET', '/webhook/orders']],
    [{ http: { path: '/orders/7', method: 'GET' } }, ['read', 'GET', '/orders/7']],
    [{ http: { path: '/orders/7', method: 'PUT' } }, ['write', 'PUT', '/orders/7']],
    [{ node: 'Write', http: { path: '/orders/7' } }, ['write', 'PUT', '/orders/7']],
    [{ http: { path: '/files/a/b.txt' } }, ['files', 'GET', '/files/a/b.txt']],
    [{ node: 'Late', http: { path: '/test/orders' } }, ['late', 'POST', '/test/orders']],
    [{ node: 'Other', http: { path: '/any' } }, [undefined, 'POST', '/any']],
  ] as const) {
    it(`of ${JSON.stringify(trigger)} is ${expected[0] ?? 'known to the running node alone'}`, () => {
      assert.deepEqual(found(trigger), expected)
    })
  }

  for (const [trigger, says] of [
    [
      { http: { path: '/webhook/order' } },
      /^No node answers \/webhook\/order; there is POST \/webhook\/orders \(`Hook`\), GET \/orders\/:id \(`Read`\)/,
    ],
    [{ http: { path: '/off' } }, /^No node answers \/off/],
    [{ http: { path: '/orders' } }, /^No node answers \/orders;/],
    [
      { http: { path: '/orders/7' } },
      /^Several nodes answer \/orders\/7, give the `method`: GET \/orders\/:id \(`Read`\), PUT/,
    ],
    [{ http: { path: '/orders/7', method: 'DELETE' } }, /^No node answers DELETE \/orders\/7; there is GET/],
    [
      { node: 'Read', http: { path: '/orders/7', method: 'PUT' } },
      /^`Read` answers GET \/orders\/:id, not PUT/,
    ],
    [{ node: 'Late', http: {} }, /^The path of `Late` is only known while it runs: give `http` a `path`/],
    [{ node: 'Other', http: {} }, /^Node `Other` \(other-endpoint\) tells no path: .*or name one of POST/],
    [{ node: 'Hok', http: {} }, /^There is no node `Hok`/],
  ] as const) {
    it(`of ${JSON.stringify(trigger)} is not there, and what is there is told`, () => {
      assert.throws(() => found(trigger), { code: 'INPUT_INVALID', message: says })
    })
  }

  it('is told to be missing where no node answers requests', () => {
    const none = buildTopology([{ id: 'tab', type: 'tab' }])
    assert.throws(() => findEndpoint(none, { http: { path: '/a' } }, 'x'), {
      message: 'No node answers /a; there is no node that answers HTTP requests (action-in, http in)',
    })
  })

  it('of a case file is checked with its line, together with the nodes', async () => {
    const schema = JSON.parse(await readFile('resources/flow-test.schema.json', 'utf8')) as JsonSchema
    const parsed = await parseSuite(
      `cases:
  - name: one
    trigger: [{ http: { path: /webhook/orders, form: { a: 1 } } }, { http: { path: /nowhere } }]
    expect: [{ answers: { status: 200 } }, { node: Nobody, answers: {} }]`,
      'a.yaml',
      schema,
    )
    assert.throws(
      () => checkReferences(parsed, 'a.yaml', topology),
      /^PaletteError: a\.yaml:3: No node answers \/nowhere; .*\na\.yaml:4: There is no node `Nobody`/,
    )
  })

  it('is the one that serves a request, whoever sends it', () => {
    const endpoints = endpointsOf(topology)
    const at = (method: string, path: string): string | undefined =>
      endpointAt(endpoints, method, path)?.node.id
    assert.equal(at('GET', '/orders/7'), 'read')
    assert.equal(at('DELETE', '/orders/7'), undefined)
    assert.equal(at('DELETE', '/webhook/orders'), 'hook')
    assert.equal(at('GET', '/cxone/health'), undefined)
  })
})

describe('the request of an HTTP trigger', () => {
  const request = (http: HttpRequest) => requestOf({ endpoint: undefined, method: 'POST', path: '/p' }, http)

  it('has the body and content type of JSON, a form or text', () => {
    assert.deepEqual(request({ body: { a: [1, 'ü'] } }), {
      method: 'POST',
      target: '/p',
      headers: { 'content-type': 'application/json' },
      body: '{"a":[1,"ü"]}',
    })
    const form = request({ form: { a: 'x y&z', variables: { n: 1 }, flag: true } })
    assert.equal(form.body, 'a=x+y%26z&variables=%7B%22n%22%3A1%7D&flag=true')
    assert.equal(form.headers['content-type'], 'application/x-www-form-urlencoded')
    assert.equal(request({ text: 'a=b' }).headers['content-type'], 'text/plain; charset=utf-8')
    assert.deepEqual(request({}), { method: 'POST', target: '/p', headers: {}, body: '' })
    assert.equal(request({ body: null }).body, 'null')
  })

  it('has the query and headers of the case, which win', () => {
    const { target, headers } = request({
      body: {},
      query: { q: 'a b', n: 3, yes: true },
      headers: { 'Content-Type': 'application/vnd.x+json', 'X-Key': 'k' },
    })
    assert.equal(target, '/p?q=a+b&n=3&yes=true')
    assert.deepEqual(headers, { 'content-type': 'application/vnd.x+json', 'x-key': 'k' })
  })
})
