import { createHmac, hash, timingSafeEqual } from 'node:crypto'
import { configError } from '../errors.ts'
import { headerOf, type IncomingRequest } from './http.ts'

/** How callers show who they are. */
export type AuthMode = 'none' | 'header' | 'bearer' | 'basic' | 'hmac'

/** What {@link createAuthenticator} needs. */
export interface AuthSettings {
  readonly authMode: AuthMode
  /** Of `header` and `hmac`, in any case. */
  readonly headerName: string
  readonly secret: string
  /** Of `basic`. */
  readonly user: string
}

type Request = Pick<IncomingRequest, 'headers'>

/** Tells callers who may from those who may not. Comparisons take the same time whatever is given. */
export interface Authenticator {
  /** Before the body is read; true where only the body can tell. */
  readonly allowsHeaders: (request: Request) => boolean
  /** With the raw body; true where the headers told already. */
  readonly allowsBody: (request: Request, raw: Buffer) => boolean
  /** Whether {@link allowsBody} looks at the body. */
  readonly needsRawBody: boolean
  /** `WWW-Authenticate` of a refusal. */
  readonly challenge: string | undefined
}

/** @throws `CONFIG_INVALID` for a mode without its credential: an endpoint is never open by mistake. */
export function createAuthenticator(settings: AuthSettings): Authenticator {
  const { authMode, headerName, secret, user } = settings
  if (authMode !== 'none' && secret.trim() === '') throw missing('secret', authMode)
  if (authMode === 'basic' && user === '') throw missing('user', authMode)
  if (authMode === 'basic' && user.includes(':'))
    throw configError('user', 'Property `user`: HTTP allows no colon in the name of a user')
  const name = headerName.toLowerCase()
  switch (authMode) {
    case 'none':
      return byHeaders(() => true)
    case 'header':
      return byHeaders(equals(secret, (request) => headerOf(request, name)))
    case 'bearer':
      return byHeaders(
        equals(secret, (request) => credentialOf(request, 'bearer')),
        'Bearer',
      )
    case 'basic':
      return byHeaders(basic(user, secret), 'Basic realm="data action", charset="UTF-8"')
    case 'hmac':
      return { ...byHeaders(() => true), allowsBody: signed(name, secret), needsRawBody: true }
  }
}

const missing = (field: string, mode: AuthMode): Error =>
  configError(field, `Property \`${field}\`: the authentication \`${mode}\` needs it, but it is empty`)

const byHeaders = (allowsHeaders: Authenticator['allowsHeaders'], challenge?: string): Authenticator => ({
  allowsHeaders,
  allowsBody: () => true,
  needsRawBody: false,
  challenge,
})

// Digests are of one length, so that the comparison tells nothing of the length of the secret.
const digest = (value: string | Buffer): Buffer => hash('sha256', value, 'buffer')

function equals(secret: string, read: (request: Request) => string | undefined) {
  const expected = digest(secret)
  return (request: Request): boolean => {
    const given = read(request)
    // Node.js reads the bytes of headers as Latin-1.
    return given !== undefined && timingSafeEqual(digest(Buffer.from(given, 'latin1')), expected)
  }
}

function credentialOf(request: Request, scheme: string): string | undefined {
  const header = headerOf(request, 'authorization') ?? ''
  const [given = '', ...rest] = header.split(' ')
  return given.toLowerCase() === scheme ? rest.join(' ').trim() : undefined
}

function basic(user: string, password: string) {
  const expected = digest(`${user}:${password}`)
  return (request: Request): boolean => {
    const given = credentialOf(request, 'basic')
    return given !== undefined && timingSafeEqual(digest(Buffer.from(given, 'base64')), expected)
  }
}

function signed(headerName: string, secret: string): Authenticator['allowsBody'] {
  return (request, raw) => {
    const given = headerOf(request, headerName)
    if (given === undefined) return false
    const expected = `sha256=${createHmac('sha256', secret).update(raw).digest('hex')}`
    return timingSafeEqual(digest(given), digest(expected))
  }
}
