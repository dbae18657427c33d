import assert from 'node:assert/strict'
import fc from 'fast-check'
import { parseIp } from '../../../lib/dns/addresses.ts'
import { pinnedAddresses, type PeerCheck } from '../../../lib/dns/pin.ts'
import { readPin } from '../../../lib/dns/read-pin.ts'
import { isPaletteError, type PaletteError } from '../../../lib/errors.ts'

const NOW = Date.parse('2026-11-21T12:00:00Z')
const facts = {
  domain: 'api.example.com',
  dnssec: 'secure',
  cnameChain: [],
  addresses: { public: ['203.0.114.1', '203.0.114.2', '2606:4700::1'], private: ['10.0.0.1'] },
  expiresAt: '2026-11-21T12:05:00.000Z',
}
const read = (value: unknown, now = NOW) => readPin(value, 'msg.cxone.dns', now)

function failure(work: () => unknown): PaletteError {
  try {
    work()
  } catch (error) {
    if (isPaletteError(error)) return error
    throw error
  }
  return assert.fail('was taken')
}

describe('addresses to connect to, as dns-resolve found them', () => {
  it('are read with the families in turn, public ones first', () => {
    assert.deepEqual(read(facts), {
      name: 'api.example.com',
      addresses: ['203.0.114.1', '2606:4700::1', '203.0.114.2', '10.0.0.1'],
    })
  })

  it('come once each, and from one list alone where there is no other', () => {
    const addresses = { private: ['10.0.0.1', '10.0.0.1', '10.0.0.2'] }
    assert.deepEqual(read({ ...facts, addresses }).addresses, ['10.0.0.1', '10.0.0.2'])
  })

  it('are read from the whole result too', () => {
    const result = {
      ...facts,
      dnssec: { status: 'secure', reason: '', ede: null },
      records: { A: ['203.0.114.1'] },
    }
    assert.equal(read(result).name, 'api.example.com')
  })

  it('belong to the name in its ASCII form', () => {
    assert.equal(read({ ...facts, domain: 'Bücher.Example.' }).name, 'xn--bcher-kva.example')
  })

  for (const [what, change, path, message] of [
    ['nothing', undefined, '', /is empty: put a dns-resolve node before/],
    ['null', null, '', /is empty/],
    ['a text', 'api.example.com', '', /\{domain, addresses, expiresAt\}/],
    ['a list', ['203.0.114.1'], '', /1 items/],
    ['a Buffer', Buffer.from('x'), '', /1 bytes/],
    ['no name', { ...facts, domain: undefined }, '.domain', /no text/],
    ['the root', { ...facts, domain: '.' }, '.domain', /the root/],
    ['an address as name', { ...facts, domain: '203.0.114.1' }, '.domain', /IP address/],
    ['a huge name', { ...facts, domain: 'a'.repeat(1e6) }, '.domain', /more than 253/],
    [
      'a list of addresses without kinds',
      { ...facts, addresses: ['203.0.114.1'] },
      '.addresses',
      /\{public, private\}/,
    ],
    [
      'no list',
      { ...facts, addresses: { public: '203.0.114.1' } },
      '.addresses.public',
      /a list of addresses/,
    ],
    [
      'no address',
      { ...facts, addresses: { public: [], private: [] } },
      '.addresses',
      /record types A and AAAA/,
    ],
    [
      '10,000 addresses',
      { ...facts, addresses: { public: Array(10_000).fill('203.0.114.1') } },
      '.addresses',
      /at most 256.*10000/,
    ],
    [
      'a name as address',
      { ...facts, addresses: { private: ['10.0.0.1', 'evil.example'] } },
      '.addresses.private[1]',
      /IP address.*evil/,
    ],
    [
      'an address in hex',
      { ...facts, addresses: { public: ['0x7f000001'] } },
      '.addresses.public[0]',
      /IP address/,
    ],
    [
      'an address with a zone',
      { ...facts, addresses: { private: ['fe80::1%eth0'] } },
      '.addresses.private[0]',
      /fe80::1%eth0/,
    ],
    [
      'an address with a port',
      { ...facts, addresses: { public: ['203.0.114.1:443'] } },
      '.addresses.public[0]',
      /IP address/,
    ],
    [
      'an object as address',
      { ...facts, addresses: { public: [{ toString: () => '203.0.114.1' }] } },
      '.addresses.public[0]',
      /IP address/,
    ],
    ['a hole', { ...facts, addresses: { public: Array(1) } }, '.addresses.public[0]', /undefined/],
    ['no time', { ...facts, expiresAt: undefined }, '.expiresAt', /ISO 8601/],
    ['a time that is none', { ...facts, expiresAt: 'tomorrow' }, '.expiresAt', /tomorrow/],
    ['a huge time', { ...facts, expiresAt: '2'.repeat(1e6) }, '.expiresAt', /ISO 8601/],
  ] as const) {
    it(`are refused when there is ${what}`, () => {
      const { code, details, message: told } = failure(() => read(change))
      assert.deepEqual([code, details['path']], ['INPUT_INVALID', `msg.cxone.dns${path}`])
      assert.match(told, message)
      assert.ok(told.length < 600)
    })
  }

  it('do not follow a cycle', () => {
    const cyclic: Record<string, unknown> = { ...facts }
    cyclic['addresses'] = { public: [cyclic] }
    assert.equal(failure(() => read(cyclic)).code, 'INPUT_INVALID')
  })

  it('may be used until 30 s after they have expired', () => {
    const end = Date.parse(facts.expiresAt)
    assert.ok(read(facts, end + 30_000))
    const { code, details, message } = failure(() => read(facts, end + 30_001))
    assert.equal(code, 'PIN_EXPIRED')
    assert.deepEqual(details, { name: 'api.example.com', expiresAt: facts.expiresAt })
    assert.match(message, /api\.example\.com.*until 2026-11-21T12:05.*look the name up again/)
  })

  it('are addresses, at least one, or fail with a code, whatever is given', () => {
    const address = fc.oneof(fc.ipV4(), fc.ipV6(), fc.string(), fc.anything())
    const lists = fc.record({ public: fc.array(address), private: fc.array(address) }, { requiredKeys: [] })
    const shape = fc.record({
      domain: fc.oneof(fc.domain(), fc.anything()),
      addresses: fc.oneof(lists, fc.anything()),
      expiresAt: fc.oneof(fc.constant(facts.expiresAt), fc.anything()),
    })
    fc.assert(
      fc.property(fc.oneof(shape, fc.anything()), (value) => {
        try {
          const { name, addresses } = read(value)
          assert.ok(name !== '' && addresses.length > 0 && addresses.every((each) => parseIp(each)))
        } catch (error) {
          assert.ok(isPaletteError(error), String(error))
        }
      }),
    )
  })
})

