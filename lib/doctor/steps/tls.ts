import { isoTime } from '../../system.ts'
import { certificateFacts } from '../certificates.ts'
import { CXONE_CLIENT_SUITES } from '../cipher-suites.ts'
import type { Step } from '../examination.ts'
import { finding, type Finding } from '../findings.ts'
import {
  shakeHands,
  type FailedHandshake,
  type Handshake,
  type SecureFacts,
  type TlsSettings,
} from '../network/tls.ts'
import { openWay, type ProxyPlace } from '../network/route.ts'
import type { Target } from '../targets.ts'
import { step, timed, type StepCall } from './step.ts'
import { judgeCertificate, type Authorities } from './trust.ts'

/** What the step needs. */
export interface TlsCall extends StepCall {
  readonly address: string
  readonly by: ProxyPlace | undefined
  readonly tls: TlsSettings
  readonly authorities: Authorities
}

/** What came of it; a certificate that is not trusted still leads on, as nothing secret is sent. */
export interface TlsOutcome {
  readonly step: Step
  readonly isSecure: boolean
}

const OLD = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' } as const
const WEAK = { minVersion: 'TLSv1.2', ciphers: 'ALL:eNULL:@SECLEVEL=0' } as const
const AS_CXONE = {
  minVersion: 'TLSv1.2',
  maxVersion: 'TLSv1.2',
  ciphers: `${CXONE_CLIENT_SUITES.join(':')}:@SECLEVEL=0`,
} as const

/** Shakes hands as the palette does; where that fails, tries what tells why. */
export async function tlsStep(target: Target, call: TlsCall): Promise<TlsOutcome> {
  const { clock } = call
  const [first, latencyMs] = await timed(clock, () => handshake(target, call))
  if (first.outcome !== 'secure') {
    const why = await explain(target, call, first)
    const facts = { code: first.code, message: first.message }
    return {
      step: step('tls', `${first.code}: ${short(first.message)}`, latencyMs, [why], facts),
      isSecure: false,
    }
  }
  const certificate = certificateFacts(first.certificates, isoTime)
  const asCxone = target.caller === 'cxone' ? await handshake(target, call, { options: AS_CXONE }) : undefined
  const findings = [
    ...judgeCertificate(target, first, call.authorities, clock.now()),
    ...(asCxone && asCxone.outcome !== 'secure' ? [noSuite(target, first)] : []),
  ]
  const cxoneCipher = asCxone?.outcome === 'secure' ? asCxone.cipher : null
  const { protocol, cipher, distrust } = first
  const facts = {
    protocol,
    cipher,
    distrust,
    certificate: certificate ?? null,
    ...(asCxone ? { cxoneCipher } : {}),
  }
  const suite = cxoneCipher === null ? cipher : `${cipher}; with CXone ${cxoneCipher}`
  const until = certificate
    ? `; ${certificate.subject}, by ${certificate.issuer}, until ${certificate.validTo.slice(0, 10)}`
    : ''
  return {
    step: step('tls', `${protocol} ${suite}${until}`, first.latencyMs, findings, facts),
    isSecure: true,
  }
}

const short = (message: string): string => {
  // OpenSSL's own form: `80C...:error:0A000102:SSL routines:ssl_choose_client_version:unsupported protocol:../deps/...`
  const reason = /SSL routines:[^:]*:([^:]+)/.exec(message)?.[1]
  return (reason ?? message).trim().slice(0, 200)
}

async function handshake(
  target: Target,
  call: TlsCall,
  more: { readonly options?: TlsSettings; readonly tellsName?: boolean } = {},
): Promise<Handshake> {
  const { address, by, tls, clock, timeoutMs, signal } = call
  const opened = await openWay(target, address, by, call)
  if (!('socket' in opened)) {
    const { outcome, latencyMs, code } = opened.attempt
    const kind = outcome === 'timeout' || outcome === 'reset' ? outcome : 'failed'
    return {
      outcome: kind,
      latencyMs,
      code: code ?? 'ECONNRESET',
      message: 'the connection failed this time',
    }
  }
  const options = { ...tls, ...more.options }
  return await shakeHands(opened.socket, { ...more, host: target.host, clock, timeoutMs, signal, options })
}

