import assert from 'node:assert/strict'
import type { CxoneCall } from '../../../lib/cxone/access.ts'
import { readPages } from '../../../lib/cxone/paginate.ts'
import { readPage } from '../../../lib/cxone/records.ts'
import { answerJson, startServer } from '../http/stub-server.ts'
import { failureOf, startWorld, type World } from './world.ts'

const call: CxoneCall = { method: 'GET', path: '/services/agents' }
const numbers = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i)

describe('Pages', () => {
  let world: World | undefined
  const start = async (...args: Parameters<typeof startWorld>): Promise<World> =>
    (world = await startWorld(...args))
  afterEach(async () => {
    await world?.close()
    world = undefined
  })
  /** A list of `size` numbers; `cap` is the most that the server gives at a time. */
  const list =
    (size: number, options: { cap?: number; total?: boolean } = {}): Parameters<typeof startWorld>[0] =>
    (request, response) => {
      const { searchParams } = new URL(request.url, 'http://x')
      const skip = Number(searchParams.get('skip'))
      const top = Math.min(Number(searchParams.get('top')), options.cap ?? 100)
      const agents = numbers(skip, Math.min(skip + top, size))
      answerJson(response, 200, options.total === false ? { agents } : { totalRecords: String(size), agents })
    }

  describe('by skip and top', () => {
    it('are read until all records are there', async () => {
      const { client, calls } = await start(list(250))
      const { records, pages, answer } = await readPages(client, call, 'skip-top')
      assert.deepEqual(records, numbers(0, 250))
      assert.deepEqual([pages, answer.attempts, calls().length], [3, 3, 3])
      assert.equal(calls()[2]?.url, '/services/agents?skip=200&top=100')
    })

    it('are complete though the server gives fewer at a time than asked', async () => {
      for (const total of [true, false]) {
        const { client, close } = await startWorld(list(120, { cap: 50, total }))
        assert.deepEqual((await readPages(client, call, 'skip-top')).records, numbers(0, 120))
        await close()
      }
    })

    it('are complete without a total, also when the last page is full', async () => {
      for (const size of [0, 1, 99, 100, 200, 201]) {
        const { client, close } = await startWorld(list(size, { total: false }))
        assert.deepEqual((await readPages(client, call, 'skip-top')).records, numbers(0, size), String(size))
        await close()
      }
    })

    it('begin and count as the query says', async () => {
      const { client, calls } = await start(list(25))
      const { records } = await readPages(
        client,
        { ...call, query: { skip: 5, top: 10, x: 'y' } },
        'skip-top',
      )
      assert.deepEqual(records, numbers(5, 25))
      assert.equal(calls()[1]?.url, '/services/agents?skip=15&top=10&x=y')
    })

    it('fail with INPUT_INVALID, and ask nothing, when the query counts wrongly', async () => {
      const { client, calls } = await start(list(10))
      const wrong: [string, string | number | boolean][] = [
        ['skip', 'many'],
        ['skip', -1],
        ['skip', 1.5],
        ['top', 0],
        ['top', true],
      ]
      for (const [name, value] of wrong) {
        const error = await failureOf(readPages(client, { ...call, query: { [name]: value } }, 'skip-top'))
        assert.deepEqual([error.code, error.details], ['INPUT_INVALID', { path: `query.${name}` }])
      }
      assert.equal(calls().length, 0)
    })

    it('take the only page of a server that knows no skip, but end when full pages repeat', async () => {
      const small = await startWorld((_request, response) => answerJson(response, 200, { agents: [1, 2, 3] }))
      assert.deepEqual((await readPages(small.client, call, 'skip-top')).records, [1, 2, 3])
      await small.close()
      const { client, calls } = await start((_request, response) =>
        answerJson(response, 200, numbers(0, 100)),
      )
      const error = await failureOf(readPages(client, call, 'skip-top'))
      assert.equal(error.code, 'CXONE_UNEXPECTED_RESPONSE')
      assert.match(error.message, /again and again/)
      assert.equal(calls().length, 2)
    })

    it('end with an answer without a body', async () => {
      const { client } = await start((_request, response) => void response.writeHead(204).end())
      assert.deepEqual((await readPages(client, call, 'skip-top')).records, [])
    })
  })

  describe('by links', () => {
    it('are followed, relative or absolute, in the body or in a Link header', async () => {
      const { client, calls } = await start((request, response) => {
        const page = Number(new URL(request.url, 'http://x').searchParams.get('page') ?? 1)
        const next = [
          { _links: { next: '/services/agents?page=2' } },
          { _links: { next: { href: `http://${request.headers.host}/services/agents?page=3` } } },
          { next: '?page=4' },
          {},
          {},
        ][page - 1]
        const headers: Record<string, string> =
          page === 4
            ? { Link: '</services/agents?page=1>; rel="first", </services/agents?page=5>; rel="next"' }
            : {}
        answerJson(response, 200, { agents: [page], ...next }, headers)
      })
      const { records, pages } = await readPages(client, { ...call, query: { isActive: true } }, 'next-link')
      assert.deepEqual([records, pages], [[1, 2, 3, 4, 5], 5])
      assert.deepEqual(
        [calls()[0]?.url, calls()[1]?.url],
        ['/services/agents?isActive=true', '/services/agents?page=2'],
      )
    })

    it('keep braces in their query, which are no path values', async () => {
      const { client, calls } = await start((_request, response, n) =>
        answerJson(response, 200, { agents: [n], ...(n === 0 ? { next: '?filter={state}&page=2' } : {}) }),
      )
      assert.deepEqual((await readPages(client, call, 'next-link')).records, [0, 1])
      assert.equal(calls()[1]?.url, '/services/agents?filter=%7Bstate%7D&page=2')
    })

    it('are followed whatever the spelling of the API base', async () => {
      const { client } = await start(
        (_request, response, n) =>
          answerJson(response, 200, { agents: [n], ...(n === 0 ? { next: '/services/agents?page=2' } : {}) }),
        (url) => ({ apiBaseUrl: url.replace('http://127.0.0.1', 'HTTP://127.1') }),
      )
      assert.deepEqual((await readPages(client, call, 'next-link')).records, [0, 1])
    })

    it('never lead to another host: the token stays here', async () => {
      const other = await startServer((_request, response) => answerJson(response, 200, []))
      for (const next of [
        `${other.url}/x`,
        '//127.0.0.1:1/x',
        'https://evil.example/',
        'javascript:alert(1)',
      ]) {
        const { client, close } = await startWorld((_request, response) =>
          answerJson(response, 200, { agents: [1], next }),
        )
        const error = await failureOf(readPages(client, call, 'next-link'))
        assert.equal(error.code, 'CXONE_UNEXPECTED_RESPONSE')
        assert.match(error.message, /leads elsewhere/)
        await close()
      }
      await other.close()
      assert.equal(other.received.length, 0)
    })

    it('never lead above the path of the API base', async () => {
      const { client } = await start(
        (_request, response) =>
          answerJson(response, 200, { agents: [1], next: '/cxone-other/agents?page=2' }),
        (url) => ({ apiBaseUrl: `${url}/cxone` }),
      )
      const error = await failureOf(readPages(client, call, 'next-link'))
      assert.match(error.message, /leads elsewhere/)
    })

    it('end when they run in a circle', async () => {
      const { client } = await start((request, response) => {
        const page = Number(new URL(request.url, 'http://x').searchParams.get('page') ?? 0)
        answerJson(response, 200, { agents: [page], next: `/services/agents?page=${(page + 1) % 3}` })
      })
      const error = await failureOf(readPages(client, call, 'next-link'))
      assert.match(error.message, /in a circle/)
    })
  })

  it('fail when an answer holds no list', async () => {
    for (const body of [{ a: 1 }, 'x', 7, { a: [1], b: [2] }]) {
      const { client, close } = await startWorld((_request, response) => answerJson(response, 200, body))
      for (const way of ['skip-top', 'next-link'] as const) {
        const error = await failureOf(readPages(client, call, way))
        assert.equal(error.code, 'CXONE_UNEXPECTED_RESPONSE')
        assert.match(error.message, /no list of records/)
      }
      await close()
    }
  })

  it('fail when an answer is nested too deeply', async () => {
    const { client } = await start((_request, response) => {
      response.end(`${'['.repeat(100_000)}${']'.repeat(100_000)}`)
    })
    const error = await failureOf(readPages(client, call, 'skip-top'))
    assert.equal(error.code, 'CXONE_UNEXPECTED_RESPONSE')
    assert.match(error.message, /nested too deeply/)
  })

  it('stop when they are aborted', async () => {
    const abort = new AbortController()
    const { client } = await start((request, response, n) => {
      if (n === 2) abort.abort()
      return list(1000)(request, response, n)
    })
    const run = readPages(client, { ...call, signal: abort.signal }, 'skip-top')
    assert.equal((await failureOf(run)).code, 'ABORTED')
  })

  it('find the records wherever CXone puts them', () => {
    const found = (body: unknown): unknown => readPage(body, 'agents', undefined)?.records
    assert.deepEqual(found([1]), [1])
    assert.deepEqual(found({ Agents: [1], tags: [2] }), [1])
    assert.deepEqual(found({ resultSet: [1], tags: [2] }), [1])
    assert.deepEqual(found({ resultSet: { agents: [1], tags: [2] } }), [1])
    assert.deepEqual(found({ businessUnitId: 1, people: [1] }), [1])
    assert.equal(readPage({ resultSet: { totalRecords: 7, agents: [] } }, 'agents', undefined)?.total, 7)
  })
})
