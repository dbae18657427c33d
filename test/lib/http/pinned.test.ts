import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer as createHttps } from 'node:https'
import { connect, createServer as createTcp, type AddressInfo, type Server, type Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { createHttpClient, type HttpClient } from '../../../lib/http/client.ts'
import { createRetryingSend } from '../../../lib/http/retry.ts'
import type { ConnectTarget, HttpRequest } from '../../../lib/ports.ts'
import { systemClock, systemRandom } from '../../../lib/system.ts'
import { until } from '../../support/until.ts'
import { selfSigned } from './self-signed.ts'
import { answerJson, startServer, type StubServer } from './stub-server.ts'

// Nobody knows this name: whoever looks it up gets nowhere.
const NAME = 'api.example.test'
const [FIRST, SECOND] = ['127.0.0.1', '127.0.0.2']
const BOTH: ConnectTarget = { address: FIRST, others: [SECOND] }

const get = (url: string, connectTo: ConnectTarget, more: Partial<HttpRequest> = {}): HttpRequest => ({
  method: 'GET',
  url,
  timeoutMs: 5000,
  connectTo,
  ...more,
})

/** Two servers with one port, at two addresses. */
interface Pair {
  readonly first: StubServer
  readonly second: StubServer
  readonly port: number
}

describe('a connection that is pinned to several addresses', function () {
  this.timeout(20_000)
  let client: HttpClient
  const servers: { close(): Promise<void> }[] = []
  const serve = async (...args: Parameters<typeof startServer>): Promise<StubServer> => {
    const server = await startServer(...args)
    servers.push(server)
    return server
  }
  const telling = (said: string): Parameters<typeof startServer>[0] => {
    return (_request, response) => answerJson(response, 200, said)
  }
  const pair = async (): Promise<Pair> => {
    const first = await serve(telling('first'))
    const second = await serve(telling('second'), undefined, { address: SECOND, port: first.port })
    return { first, second, port: first.port }
  }
  const drop = async (server: { close(): Promise<void> }): Promise<void> => {
    servers.splice(servers.indexOf(server), 1)
    await server.close()
  }

  beforeEach(() => {
    client = createHttpClient({ clock: systemClock })
  })
  afterEach(async () => {
    await client.close()
    for (const server of servers.splice(0)) await server.close()
  })

  it('goes to the first one, and tells which', async () => {
    const { second, port } = await pair()
    const answer = await client.send(get(`http://${NAME}:${port}/`, BOTH))
    assert.equal(answer.body.toString(), '"first"')
    assert.equal(answer.address, FIRST)
    assert.equal(second.connections(), 0)
  })

  it('goes nowhere else, whatever the name leads to', async () => {
    const { first, second, port } = await pair()
    const answer = await client.send(get(`http://localhost:${port}/`, { address: SECOND }))
    assert.equal(answer.body.toString(), '"second"')
    assert.equal(second.received[0]?.headers.host, `localhost:${port}`)
    assert.equal(first.connections(), 0)
  })

  it('goes to the next one when nothing listens at the first, and asks the dead one last from then on', async () => {
    const { first, second, port } = await pair()
    await drop(first)
    const url = `http://${NAME}:${port}/`
    assert.equal((await client.send(get(url, BOTH))).address, SECOND)
    const revived = await serve(telling('revived'), undefined, { port })
    assert.equal((await client.send(get(url, BOTH))).address, SECOND)
    assert.equal(revived.connections(), 0)
    await drop(second)
    const send = createRetryingSend({ send: client.send, clock: systemClock, random: systemRandom })
    const policy = { maxRetries: 3, baseDelayMs: 1, maxDelayMs: 1 } // the client may not know yet that it is cut off
    assert.equal((await send(get(url, BOTH), { policy })).response.address, FIRST)
  })

  it('uses the connection that is open, whatever the order of the addresses', async () => {
    const { first, second, port } = await pair()
    const url = `http://${NAME}:${port}/`
    const orders: ConnectTarget[] = [BOTH, { address: SECOND, others: [FIRST] }]
    for (let i = 0; i < 10; i += 1) await client.send(get(url, orders[i % 2]!))
    assert.equal(first.received.length, 10)
    assert.ok(first.connections() <= 2, `${first.connections()} connections`)
    assert.equal(second.connections(), 0)
  })

  it('fails when all are dead, after eight of them at most, and names the last', async () => {
    const { first, second, port } = await pair()
    await Promise.all([drop(first), drop(second)])
    const others = Array.from({ length: 200 }, (_, at) => `127.0.1.${at + 1}`)
    await assert.rejects(client.send(get(`http://${NAME}:${port}/`, { address: FIRST, others })), {
      code: 'CXONE_UNREACHABLE',
      details: { url: `http://${NAME}:${port}/`, reason: 'ECONNREFUSED', address: others[6] },
    })
  })

  it('sends the next attempt to another one when the first answers 503', async () => {
    const first = await serve((_request, response) => answerJson(response, 503, 'busy'))
    await serve(telling('second'), undefined, { address: SECOND, port: first.port })
    const send = createRetryingSend({ send: client.send, clock: systemClock, random: systemRandom })
    const policy = { maxRetries: 2, baseDelayMs: 1, maxDelayMs: 1 }
    const { response, attempts } = await send(get(`http://${NAME}:${first.port}/`, BOTH), { policy })
    assert.deepEqual([response.status, response.address, attempts], [200, SECOND, 2])
    assert.equal(first.received.length, 1)
  })

  it('sends the next attempt to another one when the first does not answer in time', async () => {
    const first = await serve(() => undefined)
    await serve(telling('second'), undefined, { address: SECOND, port: first.port })
    const send = createRetryingSend({ send: client.send, clock: systemClock, random: systemRandom })
    const policy = { maxRetries: 2, baseDelayMs: 1, maxDelayMs: 1 }
    const request = get(`http://${NAME}:${first.port}/`, BOTH, { timeoutMs: 200 })
    const { response, attempts } = await send(request, { policy })
    assert.deepEqual([response.address, attempts], [SECOND, 2])
  })

  it('comes back to the first one when all were tried', async () => {
    const said = [500, 500, 200]
    let count = 0
    const answer: Parameters<typeof startServer>[0] = (_request, response) =>
      answerJson(response, said[count++] ?? 200, 1)
    const first = await serve(answer)
    const second = await serve(answer, undefined, { address: SECOND, port: first.port })
    const send = createRetryingSend({ send: client.send, clock: systemClock, random: systemRandom })
    const policy = { maxRetries: 3, baseDelayMs: 1, maxDelayMs: 1 }
    const { response } = await send(get(`http://${NAME}:${first.port}/`, BOTH), { policy })
    assert.equal(response.address, FIRST)
    assert.deepEqual([first.received.length, second.received.length], [2, 1])
  })

  it('is not sent on to another address once the client is closed', async () => {
    const { first, second, port } = await pair()
    await drop(first)
    const sending = client.send(get(`http://${NAME}:${port}/`, BOTH))
    await client.close()
    await assert.rejects(sending, { code: 'ABORTED' })
    assert.equal(second.received.length, 0)
  })

  it('is refused where a proxy stands between, and works for hosts that are reached without it', async () => {
    const { port } = await pair()
    const proxy = await serve(telling('by the proxy'))
    const url = `http://${NAME}:${port}/`
    const behind = createHttpClient({ clock: systemClock, proxy: { url: proxy.url } })
    servers.push(behind)
    await assert.rejects(behind.send(get(url, BOTH)), {
      code: 'CONFIG_INVALID',
      details: { field: 'connectTo' },
      message: new RegExp(`${NAME}.* proxy .*${proxy.port}.*without proxy`),
    })
    assert.equal(proxy.connections(), 0)
    const around = createHttpClient({ clock: systemClock, proxy: { url: proxy.url, noProxy: [NAME] } })
    servers.push(around)
    assert.equal((await around.send(get(url, BOTH))).address, FIRST)
  })

  describe('over TLS', () => {
    const right = selfSigned(NAME)
    const wrong = selfSigned('other.example.test')
    let names: (string | false | null)[]
    const https = (pem: { key: string; cert: string }): Parameters<typeof startServer>[1] => {
      return (listener) =>
        createHttps(pem, listener).on('secureConnection', (socket: TLSSocket) =>
          names.push(socket.servername),
        )
    }
    const url = (port: number): string => `https://${NAME}:${port}/`

    beforeEach(async () => {
      names = []
      await client.close()
      client = createHttpClient({ clock: systemClock, tls: { ca: [right.cert, wrong.cert] } })
    })

    it('keeps the name for SNI, the certificate and Host', async () => {
      const first = await serve(telling('first'), https(right))
      await serve(telling('second'), https(right), { address: SECOND, port: first.port })
      for (const address of [FIRST, SECOND]) {
        const answer = await client.send(get(url(first.port), { address }))
        assert.equal(answer.address, address)
      }
      assert.deepEqual(names, [NAME, NAME])
      assert.equal(first.received[0]?.headers.host, `${NAME}:${first.port}`)
    })

    it('refuses a wrong certificate, and does not ask the next address', async () => {
      const first = await serve(telling('first'), https(wrong))
      const second = await serve(telling('second'), https(right), { address: SECOND, port: first.port })
      await assert.rejects(client.send(get(url(first.port), BOTH)), {
        code: 'CXONE_UNREACHABLE',
        message: /altnames/,
      })
      assert.deepEqual([first.received.length, second.connections()], [0, 0])
    })

    it('goes on when the first one says nothing, and sends nothing when it speaks up later', async () => {
      const backing = await serve(telling('late'), https(right))
      const late = await startHesitant(backing.port)
      servers.push(late)
      const second = await serve(telling('second'), https(right), { address: SECOND, port: late.port })
      const answer = await client.send(get(url(late.port), BOTH, { timeoutMs: 1500 }))
      assert.equal(answer.address, SECOND)
      late.goOn()
      await until(() => backing.connections() === 1 && late.isLeft()) // given up as soon as the peer has spoken
      assert.equal((await client.send(get(url(late.port), { address: SECOND }))).address, SECOND)
      assert.deepEqual([backing.received.length, second.received.length], [0, 2])
    })
  })
})

interface Hesitant {
  readonly port: number
  readonly goOn: () => void
  /** Whether all who connected have gone. */
  readonly isLeft: () => boolean
  close(): Promise<void>
}

/** Takes connections at once, and passes their bytes on only when it is told to. */
async function startHesitant(to: number): Promise<Hesitant> {
  const sockets: Socket[] = []
  const server: Server = createTcp((near) => {
    sockets.push(near.on('error', () => undefined))
  })
  server.listen(0, FIRST)
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    isLeft: () => sockets.every(({ destroyed }) => destroyed),
    goOn: () => {
      for (const near of [...sockets]) {
        const far = connect(to, FIRST)
        sockets.push(far)
        far.on('error', () => undefined)
        near.pipe(far).pipe(near)
      }
    },
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