async function explain(target: Target, call: TlsCall, first: FailedHandshake): Promise<Finding> {
  const { id, host, port } = target
  const { code, outcome } = first
  if (outcome === 'timeout' || outcome === 'reset') return await cut(target, call, outcome)
  if (/WRONG_VERSION_NUMBER|PACKET_LENGTH|HTTP_REQUEST|BAD_PACKET|RECORD_LAYER|UNEXPECTED_MESSAGE/.test(code))
    return finding(
      'TLS_NOT_SPOKEN',
      `${id} answers, but not with TLS (${code})`,
      `Check the port. If it is right, a captive portal or a proxy answers in place of ${host}: ask the network team`,
    )
  if (/CERTIFICATE_REQUIRED|BAD_CERTIFICATE/.test(code))
    return finding(
      'TLS_CLIENT_CERTIFICATE',
      `${id} wants a client certificate, or another one (${code})`,
      'Choose a tls-config node with the client certificate and its key; in CXone, Integration Hub has mutual TLS',
    )
  const advice = `Ask ${target.caller === 'cxone' ? `the owner of ${host}` : 'the network team whether a proxy opens TLS, and the owner of the host,'} for TLS 1.2 or 1.3 with today's cipher suites on port ${port}; a server that wants a client certificate also ends like this`
  const weak = await handshake(target, call, { options: WEAK })
  if (weak.outcome === 'secure')
    return finding(
      'TLS_WEAK_CIPHER',
      `${id} agrees only to ${weak.cipher}, which Node.js and CXone no longer take`,
      advice,
    )
  const old = await handshake(target, call, { options: OLD })
  if (old.outcome === 'secure')
    return finding(
      'TLS_OLD_VERSION',
      `${id} speaks ${old.protocol} at best; CXone and Node.js need TLS 1.2`,
      advice,
    )
  return finding(
    'TLS_HANDSHAKE_FAILED',
    `The TLS handshake with ${id} fails: ${short(first.message)} (${code})`,
    advice,
  )
}

/** Whether the handshake passes without the name tells of a filter that reads it. */
async function cut(target: Target, call: TlsCall, outcome: 'timeout' | 'reset'): Promise<Finding> {
  const { id, host, port } = target
  const nameless = await handshake(target, call, { tellsName: false })
  const filter =
    nameless.outcome === 'secure'
      ? '; without the host name in it (SNI) it passes: something on the way filters by name'
      : ''
  const what = outcome === 'timeout' ? `gets no answer within ${call.timeoutMs} ms` : 'is cut'
  return finding(
    outcome === 'timeout' ? 'TLS_TIMEOUT' : 'TLS_RESET',
    `TCP connects to ${id}, but the TLS handshake ${what}${filter}`,
    `Ask the network team which firewall or proxy inspects TLS to ${host} port ${port}, and to let it through`,
  )
}

function noSuite({ id, host }: Target, { protocol, cipher }: SecureFacts): Finding {
  const isModern = protocol === 'TLSv1.3'
  const known = isModern ? '. Whether CXone offers TLS 1.3 is not documented' : ''
  return finding(
    isModern ? 'TLS_CXONE_CIPHER_UNSURE' : 'TLS_NO_CXONE_CIPHER',
    `By TLS 1.2, ${id} takes none of the suites that CXone documents for its calls (${CXONE_CLIENT_SUITES.join(', ')}); this machine agreed with it on ${protocol} ${cipher}${known}`,
    `Ask the owner of ${host} to add ECDHE-RSA-AES128-SHA or DHE-RSA-AES128-GCM-SHA256 to TLS 1.2, or to use an ECDSA certificate`,
  )
}
