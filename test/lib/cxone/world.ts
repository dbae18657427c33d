import { inspect } from 'node:util'
import assert from 'node:assert/strict'
import type { CxoneClient } from '../../../lib/cxone/access.ts'
import {
  createCxoneAccess,
  type AccessSettings,
  type ManagedAccess,
} from '../../../lib/cxone/create-access.ts'
import type { PaletteError } from '../../../lib/errors.ts'
import { createHttpClient } from '../../../lib/http/client.ts'
import { TokenSlots } from '../../../lib/auth/token-slots.ts'
import type { Clock } from '../../../lib/ports.ts'
import { fakeClock, type FakeClock } from '../http/fake-clock.ts'
import { answerJson, startServer, type Received, type StubServer } from '../http/stub-server.ts'

/** A small CXone over real sockets, with a client of ours before it. */
export interface World {
  readonly clock: FakeClock
  readonly server: StubServer
  readonly access: ManagedAccess
  readonly client: CxoneClient
  /** The API calls, without those to the token endpoint. */
  readonly calls: () => Received[]
  readonly tokenCalls: () => Received[]
  close(): Promise<void>
}

export const SECRET = 'S3CRET-of-the-client'
export const tokenOf = (n: number): string => `TOKEN-${n}-${'x'.repeat(20)}`

export const settings: AccessSettings = {
  profile: 'custom',
  tenant: '',
  baseUrl: '',
  environment: '',
  org: '',
  region: '',
  area: '',
  issuer: '',
  tokenUrl: '',
  apiBaseUrl: '',
  clientAuth: 'body',
  scopes: '',
  refreshBufferS: 30,
  timeoutMs: 2000,
  maxRetries: 3,
  baseDelayMs: 500,
  maxDelayMs: 30_000,
  paths: {
    dataAction: '/api/v2/data-actions/{id}',
    execute: '/api/v2/data-actions/{id}/execute',
    connector: '/api/v1/integrations/connectors/{id}',
  },
}

/** Starts a world whose API answers as told; `count` counts API calls from 0. Tokens are `tokenOf(1)`, ... */
export async function startWorld(
  answer: (
    request: Received,
    response: Parameters<typeof answerJson>[0],
    count: number,
  ) => void | Promise<void>,
  more: Partial<AccessSettings> | ((url: string) => Partial<AccessSettings>) = {},
  real?: Clock,
): Promise<World> {
  const calls: Received[] = []
  const tokenCalls: Received[] = []
  const server = await startServer((request, response) => {
    if (request.url === '/token') {
      tokenCalls.push(request)
      answerJson(response, 200, { access_token: tokenOf(tokenCalls.length), expires_in: 3600 })
      return
    }
    calls.push(request)
    return answer(request, response, calls.length - 1)
  })
  const clock = fakeClock()
  const http = createHttpClient({ clock: real ?? clock })
  const access = createCxoneAccess({
    settings: {
      ...settings,
      tokenUrl: `${server.url}/token`,
      apiBaseUrl: server.url,
      ...(typeof more === 'function' ? more(server.url) : more),
    },
    credentials: { clientId: 'client', clientSecret: SECRET, accessKeyId: '', accessKeySecret: '' },
    send: http.send,
    clock: real ?? clock,
    random: { uniform: () => 0.5 },
    slots: new TokenSlots(),
  })
  return {
    clock,
    server,
    access,
    client: access.client,
    calls: () => calls,
    tokenCalls: () => tokenCalls,
    close: async () => {
      access.close()
      await http.close()
      await server.close()
    },
  }
}

/** The failure of a promise; fails the test if no failure, or if any part of it holds a secret. */
export async function failureOf(promise: Promise<unknown>): Promise<PaletteError> {
  try {
    await promise
  } catch (error) {
    const text =
      inspect(error, { depth: 20, showHidden: true }) + JSON.stringify(error) + String((error as Error).stack)
    assert.ok(!/S3CRET|TOKEN-\d/.test(text), `a secret is in the error: ${text}`)
    return error as PaletteError
  }
  return assert.fail('expected a failure')
}
