import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import packet from 'dns-packet'
import { runCli } from '../../../cli/program.ts'
import { proofDigest, proofOf, type DnsProof } from '../../../lib/dns/proof.ts'
import type { RecordType } from '../../../lib/dns/record-types.ts'
import { createDnsResolver, type DnsResolver } from '../../../lib/dns/resolver.ts'
import { systemDnsPorts } from '../../../lib/dns/system-ports.ts'
import { verifyProof } from '../../../lib/dns/verify-proof.ts'
import { startSandboxDns, type SandboxDns } from '../../../lib/sandbox/dns-server.ts'
import { systemClock } from '../../../lib/system.ts'
import { request } from './fakes.ts'

describe('the proof of a secure answer', () => {
  let dns: SandboxDns
  let resolver: DnsResolver
  const ports = { codec: packet, clock: systemClock }

  before(async () => {
    dns = await startSandboxDns()
    resolver = createDnsResolver(await systemDnsPorts({ cache: true }), {
      servers: [dns.address],
      trustAnchors: dns.trustAnchor,
      transport: 'udp',
      dnssec: 'validate',
      timeoutMs: 3000,
      lifetimeMs: 9000,
      maxCnameHops: 10,
      onLimit: 'fail',
    })
  })
  after(async () => {
    resolver.close()
    await dns.close()
  })
  const ask = async (domain: string, recordTypes: readonly RecordType[] = ['A', 'AAAA', 'MX']) =>
    resolver.resolve({ ...request, domain, recordTypes, maxQueriesPerMinute: 1000 })
  const proven = async (...args: Parameters<typeof ask>): Promise<DnsProof> => {
    const proof = proofOf(await ask(...args))
    assert.ok(proof)
    return JSON.parse(JSON.stringify(proof)) as DnsProof
  }

  it('holds without a network, for aliases and empty answers too, and says what it proves', async () => {
    for (const name of [
      'www.sandbox.test',
      'sandbox.test',
      'big.sandbox.test',
      '_tcp.sandbox.test',
      'hop5.sandbox.test',
    ]) {
      const proof = await proven(name)
      const verdict = await verifyProof(proof, ports)
      assert.equal(verdict.status, 'secure', `${name}: ${verdict.reason}`)
      assert.equal((await verifyProof(proof, ports, dns.trustAnchor)).status, 'secure')
    }
    const { domain, records, trustAnchors, time } = await proven('www.sandbox.test', ['A'])
    assert.deepEqual({ domain, records }, { domain: 'www.sandbox.test', records: { A: ['127.0.0.1'] } })
    assert.deepEqual(trustAnchors, [dns.trustAnchor])
    assert.ok(Math.abs(Date.parse(time) - Date.now()) < 60_000)
  })

  it('comes with answers from the cache too, and with secure ones only', async () => {
    await ask('crm.sandbox.test')
    const again = await ask('crm.sandbox.test')
    assert.equal(again.cacheHit, true)
    assert.deepEqual(proofOf(again), await proven('crm.sandbox.test'))
    assert.equal(proofOf(await ask('unsigned.sandbox.test')), undefined)
    assert.equal(proofOf(await ask('bogus.sandbox.test')), undefined)
  })

  it('does not hold with any byte changed', async () => {
    const text = JSON.stringify(await proven('www.sandbox.test', ['A']))
    for (let at = 0; at < text.length; at += 7) {
      const changed = Buffer.from(text)
      changed[at]! ^= 1
      let parsed: unknown
      try {
        parsed = JSON.parse(changed.toString())
      } catch {
        continue
      }
      assert.equal((await verifyProof(parsed, ports)).status, 'bogus', `octet ${at}`)
    }
  })

  it('does not hold with a byte of its records or signatures changed, though the digest is made anew', async () => {
    const proof = await proven('www.sandbox.test', ['A'])
    let changes = 0
    for (const [step, { records }] of proof.steps.entries()) {
      for (const [index, { rdata, signature }] of records.entries()) {
        for (const [field, value] of [
          ['rdata', rdata[0]!],
          ['signature', signature],
        ] as const) {
          const octets = Buffer.from(value, 'base64')
          octets[octets.length - 1]! ^= 1
          const copy = structuredClone(proof) as any
          copy.steps[step].records[index][field] =
            field === 'rdata' ? [octets.toString('base64')] : octets.toString('base64')
          const { digest, ...body } = copy as DnsProof
          const made = { ...body, digest: proofDigest(body) }
          assert.notEqual(digest, made.digest)
          assert.notEqual((await verifyProof(made, ports)).status, 'secure', `${step} ${index} ${field}`)
          changes += 1
        }
      }
    }
    assert.ok(changes >= 18)
  })

  it('does not hold for other records, another time, another name, or from another anchor', async () => {
    const { digest, ...body } = await proven('crm.sandbox.test', ['A'])
    assert.equal(digest.length, 64)
    const renewed = (more: Partial<DnsProof>): DnsProof => {
      const changed = { ...body, ...more }
      return { ...changed, digest: proofDigest(changed) }
    }
    assert.equal((await verifyProof(renewed({}), ports)).status, 'secure')
    for (const more of [
      { records: { A: ['192.0.2.66'] } },
      { records: { A: ['127.0.0.1'], MX: [] } },
      { time: '2020-01-01T00:00:00.000Z' },
      { time: 'yesterday' },
      { domain: 'orders.sandbox.test' },
      { steps: body.steps.slice(1) },
    ]) {
      assert.notEqual(
        (await verifyProof(renewed(more), ports)).status,
        'secure',
        JSON.stringify(more).slice(0, 60),
      )
    }
    const iana = '. IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D'
    assert.equal((await verifyProof(renewed({}), ports, iana)).status, 'bogus')
    for (const junk of [null, 7, 'x', [], {}, { v: 1 }, { ...body }]) {
      assert.equal((await verifyProof(junk, ports)).status, 'bogus')
    }
  })

  it('is verified on the command line', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'dns-proof-'))
    const run = async (...args: string[]) => {
      let out = ''
      const code = await runCli(['dns', 'verify', ...args], {
        version: '1',
        print: (line) => void (out += `${line}\n`),
        printError: (text) => void (out += text),
        untilInterrupted: () => new AbortController().signal,
      })
      return { code, out }
    }
    try {
      const file = join(folder, 'proof.json')
      const proof = await proven('www.sandbox.test', ['A'])
      await writeFile(file, JSON.stringify(proof, null, 2))
      const right = await run(file)
      assert.equal(right.code, 0)
      assert.match(right.out, /^SECURE: .*\n {2}domain {3}www\.sandbox\.test\n/)
      assert.match(right.out, /not the root of the Internet/)
      const anchored = await run(file, '--trust-anchor', dns.trustAnchor)
      assert.equal(anchored.code, 0)
      assert.doesNotMatch(anchored.out, /not the root/)
      await writeFile(file, JSON.stringify({ payload: 1, cxone: { dns: { proof } } }))
      assert.equal((await run(file)).code, 0)
      const signature = proof.steps.at(-1)!.records[0]!.signature
      await writeFile(
        file,
        JSON.stringify(proof).replace(
          signature,
          signature.replace(/^./, (c) => (c === 'A' ? 'B' : 'A')),
        ),
      )
      const wrong = await run(file)
      assert.equal(wrong.code, 1)
      assert.match(wrong.out, /^BOGUS \(EDE 6 DNSSEC Bogus\): /)
      await writeFile(file, 'no JSON')
      assert.equal((await run(file)).code, 1)
      assert.equal((await run(join(folder, 'missing.json'))).code, 1)
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
