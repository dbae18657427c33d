import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import fc from 'fast-check'
import { isPaletteError } from '../../../lib/errors.ts'
import { startSandbox } from '../../../lib/sandbox/sandbox.ts'
import { useSandbox } from './running-sandbox.ts'
import { sendRaw } from './raw-socket.ts'

const MEGABYTE = 1024 * 1024

describe('sandbox server', () => {
  const running = useSandbox()
  const { send, token } = running
  const port = (): number => running.sandbox.info.port
  const raw = (head: string, body: string | Buffer = ''): Promise<{ text: string }> =>
    sendRaw(
      port(),
      Buffer.concat([Buffer.from(`${head}\r\nhost: x\r\nconnection: close\r\n\r\n`), Buffer.from(body)]),
    )

  it('answers unknown paths with 404 and wrong methods with 405 and Allow, as JSON', async () => {
    const unknown = await send('GET', '/no/such/path')
    assert.equal(unknown.status, 404)
    assert.match(unknown.json.message, /\/no\/such\/path/)
    const method = await send('DELETE', '/oauth2/token')
    assert.deepEqual([method.status, method.headers.get('allow')], [405, 'POST'])
    assert.deepEqual(running.sandbox.counts(), { none: 2 })
  })

  it('answers HEAD like GET, without the body', async () => {
    const access = await token()
    const get = await send('GET', '/api/v2/data-actions/order-status', { token: access })
    const head = await send('HEAD', '/api/v2/data-actions/order-status', { token: access })
    assert.deepEqual([head.status, head.text], [200, ''])
    assert.equal(head.headers.get('content-length'), String(Buffer.byteLength(get.text)))
    assert.equal(head.headers.get('etag'), get.headers.get('etag'))
  })

  it('refuses wrong percent-encodings and dot segments with 400', async () => {
    for (const id of ['%', '%zz', '%ff', '%C3%28', '..', '.']) {
      const { text } = await raw(`GET /api/v2/data-actions/${id} HTTP/1.1`)
      assert.match(text, /^HTTP\/1\.1 400 [\s\S]*bad_path/, id)
    }
  })

  it('takes an id that holds an encoded slash as one id', async () => {
    const access = await token()
    const { status, json } = await send('GET', '/api/v2/data-actions/a%2F..%2F..%2Foauth%2Ftoken', {
      token: access,
    })
    assert.equal(status, 404)
    assert.match(json.message, /No data action a\/\.\.\/\.\.\/oauth\/token/)
  })

  it('takes the absolute form that clients of a proxy send', async () => {
    const { text } = await raw('GET http://api.sandbox.test/.well-known/openid-configuration HTTP/1.1')
    assert.match(text, /^HTTP\/1\.1 200 /)
    assert.ok(text.includes(`http://127.0.0.1:${port()}/auth/token`), 'a foreign host is not repeated')
  })

  it('takes a body of 1 MiB and refuses a larger one with 413, however it is sent', async () => {
    const access = await token()
    const path = '/inContactAPI/services/v30.0/echo'
    const full = await send('POST', path, { token: access, body: 'x'.repeat(MEGABYTE) })
    assert.equal(full.status, 200)
    const tooLarge = await send('POST', path, { token: access, body: 'x'.repeat(20 * MEGABYTE) })
    assert.equal(tooLarge.status, 413)
    const chunk = `${(MEGABYTE + 1).toString(16)}\r\n${'x'.repeat(MEGABYTE + 1)}\r\n0\r\n\r\n`
    const { text } = await raw(`POST ${path} HTTP/1.1\r\ntransfer-encoding: chunked`, chunk)
    assert.match(text, /^HTTP\/1\.1 413 /)
  })

  it('answers bytes that are no HTTP with 400 and lives on', async () => {
    assert.match((await sendRaw(port(), '\x16\x03\x01 this is TLS\r\n\r\n')).text, /^HTTP\/1\.1 400 /)
    assert.equal((await send('GET', '/sandbox/health')).json.status, 'ok')
  })

  it('survives any bytes as path, header value and body', async () => {
    const access = await token()
    const printable = fc.stringMatching(/^[\x21-\x7e]{0,30}$/)
    const paths = fc.constantFrom(
      '/oauth/token',
      '/auth/token',
      '/authentication/v1/token/access-key',
      '/public/user/refresh',
      '/api/v2/data-actions/uuid-intake/execute',
      '/api/v1/integrations/connectors/x',
      '/webhooks/open',
      '/sandbox/faults',
      '/inContactAPI/services/v30.0/agents',
    )
    const body = fc.oneof(
      fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
      fc.json().map((json) => Buffer.from(json)),
    )
    const property = fc.asyncProperty(
      fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'PATCH'),
      fc.oneof(
        paths,
        printable.map((text) => `/${text}`),
      ),
      printable,
      body,
      async (method, path, value, bytes) => {
        const head = [
          `${method} ${path} HTTP/1.1`,
          `authorization: ${value.length % 2 === 0 ? value : `Bearer ${access}`}`,
          'accept: application/json',
          `if-match: ${value}`,
          `webhook-signature: ${value}`,
          `content-length: ${bytes.length}`,
        ]
        const { text } = await raw(head.join('\r\n'), bytes)
        const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(text)?.[1])
        assert.ok(status >= 200 && status < 500, `${head[0] ?? ''}: ${text.slice(0, 300)}`)
      },
    )
    await fc.assert(property, { numRuns: 150 })
  })

  it('records a call whose caller went away as status 0', async () => {
    const cut = `POST /oauth2/token HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nhalf`
    const socket = connect(port(), '127.0.0.1', () => socket.write(cut, () => socket.resetAndDestroy()))
    await new Promise((resolve) => socket.on('close', resolve))
    const gone = () =>
      running.sandbox.requests().some(({ route, status }) => route === 'none' && status === 0)
    while (!gone()) await new Promise((resolve) => setTimeout(resolve, 2))
    assert.ok(gone())
  })

  it('shows its page, which runs no foreign script, without recording the look', async () => {
    const { status, text, headers } = await send('GET', '/')
    assert.equal(status, 200)
    assert.match(headers.get('content-type') ?? '', /^text\/html/)
    assert.match(headers.get('content-security-policy') ?? '', /default-src 'none'/)
    for (const part of [
      'crm-customer-lookup',
      'sandbox-secret',
      running.sandbox.info.dnsServer,
      '/sandbox/page.js',
    ]) {
      assert.ok(text.includes(part), part)
    }
    assert.match((await send('GET', '/sandbox/page.js')).text, /textContent/)
    assert.match((await send('GET', '/sandbox/page.css')).text, /light dark/)
    assert.deepEqual(running.sandbox.requests(), [])
  })

  it('takes changes from programs and its own page, not from other pages', async () => {
    const reset = (origin: string) => send('POST', '/sandbox/reset', { headers: { origin } })
    assert.equal((await reset('https://evil.test')).status, 403)
    assert.equal((await reset('null')).status, 403)
    assert.equal((await reset(running.url)).status, 204)
  })

  it('keeps the last 1,000 calls and counts them all', async () => {
    const access = await token()
    for (let from = 0; from < 1020; from += 20) {
      await Promise.all(
        Array.from({ length: 20 }, (_, at) =>
          send('GET', `/api/v2/data-actions/n${from + at}`, { token: access }),
        ),
      )
    }
    const { json } = await send('GET', '/sandbox/requests')
    assert.equal(json.requests.length, 1000)
    assert.deepEqual(json.counts, { token: 1, lookup: 1020 })
    assert.ok(
      json.requests.every(
        ({ at }: { at: number }, index: number) => at >= (json.requests[index - 1]?.at ?? 0),
      ),
    )
    assert.equal((await send('DELETE', '/sandbox/requests')).status, 204)
    assert.deepEqual((await send('GET', '/sandbox/requests')).json, { counts: {}, requests: [] })
  })

  it('writes a line a request to its logger; a path with control characters never comes that far', async () => {
    const lines: string[] = []
    const logger = { info: (line: string) => lines.push(line), warn: (line: string) => lines.push(line) }
    const own = await startSandbox({ logger })
    const request = (path: string) =>
      sendRaw(
        own.info.port,
        Buffer.from(`GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`, 'latin1'),
      )
    await request('/a?b=c')
    for (const path of ['/\x1b[31m', '/\x9b31m', '/\x7f']) {
      assert.match((await request(path)).text, /^HTTP\/1\.1 400 /)
    }
    await own.close()
    assert.match(lines.join('\n'), /^GET \/a\?b=c 404 \d+\.\d ms$/)
  })

  it('says what to do when a port is taken, and frees the other', async () => {
    const taken = createServer()
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
    const { port: number } = taken.address() as AddressInfo
    for (const options of [{ port: number }, { dnsPort: number }]) {
      const [field = ''] = Object.keys(options)
      await assert.rejects(startSandbox(options), (error) => {
        assert.ok(isPaletteError(error))
        assert.deepEqual([error.code, error.details.field], ['CONFIG_INVALID', field])
        assert.match(error.message, new RegExp(`${number}.*choose another port`))
        return true
      })
    }
    await new Promise((resolve) => taken.close(resolve))
  })

  it('closes in the midst of a delay and a slow body, more than once', async () => {
    const own = await startSandbox({
      faults: ['discovery:delay=600000,slow-body=600000,huge-body=900000000'],
    })
    const calls = Array.from({ length: 3 }, async () => {
      const response = await fetch(`${own.info.url}/.well-known/openid-configuration`)
      await response.text()
    })
    while (
      (await fetch(`${own.info.url}/sandbox/faults`).then((answer) => answer.text())).includes('discovery')
    ) {
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    const ended = Promise.allSettled(calls)
    await Promise.all([own.close(), own.close()])
    assert.deepEqual(
      (await ended).map(({ status }) => status),
      ['rejected', 'rejected', 'rejected'],
    )
  })
})
