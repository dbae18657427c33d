import assert from 'node:assert/strict'
import { startSandboxDns, type SandboxDns } from '../../lib/sandbox/dns-server.ts'
import { editorDefs } from '../support/editor-defs.ts'
import { until } from '../support/until.ts'
import { failureOf, loadFlow, sentOf, unloadFlow, type LoadedFlow, type Msg } from './harness.ts'

const AUTH = { id: 'auth', type: 'cxone-auth' }

describe('dns-resolve', () => {
  afterEach(unloadFlow)
  const sandboxed = (more: object = {}): Promise<LoadedFlow> =>
    loadFlow([AUTH, { id: 'n', type: 'dns-resolve', auth: 'auth', dnssec: 'ad', ...more }])
  const failed = async (flow: LoadedFlow, payload: unknown) => failureOf(await flow.receive('n', { payload }))

  it('gives the records, with the rest of the message as it was', async () => {
    const flow = await sandboxed()
    const req = { on: 1 }
    const input: Msg = { payload: 'WWW.sandbox.test.', topic: 't', req, cxone: { before: 1 } }
    const msg = sentOf(await flow.receive('n', input))
    assert.equal(msg, input)
    assert.equal(msg['req'], req)
    assert.equal(msg['topic'], 't')
    const { latencyMs, expiresAt, server, dnssec, ...rest } = msg['payload']
    assert.ok(latencyMs > 0)
    assert.ok(Date.parse(expiresAt) > Date.now())
    assert.match(server, /^127\.0\.0\.1:\d+$/)
    assert.equal(dnssec.status, 'secure')
    assert.deepEqual(rest, {
      domain: 'www.sandbox.test',
      records: { A: ['127.0.0.1'], AAAA: ['::1'] },
      ttl: 300,
      cacheHit: false,
      cnameChain: [
        'www.sandbox.test.',
        'edge.sandbox.test.',
        'pop-1.edge.sandbox.test.',
        'api.sandbox.test.',
      ],
      transport: 'udp',
      queries: 2,
      addresses: { public: [], private: ['127.0.0.1', '::1'] },
    })
    assert.equal(msg['cxone'].before, 1)
    assert.equal(msg['cxone'].dns.dnssec, 'secure')
    assert.match(msg['cxone'].correlationId, /^[0-9a-f-]{36}$/)
    const again = sentOf(await flow.receive('n', { payload: 'www.sandbox.test' }))
    assert.equal(again['payload'].cacheHit, true)
    assert.equal(flow.node('n').type, 'dns-resolve')
  })

  it('takes a directive whose fields override its own', async () => {
    const flow = await sandboxed({ recordTypes: ['TXT'], cache: false })
    const directive = {
      domain: 'sandbox.test',
      recordTypes: ['MX', 'CAA'],
      ttlOverrideS: 3600,
      maxQueriesPerMinute: 100,
      dnssecRequired: false,
    }
    const { records, ttl } = sentOf(await flow.receive('n', { payload: directive }))['payload']
    assert.deepEqual(Object.keys(records), ['MX', 'CAA'])
    assert.deepEqual(records.MX[0], { preference: 10, exchange: 'mx1.sandbox.test' })
    assert.equal(ttl, 3600)
    const own = sentOf(await flow.receive('n', { payload: { domain: 'sandbox.test' } }))['payload']
    assert.deepEqual(own.records, { TXT: ['v=spf1 -all'] })
    const unsigned = { domain: 'unsigned.sandbox.test', recordTypes: ['A'] }
    assert.equal((await failed(flow, unsigned)).code, 'DNS_DNSSEC_INSECURE')
    const accepted = sentOf(await flow.receive('n', { payload: { ...unsigned, dnssecRequired: false } }))
    assert.equal(accepted['payload'].dnssec.status, 'insecure')
  })

  const validating = (more: object = {}): Promise<LoadedFlow> =>
    loadFlow([AUTH, { id: 'n', type: 'dns-resolve', auth: 'auth', ...more }])

  it('validates by itself when nothing else is chosen, from the root of the sandbox down', async () => {
    const flow = await validating()
    const secure = sentOf(await flow.receive('n', { payload: 'www.sandbox.test' }))['payload']
    assert.equal(secure.dnssec.status, 'secure')
    assert.match(secure.dnssec.reason, /every signature is right/)
    assert.deepEqual(secure.records, { A: ['127.0.0.1'], AAAA: ['::1'] })
    assert.ok(secure.queries > 2, 'the chain of trust is asked for too')
    const { proof } = sentOf(await flow.receive('n', { payload: 'www.sandbox.test' }))['cxone'].dns
    assert.deepEqual(proof.records, secure.records)
    assert.equal(proof.steps[0].name, '.')
    assert.equal(proof.steps[0].type, 'DNSKEY')
    assert.deepEqual(JSON.parse(JSON.stringify(proof)), proof)
    const codes: Record<string, string> = {
      'missing.sandbox.test': 'DNS_NXDOMAIN',
      'loop1.sandbox.test': 'DNS_CNAME_LOOP',
      'bogus.sandbox.test': 'DNS_DNSSEC_BOGUS',
      'expired.sandbox.test': 'DNS_DNSSEC_BOGUS',
      'unsigned.sandbox.test': 'DNS_DNSSEC_INSECURE',
      'servfail.sandbox.test': 'DNS_SERVFAIL',
    }
    for (const [domain, code] of Object.entries(codes)) {
      const error = await failed(flow, domain)
      assert.equal(error.code, code)
      assert.equal(error.details['domain'], domain)
      assert.ok(Array.isArray(error.details['cnameChain']))
    }
    const expired = await failed(flow, 'expired.sandbox.test')
    assert.deepEqual(expired.details['ede'], { code: 7, text: 'Signature Expired' })
    assert.match(expired.message, /expired on 2023-11-15/)
  })

  it('gives no records of a bogus answer where DNSSEC is not required, and those of an unsigned one', async () => {
    const flow = await validating({ dnssecRequired: false })
    const bogus = sentOf(await flow.receive('n', { payload: 'bogus.sandbox.test' }))['payload']
    assert.equal(bogus.dnssec.status, 'bogus')
    assert.equal(bogus.dnssec.ede.code, 6)
    assert.deepEqual(bogus.records, { A: [], AAAA: [] })
    assert.deepEqual(bogus.addresses, { public: [], private: [] })
    const unsigned = sentOf(await flow.receive('n', { payload: 'to-unsigned.sandbox.test' }))['payload']
    assert.equal(unsigned.dnssec.status, 'insecure')
    assert.deepEqual(unsigned.records.A, ['127.0.0.1'])
  })

  it('trusts the anchors that it is told, and no others', async () => {
    const iana = '. IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D'
    const strange = await validating({ trustAnchors: iana })
    const error = await failed(strange, 'crm.sandbox.test')
    assert.equal(error.code, 'DNS_DNSSEC_BOGUS')
    assert.equal(error.details['ede'].code, 9)
    await strange.unload()
    const other = await validating({ trustAnchors: iana.replace('.', 'corp.test.'), dnssecRequired: false })
    const { dnssec, records } = sentOf(await other.receive('n', { payload: 'crm.sandbox.test' }))['payload']
    assert.equal(dnssec.status, 'indeterminate')
    assert.match(dnssec.reason, /no trust anchor covers/)
    assert.deepEqual(records.A, ['127.0.0.1'])
  })

  it('looks up the host of a data action', async () => {
    const flow = await sandboxed({ source: 'dataAction' })
    const msg = sentOf(await flow.receive('n', { dataActionId: 'crm-customer-lookup', payload: { kept: 1 } }))
    assert.equal(msg['payload'].domain, 'crm.sandbox.test')
    assert.deepEqual(msg['payload'].records.A, ['127.0.0.1'])
    const missing = failureOf(await flow.receive('n', { dataActionId: 'no-such-action' }))
    assert.equal(missing.code, 'CXONE_NOT_FOUND')
    for (const dataActionId of [undefined, '', 7, {}]) {
      const error = failureOf(await flow.receive('n', { dataActionId }))
      assert.equal(error.code, 'INPUT_INVALID')
      assert.equal(error.details['path'], 'msg.dataActionId')
    }
  })

  it('tells a Catch node the code, the domain and the chain', async () => {
    const flow = await sandboxed()
    const codes: Record<string, string> = {
      'missing.sandbox.test': 'DNS_NXDOMAIN',
      'loop1.sandbox.test': 'DNS_CNAME_LOOP',
      'hop1.sandbox.test': 'DNS_CNAME_TOO_LONG',
      'servfail.sandbox.test': 'DNS_SERVFAIL',
      'bogus.sandbox.test': 'DNS_DNSSEC_BOGUS',
      'refused.sandbox.test': 'DNS_REFUSED',
      'unsigned.sandbox.test': 'DNS_DNSSEC_INSECURE',
    }
    for (const [domain, code] of Object.entries(codes)) {
      const error = await failed(flow, domain)
      assert.equal(error.code, code)
      assert.equal(error.details['domain'], domain)
      assert.ok(Array.isArray(error.details['cnameChain']))
      assert.ok('ede' in error.details)
    }
    assert.deepEqual(
      flow.caught.map(({ code }) => code),
      Object.values(codes),
    )
    await until(() => flow.status('n')?.fill === 'red' || undefined)
  })

  it('asks the servers that it is told, without any CXone access', async () => {
    const dns: SandboxDns = await startSandboxDns()
    try {
      const flow = await loadFlow([
        {
          id: 'n',
          type: 'dns-resolve',
          dnssec: 'off',
          servers: [dns.address],
          transport: 'tcp',
          recordTypes: ['A'],
        },
      ])
      const { payload } = sentOf(await flow.receive('n', { payload: 'unsigned.sandbox.test' }))
      assert.equal(payload.server, dns.address)
      assert.equal(payload.transport, 'tcp')
      assert.equal(payload.dnssec.status, 'unchecked')
      const error = await failed(flow, { domain: 'crm.sandbox.test', dnssecRequired: true })
      assert.equal(error.details['path'], 'msg.payload.dnssecRequired')
    } finally {
      await unloadFlow()
      await dns.close()
    }
  })

  it('fails with DNS_RATE_LIMITED over its limit', async () => {
    const flow = await sandboxed({ maxQueriesPerMinute: '10', recordTypes: ['A'], cache: false })
    for (let n = 0; n < 10; n += 1) sentOf(await flow.receive('n', { payload: 'crm.sandbox.test' }))
    assert.equal((await failed(flow, 'crm.sandbox.test')).code, 'DNS_RATE_LIMITED')
  })

  it('refuses each wrong property by its name, and shows so', async () => {
    const wrong: [string, unknown][] = [
      ['source', 'host'],
      ['recordTypes', []],
      ['recordTypes', ['A', 'ANY']],
      ['recordTypes', 'A'],
      ['recordTypes', Array(100).fill('A')],
      ['ttlOverrideS', 29],
      ['ttlOverrideS', 86_401],
      ['maxQueriesPerMinute', 9],
      ['maxQueriesPerMinute', 1001],
      ['maxQueriesPerMinute', 'many'],
      ['onLimit', 'drop'],
      ['dnssec', 'maybe'],
      ['dnssecRequired', 'yes'],
      ['servers', ['dns.example']],
      ['servers', '127.0.0.1'],
      ['servers', [53]],
      ['servers', ['192.0.2.1#not a name']],
      ['transport', 'carrier pigeon'],
      ['timeoutMs', 0],
      ['timeoutMs', 1e12],
      ['lifetimeMs', -1],
      ['maxCnameHops', 1.5],
      ['trustAnchors', '20326 8'],
      ['trustAnchors', '. IN DS 20326 8 2 E06D44'],
      ['trustAnchors', 7],
      ['cache', 1],
      ['serveStaleS', -1],
      ['version', 2],
      ['domainType', 'date'],
      ['auth', 'nobody'],
      ['audit', 'nobody'],
    ]
    for (const [property, value] of wrong) {
      const flow = await sandboxed({ [property]: value })
      const error = await failed(flow, 'crm.sandbox.test')
      assert.equal(error.code, 'CONFIG_INVALID', `${property} ${JSON.stringify(value)}`)
      assert.equal(error.details['field'], property.replace(/Type$/, ''), property)
      assert.equal(flow.status('n')?.fill, 'red')
      await flow.unload()
    }
    const withoutAccess = await sandboxed({ source: 'dataAction', auth: '' })
    assert.equal((await failed(withoutAccess, 'x')).details['field'], 'auth')
  })

  it('refuses each wrong input by its place, and goes on', async () => {
    const flow = await sandboxed()
    const cyclic: Record<string, unknown> = { domain: 'crm.sandbox.test' }
    cyclic['self'] = cyclic
    const wrong: [unknown, string][] = [
      [undefined, 'msg.payload'],
      [null, 'msg.payload'],
      ['', 'msg.payload'],
      ['127.0.0.1', 'msg.payload'],
      ['::1', 'msg.payload'],
      ['https://crm.sandbox.test/', 'msg.payload'],
      ['*.sandbox.test', 'msg.payload'],
      ['x'.repeat(20_000_000), 'msg.payload'],
      [7, 'msg.payload'],
      [['crm.sandbox.test'], 'msg.payload'],
      [Buffer.from('crm.sandbox.test'), 'msg.payload'],
      [{}, 'msg.payload.domain'],
      [{ domain: 7 }, 'msg.payload.domain'],
      [{ domain: 'a..b' }, 'msg.payload.domain'],
      [{ domain: 'a.test', recordTypes: ['AXFR'] }, 'msg.payload.recordTypes'],
      [{ domain: 'a.test', recordTypes: 'A' }, 'msg.payload.recordTypes'],
      [{ domain: 'a.test', ttlOverrideS: 1 }, 'msg.payload.ttlOverrideS'],
      [{ domain: 'a.test', maxQueriesPerMinute: 5 }, 'msg.payload.maxQueriesPerMinute'],
      [{ domain: 'a.test', dnssecRequired: 'no' }, 'msg.payload.dnssecRequired'],
    ]
    for (const [payload, path] of wrong) {
      const error = await failed(flow, payload)
      assert.equal(error.code, 'INPUT_INVALID', path)
      assert.equal(error.details['path'], path)
      assert.ok(error.message.length < 400)
    }
    sentOf(await flow.receive('n', { payload: cyclic }))
  })

  it('stops what is under way when it is deployed again', async () => {
    const flow = await sandboxed({ timeoutMs: 60_000, lifetimeMs: 60_000 })
    sentOf(await flow.receive('n', { payload: 'crm.sandbox.test' })) // it is ready, and asks at once
    const pending = flow.receive('n', { payload: 'silent.sandbox.test' })
    await flow.unload()
    assert.equal(failureOf(await pending).code, 'ABORTED')
  })

  it('writes an audit record of success and failure', async () => {
    const flow = await loadFlow([
      AUTH,
      { id: 'trail', type: 'audit-trail' },
      { id: 'n', type: 'dns-resolve', auth: 'auth', dnssec: 'ad', audit: 'trail' },
    ])
    sentOf(await flow.receive('n', { payload: 'crm.sandbox.test' }))
    await failed(flow, 'missing.sandbox.test')
    const { readFile } = await import('node:fs/promises')
    const lines = (await readFile(`${flow.userDir}/cxone/audit/audit.jsonl`, 'utf8')).trim().split('\n')
    const records = lines.map((line) => JSON.parse(line) as Record<string, any>)
    assert.deepEqual(
      records.map(({ eventType, status, subject }) => [eventType, status, subject]),
      [
        ['dns-resolve', 'SUCCESS', 'crm.sandbox.test'],
        ['dns-resolve', 'FAILED', 'missing.sandbox.test'],
      ],
    )
    assert.equal(records[1]?.['details'].error.code, 'DNS_NXDOMAIN')
  })

  it('needs a CXone access for data actions, in the editor as in the runtime', async () => {
    const { source } = (await editorDefs()).get('dns-resolve')!.defaults
    const node = { auth: '', _: (key: string) => key }
    assert.equal(source!.validate!.call(node, 'dataAction', {}), 'dns-resolve.authMissing')
    assert.equal(source!.validate!.call({ ...node, auth: 'auth' }, 'dataAction', {}), true)
    assert.equal(source!.validate!.call(node, 'domain', {}), true)
    const flow = await loadFlow([{ id: 'n', type: 'dns-resolve', dnssec: 'ad', source: 'dataAction' }])
    assert.equal(failureOf(await flow.receive('n', { dataActionId: 'x' })).details['field'], 'auth')
  })
})
