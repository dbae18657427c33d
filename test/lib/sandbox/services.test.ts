import assert from 'node:assert/strict'
import { useSandbox } from './running-sandbox.ts'

const BASE = '/inContactAPI/services/v30.0'

describe('sandbox ACD API', () => {
  const { send, token } = useSandbox()

  it('answers 200 and a text that is no JSON unless Accept names application/json', async () => {
    const access = await token()
    for (const accept of ['*/*', 'text/html', 'application/xml']) {
      const { status, text, headers } = await send('GET', `${BASE}/agents`, {
        token: access,
        headers: { accept },
      })
      assert.deepEqual([status, text], [200, 'No known way to render data'])
      assert.match(headers.get('content-type') ?? '', /^text\/plain/)
    }
    const good = await send('GET', `${BASE}/agents`, {
      token: access,
      headers: { accept: 'application/json, text/plain, */*' },
    })
    assert.equal(good.json.resultSet.totalRecords, 137)
  })

  it('pages by skip and top: 50 rows unless asked, never more than 100', async () => {
    const access = await token()
    const count = async (query: string) =>
      (await send('GET', `${BASE}/agents${query}`, { token: access })).json.resultSet.agents.length
    assert.deepEqual(
      [await count(''), await count('?top=10'), await count('?top=500'), await count('?skip=100&top=100')],
      [50, 10, 100, 37],
    )
    assert.equal(await count('?skip=137'), 0)
    for (const query of ['?skip=-1', '?top=0', '?top=x', '?skip=1e9', '?top=1.5']) {
      const { status, json } = await send('GET', `${BASE}/agents${query}`, { token: access })
      assert.deepEqual([status, json.error], [400, 'InvalidParameter'])
    }
  })

  it('leads through all skills by _links.next, each once', async () => {
    const access = await token()
    const seen: number[] = []
    let path: string | null = `${BASE}/skills?top=70`
    let pages = 0
    while (path !== null) {
      const { json } = await send('GET', path, { token: access })
      seen.push(...json.skills.map(({ skillId }: { skillId: number }) => skillId))
      const next: string | null = json._links.next
      path = next === null ? null : next.slice(new URL(next).origin.length)
      pages += 1
    }
    assert.deepEqual([seen.length, new Set(seen).size, pages], [260, 260, 4])
  })

  it('searches, sorts and projects', async () => {
    const access = await token()
    const { json } = await send('GET', `${BASE}/teams?orderBy=teamId%20desc&fields=teamId&top=2`, {
      token: access,
    })
    assert.deepEqual(json.teams, [{ teamId: 507 }, { teamId: 506 }])
    assert.equal(json.totalRecords, 7)
    const found = await send('GET', `${BASE}/teams?searchString=billing`, { token: access })
    assert.deepEqual(
      found.json.teams.map(({ teamName }: { teamName: string }) => teamName),
      ['Billing team'],
    )
    const sorted = await send('GET', `${BASE}/teams?orderBy=teamName&top=1`, { token: access })
    assert.equal(sorted.json.teams[0].teamName, 'Appointments team')
  })

  it('gives one row by id, and 404 in the form of the API', async () => {
    const access = await token()
    assert.equal((await send('GET', `${BASE}/agents/4600101`, { token: access })).json.agentId, 4_600_101)
    const { status, json } = await send('GET', `${BASE}/agents/1`, { token: access })
    assert.equal(status, 404)
    assert.deepEqual(Object.keys(json), ['error', 'error_description'])
    assert.equal((await send('GET', '/inContactAPI/services/latest/agents', { token: access })).status, 404)
  })

  it('accepts work with 202 and no body, and refuses work items above 50 KB', async () => {
    const access = await token()
    for (const resource of ['interactions/work-items', 'interactions/774421/signal', 'scripts/start']) {
      const { status, text } = await send('POST', `${BASE}/${resource}`, { token: access, body: { a: 1 } })
      assert.deepEqual([status, text], [202, ''])
    }
    const body = { payload: 'x'.repeat(51 * 1024) }
    assert.equal((await send('POST', `${BASE}/interactions/work-items`, { token: access, body })).status, 413)
  })

  it('echoes every other call, in both spellings of the base path', async () => {
    const { status, json } = await send(
      'PATCH',
      '/incontactapi/services/v31.0/some/thing%20else?a=1&b=2&b=3',
      {
        token: await token(),
        headers: { CorrelationId: 'c-1' },
        body: { x: null },
      },
    )
    assert.equal(status, 200)
    const { method, version, resource, query, headers, body } = json.echo
    assert.deepEqual(
      { method, version, resource, query, body },
      {
        method: 'PATCH',
        version: 'v31.0',
        resource: 'some/thing else',
        query: { a: '1', b: ['2', '3'] },
        body: { x: null },
      },
    )
    assert.equal(headers.correlationid, 'c-1')
    assert.equal(headers.authorization, undefined)
  })

  it('asks for a token', async () => {
    assert.equal((await send('GET', `${BASE}/agents`)).status, 401)
  })
})
