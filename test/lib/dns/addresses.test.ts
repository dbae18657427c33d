import assert from 'node:assert/strict'
import { BlockList, isIP } from 'node:net'
import fc from 'fast-check'
import { addressKind, inRange, isIpAddress, parseIp, parseRange } from '../../../lib/dns/addresses.ts'
import { parseServer, serverText } from '../../../lib/dns/servers.ts'

describe('IP addresses', () => {
  it('are recognised as node:net recognises them', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.ipV4(), fc.ipV6(), fc.string(), fc.stringMatching(/^[0-9a-f:.]{2,20}$/)),
        (text) => {
          assert.equal(isIpAddress(text), isIP(text) !== 0, text)
        },
      ),
      { numRuns: 3000 },
    )
  })

  it('lie in a block exactly when node:net says so', () => {
    const pair = fc.oneof(
      fc.tuple(fc.constant('ipv4' as const), fc.ipV4(), fc.ipV4(), fc.integer({ min: 0, max: 32 })),
      fc.tuple(fc.constant('ipv6' as const), fc.ipV6(), fc.ipV6(), fc.integer({ min: 0, max: 128 })),
    )
    fc.assert(
      fc.property(pair, ([family, address, base, prefix]) => {
        const list = new BlockList()
        list.addSubnet(base, prefix, family)
        assert.equal(
          inRange(parseIp(address)!, parseRange(`${base}/${prefix}`)!),
          list.check(address, family),
        )
      }),
      { numRuns: 2000 },
    )
  })

  it('are sorted by what IANA keeps them for', () => {
    const kinds: Record<string, string[]> = {
      public: ['8.8.8.8', '2606:4700::1111', '::ffff:8.8.8.8', '64:ff9b::808:808', '172.32.0.1', '11.0.0.1'],
      loopback: [
        '127.0.0.1',
        '127.255.255.254',
        '::1',
        '::ffff:127.0.0.1',
        '::ffff:7f00:1',
        '64:ff9b::7f00:1',
        '::127.0.0.1',
      ],
      private: [
        '10.0.0.1',
        '172.16.0.1',
        '172.31.255.255',
        '192.168.1.1',
        'fd00::1',
        'fec0::1',
        '::ffff:10.0.0.1',
      ],
      'carrier-grade NAT': ['100.64.0.1', '100.127.255.255'],
      'link-local': ['169.254.1.1', 'fe80::1', 'fe80::1%eth0', 'febf::1'],
      'cloud metadata': [
        '169.254.169.254',
        '::ffff:169.254.169.254',
        '64:ff9b::a9fe:a9fe',
        'fd00:ec2::254',
        'fd00:ec2::23',
        'fd20:ce::254',
        '169.254.170.23',
        '168.63.129.16',
        '100.100.100.200',
      ],
      multicast: ['224.0.0.1', '239.255.255.255', 'ff02::1'],
      unspecified: ['0.0.0.0', '::'],
      reserved: [
        '0.1.2.3',
        '192.0.2.1',
        '198.18.0.1',
        '198.51.100.7',
        '203.0.113.9',
        '240.0.0.1',
        '255.255.255.255',
        '2001:db8::1',
        '2002:7f00:1::',
        '64:ff9b:1::1',
        '2001::1',
        '::2:7f00:1',
        '4000::1',
        'e000::1',
      ],
    }
    for (const [kind, addresses] of Object.entries(kinds)) {
      for (const address of addresses) assert.equal(addressKind(address), kind, address)
    }
    assert.equal(addressKind('localhost'), undefined)
  })

  it('form no block with a wrong prefix', () => {
    for (const wrong of [
      '10.0.0.0/33',
      '::/129',
      '10.0.0.0/-1',
      '10.0.0.0/8/8',
      'example.com/8',
      '10.0.0.0/',
    ]) {
      assert.equal(parseRange(wrong), undefined, wrong)
    }
  })
})

describe('DNS server addresses', () => {
  it('are read with and without port', () => {
    assert.deepEqual(parseServer('192.0.2.1'), { address: '192.0.2.1', port: 53, family: 4 })
    assert.deepEqual(parseServer('192.0.2.1:5353'), { address: '192.0.2.1', port: 5353, family: 4 })
    assert.deepEqual(parseServer('2001:db8::1'), { address: '2001:db8::1', port: 53, family: 6 })
    assert.deepEqual(parseServer('[::1]:53'), { address: '::1', port: 53, family: 6 })
    assert.deepEqual(parseServer('[::1]'), { address: '::1', port: 53, family: 6 })
    assert.deepEqual(parseServer('fe80::1%eth0'), { address: 'fe80::1%eth0', port: 53, family: 6 })
  })

  it('are shown as they are read', () => {
    for (const text of ['192.0.2.1:53', '[2001:db8::1]:853'])
      assert.equal(serverText(parseServer(text)!), text)
  })

  it('are refused when they are names or have no such port', () => {
    for (const wrong of [
      '',
      'dns.example',
      'localhost:53',
      '192.0.2.1:0',
      '192.0.2.1:65536',
      '192.0.2.1:',
      '[192.0.2.1]:53',
      '[::1',
      '1.2.3',
    ]) {
      assert.equal(parseServer(wrong), undefined, wrong)
    }
  })
})
