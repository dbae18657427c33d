import { generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto'

/** What a certificate of a test says (X.509, RFC 5280). */
export interface CertificateSpec {
  readonly commonName: string
  readonly organisation?: string
  /** DNS names and IPv4 addresses that it is for. */
  readonly names?: readonly string[]
  /** Unix milliseconds; default a day ago. */
  readonly from?: number
  /** Default in 90 days. */
  readonly to?: number
  /** Who signs it; left out: itself. */
  readonly issuer?: Issued
  readonly isAuthority?: boolean
  readonly key?: 'ec' | 'rsa'
  /** Where the issuer's certificate can be had (Authority Information Access). */
  readonly issuerUrl?: string
}

/** A certificate with its key. */
export interface Issued {
  /** PEM. */
  readonly cert: string
  readonly key: string
  readonly privateKey: KeyObject
  readonly subject: Buffer
}

export const DAY_MS = 86_400_000

/** Issues a certificate. */
export function issue(spec: CertificateSpec): Issued {
  const { commonName, organisation, names = [], issuer, isAuthority = false } = spec
  const { from = Date.now() - DAY_MS, to = Date.now() + 90 * DAY_MS } = spec
  const { privateKey, publicKey } =
    spec.key === 'rsa'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const subject = sequence(
    ...(organisation === undefined ? [] : [attribute('55040a', organisation)]),
    attribute('550403', commonName),
  )
  const signer = issuer?.privateKey ?? privateKey
  const algorithm =
    signer.asymmetricKeyType === 'rsa'
      ? sequence(oid('2a864886f70d01010b'), der(0x05, Buffer.alloc(0))) // sha256WithRSAEncryption
      : sequence(oid('2a8648ce3d040302')) // ecdsa-with-SHA256
  const body = sequence(
    der(0xa0, der(0x02, Buffer.of(2))), // version 3
    der(0x02, Buffer.concat([Buffer.of(1), randomBytes(8)])),
    algorithm,
    issuer?.subject ?? subject,
    sequence(time(from), time(to)),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...extensions({ ...spec, names, isAuthority }))),
  )
  const signature = der(0x03, Buffer.concat([Buffer.of(0), sign('sha256', body, signer)]))
  return {
    cert: pem(sequence(body, algorithm, signature)),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    privateKey,
    subject,
  }
}

function extensions({ names = [], isAuthority, issuerUrl }: CertificateSpec): Buffer[] {
  const alternatives = names.map((name) =>
    /^\d+(\.\d+){3}$/.test(name)
      ? der(0x87, Buffer.from(name.split('.').map(Number)))
      : der(0x82, Buffer.from(name)),
  )
  const access = (url: string): Buffer =>
    sequence(sequence(oid('2b06010505073002'), der(0x86, Buffer.from(url))))
  return [
    ...(alternatives.length > 0 ? [extension('551d11', sequence(...alternatives))] : []),
    ...(isAuthority ? [extension('551d13', sequence(der(0x01, Buffer.of(255))))] : []),
    ...(issuerUrl === undefined ? [] : [extension('2b06010505070101', access(issuerUrl))]),
  ]
}

function pem(octets: Buffer): string {
  const lines = octets.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}

function der(tag: number, content: Buffer): Buffer {
  const { length } = content
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255]
  return Buffer.concat([Buffer.of(tag, ...size), content])
}

const sequence = (...parts: Buffer[]): Buffer => der(0x30, Buffer.concat(parts))
const oid = (hex: string): Buffer => der(0x06, Buffer.from(hex, 'hex'))
const attribute = (type: string, text: string): Buffer =>
  der(0x31, sequence(oid(type), der(0x0c, Buffer.from(text))))
const extension = (id: string, value: Buffer): Buffer => sequence(oid(id), der(0x04, value))
const time = (ms: number): Buffer =>
  der(0x17, Buffer.from(`${new Date(ms).toISOString().slice(2, 19).replace(/[-:T]/g, '')}Z`))