describe('the addresses for a host', () => {
  const addressesOf = (host: string, check: PeerCheck, addresses = ['203.0.114.1']): readonly string[] =>
    pinnedAddresses({ name: 'api.example.com', addresses }, host, check)

  it('are those of the same name, however it is written', () => {
    for (const host of ['api.example.com', 'API.Example.com', 'api.example.com.'])
      assert.deepEqual(addressesOf(host, 'certificate'), ['203.0.114.1'])
  })

  it('are refused for another name, with both names', () => {
    for (const host of ['www.example.com', 'example.com', 'api.example.com.evil.test']) {
      const { code, details, message } = failure(() => addressesOf(host, 'certificate'))
      assert.equal(code, 'PIN_MISMATCH')
      assert.deepEqual(details, { name: 'api.example.com', host })
      assert.match(message, /`api\.example\.com`.*look that up/)
      assert.ok(message.includes(`\`${host}\``))
    }
  })

  it('are refused where the host is no name', () => {
    for (const host of ['127.0.0.1', '[::1]', '/var/run/postgresql', ''])
      assert.match(failure(() => addressesOf(host, 'guard')).message, /is no name.*turn `connectTo` off/)
  })

  it('must be of this machine where nothing checks who answers', () => {
    const { code, details } = failure(() => addressesOf('api.example.com', 'none', ['127.0.0.1', '10.0.0.1']))
    assert.deepEqual([code, details], ['PIN_REFUSED', { name: 'api.example.com', address: '10.0.0.1' }])
    assert.deepEqual(addressesOf('api.example.com', 'none', ['127.0.0.1', '::1']), ['127.0.0.1', '::1'])
    assert.deepEqual(addressesOf('api.example.com', 'guard', ['10.0.0.1']), ['10.0.0.1'])
  })
})
