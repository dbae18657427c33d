import type { Clock } from '../../../lib/ports.ts'
import { startSandbox, type Sandbox, type SandboxOptions } from '../../../lib/sandbox/sandbox.ts'
import { systemClock } from '../../../lib/system.ts'

/** The machine's clock, with a `now` that a test can move. */
export interface MovableClock extends Clock {
  advance(ms: number): void
  /** All waits so far, in milliseconds. */
  readonly slept: readonly number[]
}

function movableClock(): MovableClock {
  let ahead = 0
  const slept: number[] = []
  return {
    ...systemClock,
    slept,
    sleep: (ms, signal) => {
      slept.push(ms)
      return systemClock.sleep(ms, signal)
    },
    now: () => systemClock.now() + ahead,
    advance: (ms) => {
      ahead += ms
    },
  }
}

/** One answer, read to its end. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** Parsed, where the text is JSON. */
  readonly json: any
}

/** A sandbox with the calls that tests make. Registers its own clean-up with mocha. */
export interface RunningSandbox {
  readonly sandbox: Sandbox
  readonly clock: MovableClock
  readonly url: string
  send(method: string, path: string, options?: SendOptions): Promise<Answer>
  /** A new token of the client that may do everything, or of another. */
  token(client?: { id: string; secret: string }, scope?: string): Promise<string>
}

export interface SendOptions {
  readonly headers?: Record<string, string>
  readonly body?: string | URLSearchParams | object
  readonly token?: string
}

/** Starts one sandbox for all tests of a `describe`; between tests it is reset. */
export function useSandbox(options: SandboxOptions = {}): RunningSandbox {
  const clock = movableClock()
  let sandbox: Sandbox
  before(async () => {
    sandbox = await startSandbox({ clock, ...options })
  })
  afterEach(() => sandbox.reset())
  after(() => sandbox.close())
  const send: RunningSandbox['send'] = (method, path, sendOptions) =>
    sendTo(sandbox.info.url, method, path, sendOptions)
  return {
    get sandbox() {
      return sandbox
    },
    get url() {
      return sandbox.info.url
    },
    clock,
    send,
    token: async (client = { id: 'sandbox', secret: 'sandbox-secret' }, scope) => {
      const form = { grant_type: 'client_credentials', client_id: client.id, client_secret: client.secret }
      const body = new URLSearchParams(scope === undefined ? form : { ...form, scope })
      const { json } = await send('POST', '/oauth2/token', { body })
      return String(json.access_token)
    },
  }
}

async function sendTo(
  url: string,
  method: string,
  path: string,
  { headers = {}, body, token }: SendOptions = {},
): Promise<Answer> {
  const isJson = typeof body === 'object' && !(body instanceof URLSearchParams)
  const response = await fetch(url + path, {
    method,
    redirect: 'manual',
    headers: {
      accept: 'application/json',
      ...(isJson ? { 'content-type': 'application/json' } : {}),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: isJson ? JSON.stringify(body) : body }),
  })
  const text = await response.text()
  return { status: response.status, headers: response.headers, text, json: parsed(text) }
}

function parsed(text: string): any {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
