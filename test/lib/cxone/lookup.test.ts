import assert from 'node:assert/strict'
import { hostnameOf } from '../../../lib/cxone/lookup.ts'
import { systemClock } from '../../../lib/system.ts'
import { answerJson } from '../http/stub-server.ts'
import { failureOf, startWorld, type World } from './world.ts'

const DEFINITION = { id: 'a', endpointUrl: 'https://crm.example.test/v2' }

describe('Look-up of a data action', () => {
  let world: World | undefined
  const start = async (...args: Parameters<typeof startWorld>): Promise<World> =>
    (world = await startWorld(...args))
  afterEach(async () => {
    await world?.close()
    world = undefined
  })

  it('gives the definition with its endpoint and host', async () => {
    const { access, calls } = await start((_request, response) => answerJson(response, 200, DEFINITION))
    const entry = await access.lookup('a/b', { cacheTtlS: 60 })
    assert.deepEqual(entry.definition, DEFINITION)
    assert.deepEqual(
      [entry.id, entry.endpointUrl, entry.hostname],
      ['a/b', DEFINITION.endpointUrl, 'crm.example.test'],
    )
    assert.deepEqual([entry.cacheHit, entry.stale, entry.attempts], [false, false, 1])
    assert.ok(entry.latencyMs > 0)
    assert.equal(calls()[0]?.url, '/api/v2/data-actions/a%2Fb')
  })

  it('answers from memory until the entry is stale', async () => {
    const { access, calls, clock } = await start((_request, response) =>
      answerJson(response, 200, DEFINITION),
    )
    await access.lookup('a', { cacheTtlS: 60 })
    clock.advance(59_000)
    const hit = await access.lookup('a', { cacheTtlS: 60 })
    assert.deepEqual([hit.cacheHit, hit.attempts, hit.latencyMs, calls().length], [true, 0, 0, 1])
    assert.equal((await access.lookup('a', { cacheTtlS: 10 })).cacheHit, false)
    clock.advance(61_000)
    assert.equal((await access.lookup('a', { cacheTtlS: 60 })).cacheHit, false)
    assert.equal(calls().length, 3)
  })

  it('keeps nothing when the time to keep is 0', async () => {
    const { access, calls } = await start((_request, response) => answerJson(response, 200, DEFINITION))
    for (let i = 0; i < 3; i += 1) assert.equal((await access.lookup('a', { cacheTtlS: 0 })).cacheHit, false)
    assert.equal(calls().length, 3)
  })

  it('revalidates a stale entry with its ETag', async () => {
    const { access, calls, clock } = await start((request, response) => {
      if (request.headers['if-none-match'] === '"v1"') response.writeHead(304).end()
      else answerJson(response, 200, DEFINITION, { ETag: '"v1"' })
    })
    await access.lookup('a', { cacheTtlS: 60 })
    clock.advance(61_000)
    const entry = await access.lookup('a', { cacheTtlS: 60 })
    assert.deepEqual(entry.definition, DEFINITION)
    assert.equal(calls()[1]?.headers['if-none-match'], '"v1"')
    assert.equal((await access.lookup('a', { cacheTtlS: 60 })).cacheHit, true)
    assert.equal(calls().length, 2)
  })

  it('takes the new definition when the ETag has changed', async () => {
    const { access, clock } = await start((_request, response, n) => {
      answerJson(response, 200, { ...DEFINITION, version: n }, { ETag: `"v${n}"` })
    })
    await access.lookup('a', { cacheTtlS: 60 })
    clock.advance(61_000)
    assert.equal((await access.lookup('a', { cacheTtlS: 60 })).definition['version'], 1)
    assert.equal((await access.lookup('a', { cacheTtlS: 60 })).definition['version'], 1)
  })

  it('forgets the ETag of a definition that came anew without one', async () => {
    const { access, calls, clock } = await start((_request, response, n) =>
      answerJson(response, 200, { ...DEFINITION, n }, n === 0 ? { ETag: '"v1"' } : {}),
    )
    for (let i = 0; i < 3; i += 1) {
      assert.equal((await access.lookup('a', { cacheTtlS: 60 })).definition['n'], i)
      clock.advance(61_000)
    }
    assert.deepEqual(
      calls().map(({ headers }) => headers['if-none-match']),
      [undefined, '"v1"', undefined],
    )
  })

  it('asks again when told to, for the whole definition', async () => {
    const { access, calls } = await start((_request, response) =>
      answerJson(response, 200, DEFINITION, { ETag: '"v1"' }),
    )
    await access.lookup('a', { cacheTtlS: 60 })
    assert.equal((await access.lookup('a', { cacheTtlS: 60, refresh: true })).cacheHit, false)
    assert.equal(calls()[1]?.headers['if-none-match'], undefined)
  })

  it('makes one request for an id at a time, and lets a caller give up alone', async () => {
    const { access, calls } = await start(async (_request, response) => {
      await systemClock.sleep(30)
      answerJson(response, 200, DEFINITION)
    })
    const abort = new AbortController()
    const leaving = access.lookup('a', { cacheTtlS: 60, signal: abort.signal })
    const staying = Array.from({ length: 50 }, () => access.lookup('a', { cacheTtlS: 60 }))
    const other = access.lookup('b', { cacheTtlS: 60 })
    setTimeout(() => abort.abort(), 5)
    assert.equal((await failureOf(leaving)).code, 'ABORTED')
    await Promise.all([...staying, other])
    assert.equal(calls().length, 2)
  })

  it('fails with CXONE_NOT_FOUND for a 404, and then knows the action no more', async () => {
    let gone = false
    const { access, clock } = await start((_request, response) =>
      answerJson(response, gone ? 404 : 200, DEFINITION),
    )
    await access.lookup('a', { cacheTtlS: 60 })
    gone = true
    clock.advance(61_000)
    const error = await failureOf(access.lookup('a', { cacheTtlS: 60, allowStale: true }))
    assert.equal(error.code, 'CXONE_NOT_FOUND')
    assert.equal((await failureOf(access.lookup('a', { cacheTtlS: 3600 }))).code, 'CXONE_NOT_FOUND')
  })

  it('gives an older copy, marked as stale, when CXone cannot be asked and that is allowed', async () => {
    let down = false
    const { access, calls, clock } = await start((_request, response) => {
      if (down) response.destroy()
      else answerJson(response, 200, DEFINITION)
    })
    await access.lookup('a', { cacheTtlS: 60 })
    down = true
    clock.advance(61_000)
    const stale = await access.lookup('a', { cacheTtlS: 60, allowStale: true })
    assert.deepEqual([stale.stale, stale.cacheHit, stale.attempts], [true, true, 4])
    assert.deepEqual(stale.definition, DEFINITION)
    assert.equal((await failureOf(access.lookup('a', { cacheTtlS: 60 }))).code, 'CXONE_UNREACHABLE')
    assert.equal(
      (await failureOf(access.lookup('b', { cacheTtlS: 60, allowStale: true }))).code,
      'CXONE_UNREACHABLE',
    )
    // Not tried again for half a minute, unless somebody insists on a new one.
    const before = calls().length
    const held = await access.lookup('a', { cacheTtlS: 60, allowStale: true })
    assert.deepEqual([held.stale, held.attempts, calls().length], [true, 0, before])
    down = false
    clock.advance(31_000)
    assert.equal((await access.lookup('a', { cacheTtlS: 60, allowStale: true })).stale, false)
    assert.equal((await access.lookup('a', { cacheTtlS: 60 })).cacheHit, true)
  })

  it('fails with CXONE_UNEXPECTED_RESPONSE for what is no definition', async () => {
    for (const body of ['[]', '"x"', '7', '', 'null']) {
      const { access, close } = await startWorld((_request, response) => void response.end(body))
      assert.equal(
        (await failureOf(access.lookup('a', { cacheTtlS: 60 }))).code,
        'CXONE_UNEXPECTED_RESPONSE',
        body,
      )
      await close()
    }
  })

  it('fails with CXONE_UNEXPECTED_RESPONSE for a definition that is nested too deeply to be copied', async () => {
    const { access } = await start((_request, response) => {
      response.end(`{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`)
    })
    const error = await failureOf(access.lookup('a', { cacheTtlS: 60 }))
    assert.equal(error.code, 'CXONE_UNEXPECTED_RESPONSE')
    assert.match(error.message, /nested too deeply/)
  })

  it('keeps a bounded number of definitions', async () => {
    const { access, calls } = await start((_request, response) => answerJson(response, 200, DEFINITION))
    for (let i = 0; i <= 1000; i += 1) await access.lookup(`id-${i}`, { cacheTtlS: 60 })
    await access.lookup('id-1000', { cacheTtlS: 60 })
    assert.equal(calls().length, 1001)
    await access.lookup('id-0', { cacheTtlS: 60 })
    assert.equal(calls().length, 1002)
  }).timeout(20_000)

  it('reads host names as the URL standard does', () => {
    const table: [string, string | null][] = [
      ['https://user:secret@h1.example.test/x', 'h1.example.test'],
      ['HTTPS://API.Example.TEST:8443/', 'api.example.test'],
      ['https://bücher.example/', 'xn--bcher-kva.example'],
      ['https://my_host.example', 'my_host.example'],
      ['https://[2001:DB8::1]:443/', '2001:db8::1'],
      ['http://192.0.2.1/', '192.0.2.1'],
      ['ftp://example.test/', null],
      ['//example.test/', null],
      ['javascript:alert(1)', null],
      ['https://', null],
      ['', null],
    ]
    for (const [url, host] of table) assert.equal(hostnameOf(url), host, url)
  })
})
