import assert from 'node:assert/strict'
import fc from 'fast-check'
import { absolute, parseName } from '../../../lib/dns/names.ts'

const nameOf = (text: string): string | undefined => {
  const parsed = parseName(text)
  return 'name' in parsed ? parsed.name : undefined
}
const reasonOf = (text: string): string => {
  const parsed = parseName(text)
  return 'reason' in parsed ? parsed.reason : `accepted as ${parsed.name}`
}

describe('domain names', () => {
  it('are lower-cased and lose the trailing dot', () => {
    assert.equal(nameOf('WWW.Example.COM'), 'www.example.com')
    assert.equal(nameOf('www.example.com.'), 'www.example.com')
    assert.equal(nameOf('.'), '')
    assert.equal(absolute('www.example.com'), 'www.example.com.')
  })

  it('may have underscores, as service names have', () => {
    assert.equal(nameOf('_sip._tcp.example.com'), '_sip._tcp.example.com')
    assert.equal(nameOf('a_b.example'), 'a_b.example')
  })

  it('go through IDNA when they are not ASCII', () => {
    assert.equal(nameOf('Bücher.example'), 'xn--bcher-kva.example')
    assert.equal(nameOf('例え。テスト'), 'xn--r8jz45g.xn--zckzah')
    assert.match(reasonOf('bücher.example/path'), /internationalised/)
    assert.match(reasonOf('büch er.example'), /internationalised/)
    assert.match(reasonOf('bü%2ecom'), /internationalised/)
  })

  it('have labels of 1 to 63 and 253 characters at most', () => {
    const label = 'a'.repeat(63)
    assert.equal(nameOf(`${label}.example`), `${label}.example`)
    assert.match(reasonOf(`${label}a.example`), /more than 63/)
    assert.match(reasonOf('a..example'), /two dots/)
    assert.match(reasonOf('.example'), /two dots/)
    assert.match(reasonOf('example..'), /two dots/)
    assert.match(reasonOf(''), /empty/)
    const longest = [label, label, label, 'b'.repeat(61)].join('.')
    assert.equal(longest.length, 253)
    assert.equal(nameOf(longest), longest)
    assert.match(reasonOf(`c${longest}`), /253/)
    assert.match(reasonOf('x'.repeat(5_000_000)), /253/)
  })

  it('are no addresses, in whatever notation a URL parser would take one', () => {
    for (const address of ['192.0.2.1', '::1', '[::1]', 'fe80::1%eth0', '::ffff:127.0.0.1']) {
      assert.match(reasonOf(address), /IP address/, address)
    }
    for (const number of ['127.1', '2130706433', '0x7f000001', '0x7f.1', 'example.123']) {
      assert.match(reasonOf(number), /number/, number)
    }
  })

  it('are no URLs, wildcards, ports or shell text', () => {
    assert.match(reasonOf('https://example.com'), /URL/)
    assert.match(reasonOf('*.example.com'), /wildcard/)
    for (const odd of [
      'example.com:53',
      'user@example.com',
      'a b.example',
      '-.-',
      '-a.example',
      'a-.example',
      'a\0b',
      'a\\.b.example',
      'a\\097.example',
      '$(id)',
    ]) {
      assert.equal(nameOf(odd), undefined, odd)
    }
  })

  it('come out of any text as a name that stays the same when parsed again', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'grapheme' }), fc.domain()), (text) => {
        const name = nameOf(text)
        if (name === undefined) return
        assert.match(name, /^[a-z0-9_.-]*$/)
        assert.ok(name.length <= 253)
        assert.equal(name === '' ? '' : nameOf(name), name)
      }),
      { numRuns: 2000 },
    )
  })
})
