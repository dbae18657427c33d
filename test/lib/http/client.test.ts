import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer as createHttp } from 'node:http'
import { createServer as createHttps } from 'node:https'
import { createServer as createTcp, type AddressInfo } from 'node:net'
import { createHttpClient, type HttpClient } from '../../../lib/http/client.ts'
import type { HttpRequest } from '../../../lib/ports.ts'
import { systemClock } from '../../../lib/system.ts'
import { selfSigned } from './self-signed.ts'
import { answerJson, startServer, type StubServer } from './stub-server.ts'

const get = (url: string, more: Partial<HttpRequest> = {}): HttpRequest => ({
  method: 'GET',
  url,
  timeoutMs: 5000,
  ...more,
})

describe('HTTP client', () => {
  let client: HttpClient
  const servers: { close(): Promise<void> }[] = []
  const serve = async (...args: Parameters<typeof startServer>): Promise<StubServer> => {
    const server = await startServer(...args)
    servers.push(server)
    return server
  }

  beforeEach(() => {
    client = createHttpClient({ clock: systemClock })
  })
  afterEach(async () => {
    await client.close()
    for (const server of servers.splice(0)) await server.close()
  })

  it('sends method, path, query, headers and body, and gives status, headers and body back', async () => {
    const server = await serve((request, response) => answerJson(response, 201, request, { 'X-One': 'a' }))
    const answer = await client.send(
      get(`${server.url}/p/a%20b?q=1#part`, { method: 'PUT', headers: { 'X-Two': 'b' }, body: 'hällo' }),
    )
    assert.equal(answer.status, 201)
    assert.equal(answer.headers['x-one'], 'a')
    assert.ok(answer.latencyMs > 0)
    const echo = JSON.parse(answer.body.toString()) as Record<string, Record<string, string>>
    assert.equal(echo['method'], 'PUT')
    assert.equal(echo['url'], '/p/a%20b?q=1')
    assert.equal(echo['body'], 'hällo')
    assert.equal(echo['headers']?.['x-two'], 'b')
  })

  it('joins repeated headers and glues a body of many chunks', async () => {
    const server = await serve(async (_request, response) => {
      response.setHeader('Set-Cookie', ['a=1', 'b=2'])
      for (const part of ['one ', 'two ', 'three']) {
        response.write(part)
        await systemClock.sleep(5)
      }
      response.end()
    })
    const answer = await client.send(get(server.url))
    assert.equal(answer.headers['set-cookie'], 'a=1, b=2')
    assert.equal(answer.body.toString(), 'one two three')
  })

  // Two, because undici lets a connection rest for one turn of the event loop after an answer.
  it('keeps connections alive', async () => {
    const server = await serve((_request, response) => answerJson(response, 200, 1))
    for (let i = 0; i < 10; i += 1) await client.send(get(server.url))
    assert.ok(server.connections() <= 2, `${server.connections()} connections`)
  })

  it('opens no more connections to an origin than allowed', async () => {
    await client.close()
    client = createHttpClient({ clock: systemClock, connectionsPerOrigin: 2 })
    const server = await serve((_request, response) => answerJson(response, 200, 1))
    await Promise.all(Array.from({ length: 20 }, () => client.send(get(server.url))))
    assert.equal(server.received.length, 20)
    assert.ok(server.connections() <= 2)
  })

  it('does not follow a redirect', async () => {
    const other = await serve((_request, response) => answerJson(response, 200, 1))
    const server = await serve((_request, response) => {
      response.writeHead(302, { location: other.url }).end()
    })
    const answer = await client.send(get(server.url, { headers: { authorization: 'Bearer t' } }))
    assert.equal(answer.status, 302)
    assert.equal(other.received.length, 0)
  })

  it('fails with TIMEOUT when no answer comes, and names no query', async () => {
    const server = await serve(() => undefined)
    await assert.rejects(
      client.send(get(`${server.url}/slow?key=geheim`, { timeoutMs: 30 })),
      (error: Error) => {
        assert.equal((error as Error & { code: string }).code, 'TIMEOUT')
        assert.ok(!JSON.stringify(error).includes('geheim') && !error.message.includes('geheim'))
        return error.message.includes('/slow')
      },
    )
  })

  it('fails with TIMEOUT when the body drips in too slowly', async () => {
    const server = await serve(async (_request, response) => {
      response.writeHead(200, { 'content-length': '1000' })
      while (!response.destroyed) {
        response.write('.')
        await systemClock.sleep(10)
      }
    })
    await assert.rejects(client.send(get(server.url, { timeoutMs: 80 })), {
      code: 'TIMEOUT',
      message: /only a part of the answer \(status 200\)/,
    })
  })

  it('fails with TIMEOUT when no connection gets free, and then never sends the request', async () => {
    await client.close()
    client = createHttpClient({ clock: systemClock, connectionsPerOrigin: 1 })
    const server = await serve(async (request, response) => {
      if (request.url === '/first') await systemClock.sleep(120)
      answerJson(response, 200, 1)
    })
    const first = client.send(get(`${server.url}/first`))
    await assert.rejects(client.send(get(`${server.url}/second`, { timeoutMs: 30 })), { code: 'TIMEOUT' })
    await first
    await client.send(get(`${server.url}/third`))
    assert.deepEqual(
      server.received.map(({ url }) => url),
      ['/first', '/third'],
    )
  })

  it('fails with CXONE_UNREACHABLE when nothing listens, naming the address', async () => {
    const server = await startServer(() => undefined)
    await server.close()
    await assert.rejects(client.send(get(server.url)), {
      code: 'CXONE_UNREACHABLE',
      message: new RegExp(`127.0.0.1:${server.port}.*ECONNREFUSED`),
    })
  })

  it('fails with CXONE_UNREACHABLE when the connection drops within the body', async () => {
    const server = await serve((_request, response) => {
      response.writeHead(200, { 'content-length': '1000' })
      response.write('half', () => response.destroy())
    })
    await assert.rejects(client.send(get(server.url)), { code: 'CXONE_UNREACHABLE' })
  })

  it('fails with CXONE_UNREACHABLE when the peer speaks no HTTP, without keeping its bytes', async () => {
    const server = createTcp((socket) => socket.end('geheim and nothing else\r\n\r\n'))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    await assert.rejects(client.send(get(`http://127.0.0.1:${port}`)), (error: Error) => {
      assert.equal((error as Error & { code: string }).code, 'CXONE_UNREACHABLE')
      return !JSON.stringify([error, error.cause]).includes('geheim')
    })
    server.close()
  })

  it('fails when the body is larger than allowed, announced or not', async () => {
    const server = await serve((request, response) => {
      if (request.url === '/announced') response.setHeader('content-length', '2000')
      response.write('x'.repeat(1000))
      response.end('x'.repeat(1000))
    })
    for (const path of ['/announced', '/chunked'])
      await assert.rejects(client.send(get(server.url + path, { maxResponseBytes: 1500 })), {
        code: 'CXONE_UNEXPECTED_RESPONSE',
        message: /larger than 1500 bytes/,
      })
    assert.equal((await client.send(get(server.url, { maxResponseBytes: 2000 }))).body.length, 2000)
  })

  it('takes any content-length in the answer to a HEAD', async () => {
    const server = await serve((_request, response) => {
      response.writeHead(200, { 'content-length': '99999999' }).end()
    })
    const answer = await client.send(get(server.url, { method: 'HEAD', maxResponseBytes: 10 }))
    assert.equal(answer.headers['content-length'], '99999999')
  })

  it('stops at once when its signal is aborted, before or while it runs', async () => {
    const server = await serve(() => undefined)
    const abort = new AbortController()
    const running = client.send(get(server.url, { signal: abort.signal }))
    setTimeout(() => abort.abort(), 20)
    await assert.rejects(running, { code: 'ABORTED' })
    await assert.rejects(client.send(get(server.url, { signal: abort.signal })), { code: 'ABORTED' })
    await assert.rejects(client.send(get(server.url, { signal: AbortSignal.timeout(10) })), {
      code: 'TIMEOUT',
    })
  })

  it('leaves no listener on a signal that lives on', async () => {
    const server = await serve((_request, response) => answerJson(response, 200, 1))
    const { signal } = new AbortController()
    let listeners = 0
    const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)]
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners += 1
      add(...args)
    }
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listeners -= 1
      remove(...args)
    }
    await client.send(get(server.url, { signal }))
    assert.equal(listeners, 0)
  })

  it('fails what is in flight with ABORTED when it is closed, and everything after that', async () => {
    const server = await serve(() => undefined)
    const running = client.send(get(server.url))
    const rejected = assert.rejects(running, { code: 'ABORTED' })
    await systemClock.sleep(30)
    await Promise.all([client.close(), client.close()])
    await rejected
    await assert.rejects(client.send(get(server.url)), { code: 'ABORTED' })
  })

  it('refuses a header with a line break and a URL of another scheme', async () => {
    const server = await serve((_request, response) => answerJson(response, 200, 1))
    await assert.rejects(client.send(get(server.url, { headers: { 'X-A': 'a\r\nX-B: b' } })), {
      code: 'INPUT_INVALID',
    })
    await assert.rejects(client.send(get('file:///etc/passwd')), { code: 'INPUT_INVALID' })
    assert.equal(server.received.length, 0)
  })

  describe('with a pinned address', () => {
    it('connects there and keeps the name in Host', async () => {
      const server = await serve((request, response) => answerJson(response, 200, request.headers.host))
      const answer = await client.send(
        get('http://pinned.example.test:1/x', { connectTo: { address: '127.0.0.1', port: server.port } }),
      )
      assert.equal(answer.body.toString(), '"pinned.example.test:1"')
    })

    it('takes the port of the URL unless told another', async () => {
      const server = await serve((_request, response) => answerJson(response, 200, 1))
      const url = `http://pinned.example.test:${server.port}/`
      assert.equal((await client.send(get(url, { connectTo: { address: '127.0.0.1' } }))).status, 200)
    })

    it('never shares a connection between two addresses of one name', async () => {
      const [one, two] = [
        await serve((_request, response) => answerJson(response, 200, 'one')),
        await serve((_request, response) => answerJson(response, 200, 'two')),
      ]
      for (const server of [one, two, one, two])
        await client.send(
          get('http://pinned.example.test/', { connectTo: { address: '127.0.0.1', port: server.port } }),
        )
      assert.equal(one.received.length, 2)
      assert.equal(two.received.length, 2)
    })

    it('keeps a bounded number of pools', async () => {
      const server = await serve((_request, response) => answerJson(response, 200, 1))
      for (let i = 0; i < 70; i += 1)
        await client.send(
          get(`http://h${i}.example.test/`, { connectTo: { address: '127.0.0.1', port: server.port } }),
        )
      assert.equal(server.received.length, 70)
    })
  })

  describe('over TLS', () => {
    let files: { readonly key: string; readonly cert: string }
    before(() => {
      files = selfSigned('api.example.test')
    })

    it('checks the certificate against the name while it connects to the pinned address', async () => {
      const server = await serve(
        (_request, response) => answerJson(response, 200, 1),
        (listener) => createHttps(files, listener),
      )
      await client.close()
      client = createHttpClient({ clock: systemClock, tls: { ca: files.cert } })
      const connectTo = { address: '127.0.0.1', port: server.port }
      assert.equal((await client.send(get('https://api.example.test/', { connectTo }))).status, 200)
      await assert.rejects(client.send(get('https://other.example.test/', { connectTo })), {
        code: 'CXONE_UNREACHABLE',
        message: /altnames/,
      })
    })

    it('refuses a certificate that nobody vouches for', async () => {
      const server = await serve(
        (_request, response) => answerJson(response, 200, 1),
        (listener) => createHttps(files, listener),
      )
      await assert.rejects(
        client.send(
          get('https://api.example.test/', { connectTo: { address: '127.0.0.1', port: server.port } }),
        ),
        { code: 'CXONE_UNREACHABLE', message: /self-signed/ },
      )
    })
  })

  describe('with a proxy', () => {
    const proxied = async (noProxy: string[] = []): Promise<StubServer> => {
      const proxy = await serve((_request, response) => answerJson(response, 200, 'by the proxy'))
      await client.close()
      client = createHttpClient({
        clock: systemClock,
        proxy: { url: proxy.url, username: 'u', password: 'p', noProxy },
      })
      return proxy
    }

    it('sends requests of other hosts through it, with its credentials', async () => {
      const proxy = await proxied()
      await client.send(get('http://api.example.test/x?y=1'))
      assert.equal(proxy.received[0]?.url, 'http://api.example.test/x?y=1')
      assert.equal(
        proxy.received[0].headers['proxy-authorization'],
        `Basic ${Buffer.from('u:p').toString('base64')}`,
      )
    })

    it('reaches loopback hosts directly', async () => {
      const proxy = await proxied()
      const server = await serve((_request, response) => answerJson(response, 200, 1))
      await client.send(get(server.url))
      assert.equal(proxy.received.length, 0)
    })

    it('fails with CXONE_UNREACHABLE when the proxy wants other credentials', async () => {
      const proxy = await serve((_request, response) => {
        response.writeHead(407).end()
      }, createHttp)
      await client.close()
      client = createHttpClient({ clock: systemClock, proxy: { url: proxy.url } })
      await assert.rejects(client.send(get('http://api.example.test/')), {
        code: 'CXONE_UNREACHABLE',
        message: /407/,
      })
    })
  })
})
