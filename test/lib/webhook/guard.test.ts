import assert from 'node:assert/strict'
import fc from 'fast-check'
import { checkAllowedHost } from '../../../lib/webhook/allow-hosts.ts'
import { createAddressGuard } from '../../../lib/webhook/guard.ts'
import { parseReceiverUrl } from '../../../lib/webhook/receiver-url.ts'

const zone: Record<string, string[]> = {
  'hooks.example.com': ['203.0.114.10', '2606:4700::1'],
  'inside.example.com': ['10.1.2.3'],
  'mixed.example.com': ['203.0.114.10', '127.0.0.1'],
  'meta.example.com': ['169.254.169.254'],
  localhost: ['127.0.0.1', '::1'],
}
const lookup = async (host: string): Promise<string[]> => {
  await Promise.resolve()
  const found = zone[host]
  if (!found) throw Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: 'ENOTFOUND' })
  return found
}
const guard = (allowPrivate = false, allowHosts: string[] = []) =>
  createAddressGuard(lookup, { allowPrivate, allowHosts })
const blocked = async (promise: Promise<unknown>): Promise<string> => {
  const error = await promise.then(
    () => assert.fail('was let through'),
    (reason: unknown) => reason as { code: string; details: { kind: string } },
  )
  assert.equal(error.code, 'WEBHOOK_BLOCKED_ADDRESS')
  return error.details.kind
}

describe('the address guard', () => {
  it('lets public addresses through and gives all of them back', async () => {
    assert.deepEqual(await guard()(new URL('https://hooks.example.com/x')), zone['hooks.example.com'])
    assert.deepEqual(await guard()(new URL('https://203.0.114.10/')), ['203.0.114.10'])
  })

  it('blocks every notation of an address that is not public', async () => {
    const urls: Record<string, string> = {
      'https://127.0.0.1/': 'loopback',
      'https://127.1/': 'loopback',
      'https://0x7f.0.0.1/': 'loopback',
      'https://2130706433/': 'loopback',
      'https://017700000001/': 'loopback',
      'https://[::1]/': 'loopback',
      'https://[::ffff:127.0.0.1]/': 'loopback',
      'https://[64:ff9b::127.0.0.1]/': 'loopback',
      'https://①②⑦.0.0.1/': 'loopback',
      'https://localhost./': 'loopback',
      'https://0/': 'unspecified',
      'https://10.0.0.1/': 'private',
      'https://[fd00::1]/': 'private',
      'https://100.64.0.1/': 'carrier-grade NAT',
      'https://169.254.169.254/latest/meta-data': 'cloud metadata',
      'https://[::ffff:169.254.169.254]/': 'cloud metadata',
      'https://169.254.0.1/': 'link-local',
      'https://[fe80::1]/': 'link-local',
      'https://224.0.0.1/': 'multicast',
      'https://255.255.255.255/': 'reserved',
      'https://[2002:7f00:1::]/': 'reserved',
      'https://inside.example.com/': 'private',
    }
    for (const [url, kind] of Object.entries(urls))
      assert.equal(await blocked(guard()(new URL(url))), kind, url)
  })

  it('blocks a host as soon as one of its addresses is private', async () => {
    assert.equal(await blocked(guard()(new URL('https://mixed.example.com/'))), 'loopback')
  })

  it('allows the own network on demand, but never the metadata service or multicast', async () => {
    const open = guard(true)
    assert.deepEqual(await open(new URL('https://inside.example.com/')), ['10.1.2.3'])
    assert.deepEqual(await open(new URL('http://localhost:8080/')), ['127.0.0.1', '::1'])
    assert.equal(await blocked(open(new URL('https://meta.example.com/'))), 'cloud metadata')
    assert.equal(await blocked(open(new URL('https://224.0.0.1/'))), 'multicast')
    assert.equal(await blocked(open(new URL('https://0.0.0.0/'))), 'unspecified')
  })

  it('allows listed names, suffixes, addresses and blocks, and nothing that only looks like them', async () => {
    for (const entry of [
      'inside.example.com',
      '*.example.com',
      'INSIDE.example.com',
      '10.1.2.3',
      '10.1.0.0/16',
    ]) {
      assert.deepEqual(
        await guard(false, [entry])(new URL('https://inside.example.com/')),
        ['10.1.2.3'],
        entry,
      )
    }
    for (const entry of [
      'example.com',
      '*.inside.example.com',
      'nside.example.com',
      '10.2.0.0/16',
      '*.ample.com',
    ]) {
      assert.equal(
        await blocked(guard(false, [entry])(new URL('https://inside.example.com/'))),
        'private',
        entry,
      )
    }
  })

  it('refuses plain http to the Internet, unless the host is listed', async () => {
    const plain = new URL('http://hooks.example.com/')
    assert.equal(await blocked(guard(true)(plain)), 'plain http')
    assert.deepEqual(await guard(false, ['hooks.example.com'])(plain), zone['hooks.example.com'])
  })

  it('hands on what the look-up fails with', async () => {
    await assert.rejects(guard()(new URL('https://gone.example.com/')), { code: 'ENOTFOUND' })
  })

  it('lets no address out of a private block through, however it is written in IPv6', async () => {
    const inside = fc
      .tuple(fc.constantFrom(127, 10), fc.nat(255), fc.nat(255), fc.nat(255))
      .map((parts) => parts.join('.'))
    const prefix = fc.constantFrom('', '::ffff:', '64:ff9b::', '::ffff:0:')
    await fc.assert(
      fc.asyncProperty(inside, prefix, async (address, lead) => {
        await blocked(guard()(new URL(lead === '' ? `https://${address}/` : `https://[${lead}${address}]/`)))
      }),
      { numRuns: 300 },
    )
  })
})

describe('entries of allowHosts', () => {
  it('are names, suffixes, addresses or blocks', () => {
    for (const right of [
      'a.example',
      '*.a.example',
      'localhost',
      '10.0.0.1',
      '10.0.0.0/8',
      'fd00::/8',
      '::1',
    ]) {
      assert.equal(checkAllowedHost(right), undefined, right)
    }
    for (const wrong of [
      '',
      '*',
      '*.',
      'https://a.example',
      'a.example:443',
      'a.*.example',
      '10.0.0.0/40',
      7,
      null,
      'a b',
    ]) {
      assert.notEqual(checkAllowedHost(wrong), undefined, String(wrong))
    }
  })
})

describe('the URL of a receiver', () => {
  it('is http or https, without user info; the fragment is dropped', () => {
    const parsed = parseReceiverUrl(' https://hooks.example.com/a?b=c#d ')
    assert.equal('url' in parsed && parsed.url.href, 'https://hooks.example.com/a?b=c')
    for (const wrong of [
      '',
      ' ',
      'hooks.example.com',
      'ftp://a.example',
      'file:///etc/passwd',
      'https://u:secret@a.example',
      'https://u@a.example',
      'https://',
      7,
      null,
      undefined,
      {},
      `https://a.example/${'x'.repeat(9000)}`,
    ]) {
      const result = parseReceiverUrl(wrong)
      assert.ok('reason' in result && !result.reason.includes('secret'), JSON.stringify(wrong))
    }
  })
})
