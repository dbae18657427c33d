import assert from 'node:assert/strict'
import { parseRetryAfter } from '../../../lib/http/retry-after.ts'
import { useSandbox } from './running-sandbox.ts'
import { sendRaw } from './raw-socket.ts'

const EXECUTE = '/api/v2/data-actions/order-status/execute'

describe('sandbox faults', () => {
  const running = useSandbox({ faults: ['discovery:503,200'] })
  const { send, token } = running
  const execute = async () =>
    send('POST', EXECUTE, { token: await token(), body: { inputs: { orderId: 'ORD-000001' } } })
  const statuses = () =>
    running.sandbox
      .requests()
      .filter(({ route }) => route === 'execute')
      .map(({ status, note }) => [status, note])

  it('are scripted from the start by an option', async () => {
    const path = '/.well-known/openid-configuration'
    assert.equal((await send('GET', path)).status, 503)
    assert.equal((await send('GET', path)).status, 200)
  })

  it('answer a sequence of statuses on their route alone, without doing the work', async () => {
    running.sandbox.fault('execute:429/2,503,200')
    const access = await token()
    const headers = { 'idempotency-key': 'k' }
    const run = (orderId: string) =>
      send('POST', EXECUTE, { token: access, headers, body: { inputs: { orderId } } })
    const first = await run('ORD-000001')
    assert.deepEqual([first.status, first.headers.get('retry-after')], [429, '2'])
    assert.equal((await send('GET', '/api/v2/data-actions/order-status', { token: access })).status, 200)
    assert.equal((await run('ORD-000001')).status, 503)
    assert.equal((await run('ORD-000002')).status, 200, 'the key was not used up by the faults')
    assert.deepEqual(statuses(), [
      [429, 'fault'],
      [503, 'fault'],
      [200, 'fault'],
    ])
  })

  it('give Retry-After as an HTTP date or as any text', async () => {
    running.sandbox.fault('execute:429/date=60,503/date=-60,429/text=soon,429')
    const values = []
    for (let at = 0; at < 4; at += 1) values.push((await execute()).headers.get('retry-after'))
    const [ahead, past, text, none] = values
    const wait = parseRetryAfter(ahead ?? '', running.clock.now()) ?? 0
    assert.ok(wait > 57_000 && wait <= 60_000, String(ahead))
    assert.match(past ?? '', /^\w{3}, \d{2} \w{3} \d{4} \d{2}:\d{2}:\d{2} GMT$/)
    assert.deepEqual([text, none], ['soon', null])
  })

  it('cut the connection before the work', async () => {
    running.sandbox.fault('execute:drop')
    await assert.rejects(execute())
    assert.deepEqual(statuses(), [[0, 'fault']])
  })

  it('cut the connection in the midst of the body, after the work', async () => {
    running.sandbox.fault('execute:drop-mid-body')
    const access = await token()
    const body = JSON.stringify({ inputs: { orderId: 'ORD-000001' } })
    const head = [
      `POST ${EXECUTE} HTTP/1.1`,
      'host: x',
      `authorization: Bearer ${access}`,
      'idempotency-key: once',
      `content-length: ${body.length}`,
    ]
    const { text } = await sendRaw(running.sandbox.info.port, `${head.join('\r\n')}\r\n\r\n${body}`)
    assert.match(text, /^HTTP\/1\.1 200 /)
    const length = Number(/content-length: (\d+)/i.exec(text)?.[1])
    const got = text.slice(text.indexOf('\r\n\r\n') + 4)
    assert.ok(got.length > 0 && got.length < length, `${got.length} of ${length}`)
    const again = await send('POST', EXECUTE, {
      token: access,
      headers: { 'idempotency-key': 'once' },
      body,
    })
    assert.equal(again.headers.get('idempotent-replayed'), 'true', 'the work was done')
  })

  it('spoil the body: bad JSON, HTML, nothing', async () => {
    running.sandbox.fault('execute:bad-json,html,empty,500+html')
    const bad = await execute()
    assert.deepEqual([bad.status, bad.json], [200, undefined])
    assert.match(bad.headers.get('content-type') ?? '', /^application\/json/)
    const html = await execute()
    assert.match(html.headers.get('content-type') ?? '', /^text\/html/)
    assert.deepEqual([html.status, html.json], [200, undefined])
    const empty = await execute()
    assert.deepEqual([empty.status, empty.text], [200, ''])
    assert.equal((await execute()).status, 500)
  })

  it('send the body slowly, and a huge one', async () => {
    running.sandbox.fault('execute:slow-body=20,huge-body=3000000')
    assert.equal((await execute()).json[0].value, 'ORD-000001')
    const huge = await execute()
    assert.equal(huge.text.length, 3_000_002)
    assert.equal(huge.json.length, 3_000_000)
  })

  it('redirect with 307, or with the status that is given', async () => {
    running.sandbox.fault('execute:redirect=http://other.test/x,302+redirect=/y')
    const first = await execute()
    assert.deepEqual([first.status, first.headers.get('location')], [307, 'http://other.test/x'])
    const second = await execute()
    assert.deepEqual([second.status, second.headers.get('location')], [302, '/y'])
  })

  it('answer 204 and 304 without a body', async () => {
    running.sandbox.fault('execute:204,304')
    assert.deepEqual([(await execute()).text, (await execute()).text], ['', ''])
  })

  it('delay the work', async () => {
    running.sandbox.fault('execute:delay=7,delay=5+503')
    const before = running.clock.slept.length
    assert.deepEqual([(await execute()).status, (await execute()).status], [200, 503])
    assert.deepEqual(running.clock.slept.slice(before), [7, 5])
  })

  it('are added, listed and cleared by the admin route', async () => {
    const added = await send('POST', '/sandbox/faults', { body: { faults: ['execute:429*2', 'token:drop'] } })
    assert.deepEqual([added.status, added.json], [200, { faults: ['execute:429*2', 'token:drop'] }])
    assert.deepEqual((await send('GET', '/sandbox/faults')).json.faults.length, 2)
    assert.equal((await send('DELETE', '/sandbox/faults')).status, 204)
    assert.deepEqual((await send('GET', '/sandbox/faults')).json, { faults: [] })
  })

  it('are refused as a whole when one script is wrong, with the reason', async () => {
    const { status, json } = await send('POST', '/sandbox/faults', {
      body: { faults: ['execute:429', 'x:1'] },
    })
    assert.equal(status, 400)
    assert.match(json.message, /expected a route, one of token/)
    for (const body of [
      '{',
      '[]',
      '{"faults":"execute:429"}',
      '{"faults":[7]}',
      { faults: Array(101).fill('') },
    ]) {
      assert.equal((await send('POST', '/sandbox/faults', { body })).status, 400)
    }
    assert.deepEqual((await send('GET', '/sandbox/faults')).json, { faults: [] })
  })
})
