import assert from 'node:assert/strict'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'
import type { HostReport } from '../../../lib/doctor/examination.ts'
import { actionTarget, targetOf } from '../../../lib/doctor/targets.ts'
import { DAY_MS, issue } from '../../support/certificates.ts'
import type { DnsTree } from '../../support/dns-tree.ts'
import {
  certificateFor,
  Cleanup,
  codesOf,
  examineIn,
  intermediate,
  labTree,
  listenHttps,
  listenTcp,
  root,
  serveDns,
  stepOf,
  type LabOptions,
} from './lab.ts'

const HOST = 'acme.good.test'

describe('the doctor on TLS', () => {
  const cleanup = new Cleanup()
  let tree: DnsTree
  before(() => {
    tree = labTree()
  })
  afterEach(() => cleanup.run())

  const examineAt = async (port: number, options: LabOptions = {}, role: 'token' | 'action' = 'token') => {
    const url = `https://${HOST}:${port}/oauth/token`
    const probes = [{ kind: 'token', method: 'POST', url, body: 'x' }] as const
    const target = role === 'action' ? actionTarget(url) : targetOf(url, 'token', probes)
    const dns = await serveDns(tree, cleanup)
    const { examination } = await examineIn([target], { dns, anchor: tree.anchor, ...options }, cleanup)
    const [host] = examination.hosts
    assert.ok(host)
    return host
  }
  const examineServer = async (
    server: TlsOptions,
    role?: 'token' | 'action',
    options?: LabOptions,
  ): Promise<HostReport> => examineAt(await listenHttps(server, cleanup), options, role)

  it('finds nothing wrong with a server of today, and tells version, suite and certificate', async () => {
    const host = await examineServer(certificateFor([HOST]))
    assert.deepEqual(codesOf(host), [])
    assert.equal(host.verdict, 'ok')
    const { facts, text } = stepOf(host, 'tls')
    assert.equal(facts['protocol'], 'TLSv1.3')
    assert.match(String(facts['cipher']), /^TLS_AES/)
    const certificate = facts['certificate'] as Record<string, unknown>
    assert.deepEqual(certificate['names'], [HOST])
    assert.equal(certificate['issuer'], 'Lab Issuing CA (Lab Trust)')
    assert.match(
      text,
      /^TLSv1\.3 TLS_AES\w+; acme\.good\.test, by Lab Issuing CA \(Lab Trust\), until \d{4}-\d\d-\d\d$/,
    )
  })

  const now = Date.now()
  const stranger = issue({ commonName: 'Corporate CA', organisation: 'Somebody', isAuthority: true })
  const inspector = issue({
    commonName: 'Zscaler Intermediate Root CA',
    organisation: 'Zscaler Inc.',
    isAuthority: true,
  })
  const named = { commonName: HOST, names: [HOST] }
  const leaf = issue({ ...named, issuer: intermediate })
  const faults: readonly (readonly [
    what: string,
    server: TlsOptions,
    codes: readonly string[],
    says: RegExp,
  ])[] = [
    [
      'an expired certificate',
      certificateFor([HOST], { from: now - 9 * DAY_MS, to: now - DAY_MS }),
      ['TLS_CERTIFICATE_EXPIRED'],
      /expired on \d{4}-/,
    ],
    [
      'a certificate of the future',
      certificateFor([HOST], { from: now + DAY_MS }),
      ['TLS_CERTIFICATE_NOT_YET_VALID'],
      /valid only from/,
    ],
    [
      'one that ends within two weeks',
      certificateFor([HOST], { from: now - 60 * DAY_MS, to: now + 5 * DAY_MS }),
      ['TLS_CERTIFICATE_EXPIRES_SOON'],
      /expires on/,
    ],
    [
      'a wrong name',
      certificateFor(['other.test']),
      ['TLS_CERTIFICATE_WRONG_NAME'],
      /is for other\.test, not for acme\.good\.test/,
    ],
    [
      'a wrong name, and expired',
      certificateFor(['other.test'], { from: now - 9 * DAY_MS, to: now - DAY_MS }),
      ['TLS_CERTIFICATE_EXPIRED', 'TLS_CERTIFICATE_WRONG_NAME'],
      /expired/,
    ],
    [
      'an expired certificate of an authority that nobody knows',
      issue({ ...named, issuer: stranger, from: now - 9 * DAY_MS, to: now - DAY_MS }),
      ['TLS_CERTIFICATE_EXPIRED', 'TLS_INTERCEPTED'],
      /expired/,
    ],
    [
      'a certificate that vouches for itself',
      issue(named),
      ['TLS_CERTIFICATE_SELF_SIGNED'],
      /vouches for itself/,
    ],
    [
      'an intermediate that is left out',
      { key: leaf.key, cert: leaf.cert },
      ['TLS_CHAIN_INCOMPLETE'],
      /does not send the certificate of Lab Issuing CA \(Lab Trust\).*1 sent/,
    ],
    [
      'an authority that nobody knows',
      issue({ ...named, issuer: stranger }),
      ['TLS_INTERCEPTED'],
      /comes from Corporate CA \(Somebody\), whom nobody knows/,
    ],
    [
      'an inspecting proxy',
      issue({ ...named, issuer: inspector }),
      ['TLS_INTERCEPTED'],
      /^Zscaler Intermediate Root CA \(Zscaler Inc\.\) opens the TLS/,
    ],
  ]
  for (const [what, server, codes, says] of faults) {
    it(`tells ${what}`, async () => {
      const host = await examineServer(server)
      assert.deepEqual(codesOf(host), codes)
      assert.match(stepOf(host, 'tls').findings[0]?.message ?? '', says)
      assert.equal(stepOf(host, 'http').mark, 'ok', 'what answers is looked at all the same')
    })
  }

  it('takes a missing intermediate with an address of its issuer for left out, whoever the issuer is', async () => {
    const far = issue({ commonName: 'Far CA', organisation: 'Far', isAuthority: true })
    const server = issue({ ...named, issuer: far, issuerUrl: 'http://ca.example.test/far.cer' })
    assert.deepEqual(codesOf(await examineServer(server)), ['TLS_CHAIN_INCOMPLETE'])
  })

  it('tells an authority that only the operating system trusts from an unknown one', async () => {
    const authorities = { trusted: () => [], system: () => ['no certificate', stranger.cert], own: [] }
    const host = await examineServer(issue({ ...named, issuer: stranger }), 'token', {
      ports: { authorities },
    })
    assert.deepEqual(codesOf(host), ['TLS_UNKNOWN_ISSUER'])
    assert.match(stepOf(host, 'tls').findings[0]?.advice ?? '', /NODE_USE_SYSTEM_CA=1/)
  })

  it('notes an inspecting proxy that this machine trusts', async () => {
    const task = { route: { tls: { ca: inspector.cert } } }
    const host = await examineServer(issue({ ...named, issuer: inspector }), 'token', { task })
    assert.deepEqual(codesOf(host), ['TLS_INSPECTED'])
    assert.equal(host.verdict, 'ok')
  })

  it('tells a server that speaks TLS 1.1 at best', async () => {
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' } as const
    const host = await examineServer({ ...certificateFor([HOST]), ...old })
    assert.deepEqual(codesOf(host), ['TLS_OLD_VERSION'])
    assert.match(stepOf(host, 'tls').findings[0]?.message ?? '', /speaks TLSv1\.1 at best/)
    assert.equal(stepOf(host, 'http').mark, 'skipped')
  })

  it('tells a server that agrees only to suites without protection', async () => {
    const weak = { maxVersion: 'TLSv1.2', ciphers: 'AECDH-AES128-SHA:@SECLEVEL=0' } as const
    const host = await examineServer({ ...certificateFor([HOST], { key: 'rsa' }), ...weak })
    assert.deepEqual(codesOf(host), ['TLS_WEAK_CIPHER'])
    assert.match(stepOf(host, 'tls').findings[0]?.message ?? '', /agrees only to AECDH-AES128-SHA/)
  })

  it('tells a server that wants a client certificate', async () => {
    const mutual = { requestCert: true, rejectUnauthorized: true, ca: root.cert }
    const host = await examineServer({ ...certificateFor([HOST]), ...mutual })
    assert.deepEqual(codesOf(host), ['TLS_CLIENT_CERTIFICATE'])
  })

  describe('of an endpoint that CXone calls', () => {
    const rsa = certificateFor([HOST], { key: 'rsa' })
    const gcmOnly = 'ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256'
    const cases: readonly (readonly [
      what: string,
      server: TlsOptions,
      codes: readonly string[],
      cipher: string | null,
    ])[] = [
      ['an ECDSA certificate', certificateFor([HOST]), [], 'ECDHE-ECDSA-AES128-GCM-SHA256'],
      [
        'an RSA certificate with a CBC suite',
        { ...rsa, ciphers: `${gcmOnly}:ECDHE-RSA-AES128-SHA` },
        [],
        'ECDHE-RSA-AES128-SHA',
      ],
      [
        'an RSA certificate with GCM suites alone, and TLS 1.3',
        { ...rsa, ciphers: `TLS_AES_256_GCM_SHA384:${gcmOnly}` },
        ['TLS_CXONE_CIPHER_UNSURE'],
        null,
      ],
      [
        'an RSA certificate with GCM suites alone',
        { ...rsa, ciphers: gcmOnly, maxVersion: 'TLSv1.2' },
        ['TLS_NO_CXONE_CIPHER'],
        null,
      ],
    ]
    for (const [what, server, codes, cipher] of cases) {
      it(`tells whether ${what} has a suite that CXone documents`, async () => {
        const host = await examineServer(server, 'action')
        assert.deepEqual(codesOf(host, 'tls'), codes)
        assert.equal(stepOf(host, 'tls').facts['cxoneCipher'], cipher)
      })
    }

    it('never calls the endpoint itself', async () => {
      const seen: string[] = []
      const port = await listenHttps(certificateFor([HOST]), cleanup, (request, response) => {
        seen.push(`${request.method} ${request.url}`)
        response.end()
      })
      await examineAt(port, {}, 'action')
      assert.deepEqual(seen, ['HEAD /'])
    })
  })

  it('tells a port that answers otherwise', async () => {
    const port = await listenTcp((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'), cleanup)
    assert.deepEqual(codesOf(await examineAt(port)), ['TLS_NOT_SPOKEN'])
  })

  it('tells a handshake that gets no answer from one that is cut', async () => {
    const silent = await listenTcp(() => undefined, cleanup)
    assert.deepEqual(codesOf(await examineAt(silent, { timeoutMs: 300 })), ['TLS_TIMEOUT'])
    const cutting = await listenTcp((socket) => socket.once('data', () => socket.resetAndDestroy()), cleanup)
    const host = await examineAt(cutting)
    assert.deepEqual(codesOf(host), ['TLS_RESET'])
    assert.doesNotMatch(stepOf(host, 'tls').findings[0]?.message ?? '', /SNI/)
  })

  it('tells a filter that goes by the host name in the handshake', async () => {
    const server = createTlsServer(certificateFor([HOST]))
    const port = await listenTcp((socket) => {
      socket.once('data', (hello) => {
        if (hello.includes(HOST)) {
          socket.resetAndDestroy()
          return
        }
        socket.pause()
        socket.unshift(hello)
        server.emit('connection', socket)
      })
    }, cleanup)
    const host = await examineAt(port)
    assert.deepEqual(codesOf(host), ['TLS_RESET'])
    assert.match(
      stepOf(host, 'tls').findings[0]?.message ?? '',
      /\(SNI\) it passes: something on the way filters by name/,
    )
  })
})
