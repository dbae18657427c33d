import assert from 'node:assert/strict'
import packet from 'dns-packet'
import type { Answer, OptAnswer, Packet } from 'dns-packet'
import { encodeQuery, readReply, type Question } from '../../../lib/dns/query.ts'
import { RECORD_TYPES, RECORD_TYPE_CODES } from '../../../lib/dns/record-types.ts'
import { readName } from '../../../lib/dns/wire.ts'
import { a, cname, failure, reply, soa } from './fakes.ts'

const question: Question = { name: 'www.example.test', type: 'A' }
const query = (asked: Question = question): Packet =>
  packet.decode(encodeQuery(asked, { authenticated: true, edns: true }))
const read = (more: Partial<Packet>, asked: Question = question) =>
  readReply(packet, reply(query(asked), more), asked)
const record = (type: string, data: unknown): Answer =>
  ({ type, name: 'www.example.test', ttl: 300, data }) as unknown as Answer
const malformed = (message: Buffer, asked: Question = question) =>
  failure(Promise.resolve().then(() => readReply(packet, message, asked)))

describe('a DNS query', () => {
  it('asks for recursion, AD and EDNS with 1232 octets', () => {
    const decoded = packet.decode(encodeQuery(question, { authenticated: true, edns: true }))
    assert.equal(decoded.flag_rd, true)
    assert.equal(decoded.flag_ad, true)
    assert.equal(decoded.flag_cd, false)
    assert.equal((decoded.additionals?.[0] as OptAnswer).udpPayloadSize, 1232)
    const plain = packet.decode(encodeQuery(question, { authenticated: false, edns: false }))
    assert.equal(plain.flag_ad, false)
    assert.deepEqual(plain.additionals, [])
  })

  it('asks for every type of the contract by its number', () => {
    for (const type of RECORD_TYPES) {
      const message = encodeQuery({ name: '', type }, { authenticated: false, edns: false })
      assert.equal(message.readUInt16BE(13), RECORD_TYPE_CODES[type], type)
    }
  })
})

describe('a DNS answer', () => {
  it('gives values, in the shapes of the contract', () => {
    const shapes: [Question['type'], unknown, unknown][] = [
      ['A', '192.0.2.1', '192.0.2.1'],
      ['AAAA', '2001:db8:0:0:0:0:0:1', '2001:db8::1'],
      ['AAAA', '::ffff:1.2.3.4', '::ffff:102:304'],
      ['NS', 'ns.example.test', 'ns.example.test'],
      ['PTR', 'Host.example.test', 'host.example.test'],
      [
        'MX',
        { preference: 10, exchange: 'mx.example.test' },
        { preference: 10, exchange: 'mx.example.test' },
      ],
      ['TXT', ['one ', 'two'], 'one two'],
      [
        'SRV',
        { priority: 1, weight: 2, port: 443, target: 's.test' },
        { priority: 1, weight: 2, port: 443, target: 's.test' },
      ],
      ['CAA', { flags: 128, tag: 'issue', value: 'ca.test' }, { flags: 128, tag: 'issue', value: 'ca.test' }],
      [
        'TLSA',
        { usage: 3, selector: 1, matchingType: 1, certificate: Buffer.from('abcd', 'hex') },
        { usage: 3, selector: 1, matchingType: 1, certificate: 'abcd' },
      ],
      [
        'DS',
        { keyTag: 7, algorithm: 8, digestType: 2, digest: Buffer.from('beef', 'hex') },
        { keyTag: 7, algorithm: 8, digestType: 2, digest: 'beef' },
      ],
      [
        'DNSKEY',
        { flags: 257, algorithm: 8, key: Buffer.from('key') },
        { flags: 257, protocol: 3, algorithm: 8, key: 'a2V5' },
      ],
      [
        'NAPTR',
        { order: 1, preference: 2, flags: 'S', services: 'SIP', regexp: '', replacement: 'r.test' },
        { order: 1, preference: 2, flags: 'S', services: 'SIP', regexp: '', replacement: 'r.test' },
      ],
    ]
    for (const [type, data, expected] of shapes) {
      const got = read({ answers: [record(type, data)] }, { name: 'www.example.test', type })
      assert.deepEqual(got?.values, [expected], type)
    }
    const authority = read({ answers: [soa('www.example.test')] }, { name: 'www.example.test', type: 'SOA' })
    assert.equal((authority?.values[0] as { mname: string }).mname, 'ns.www.example.test')
  })

  it('decodes SVCB parameters', () => {
    const params = Buffer.concat([
      Buffer.from('\x00\x10\x03svc\x04test\x00', 'latin1'),
      Buffer.from('\x00\x00\x00\x02\x00\x01', 'latin1'),
      Buffer.from('\x00\x01\x00\x03\x02h2', 'latin1'),
      Buffer.from('\x00\x02\x00\x00', 'latin1'),
      Buffer.from('\x00\x03\x00\x02\x01\xbb', 'latin1'),
      Buffer.from('\x00\x04\x00\x04\xc0\x00\x02\x01', 'latin1'),
      Buffer.from(
        '\x00\x06\x00\x10\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01',
        'latin1',
      ),
      Buffer.from('\x00\x63\x00\x01\x2a', 'latin1'),
    ])
    const got = read({ answers: [record('UNKNOWN_64', params)] }, { name: 'www.example.test', type: 'SVCB' })
    assert.deepEqual(got?.values, [
      {
        priority: 16,
        target: 'svc.test',
        params: {
          mandatory: ['alpn'],
          alpn: ['h2'],
          'no-default-alpn': true,
          port: 443,
          ipv4hint: ['192.0.2.1'],
          ipv6hint: ['2001:db8::1'],
          key99: 'Kg==',
        },
      },
    ])
  })

  it('follows aliases inside the message, whatever the case of the names', () => {
    const answers = [cname('WWW.Example.TEST', 'Edge.example.test', 60), a('edge.EXAMPLE.test', '192.0.2.7')]
    const got = read({ answers })
    assert.deepEqual(got?.path, ['www.example.test', 'edge.example.test'])
    assert.deepEqual(got.values, ['192.0.2.7'])
    assert.equal(got.ttl, 60)
    assert.equal(got.final, true)
  })

  it('is not final when an alias leads out of it, and is when the zone says that there is no more', () => {
    assert.equal(read({ answers: [cname('www.example.test', 'a.test')] })?.final, false)
    const denied = read({ answers: [cname('www.example.test', 'a.test')], authorities: [soa('test', 30)] })
    assert.equal(denied?.final, true)
    assert.equal(denied.ttl, 30)
  })

  it('ignores records of other names, classes and types', () => {
    const chaos = { ...a('www.example.test', '192.0.2.9'), class: 'CH' } as Answer
    const answers = [
      a('evil.test', '192.0.2.8'),
      chaos,
      record('TXT', 'x'),
      a('www.example.test', '192.0.2.1'),
    ]
    assert.deepEqual(read({ answers })?.values, ['192.0.2.1'])
  })

  it('is kept for the shortest TTL, a day at most, and not at all when that is negative', () => {
    const ttl = (seconds: number) => read({ answers: [a('www.example.test', '192.0.2.1', seconds)] })?.ttl
    assert.equal(ttl(300), 300)
    assert.equal(ttl(1_000_000), 86_400)
    assert.equal(ttl(0xffff_ffff), 0)
    assert.equal(read({ authorities: [soa('test', 900, 60)] })?.ttl, 60)
    assert.equal(read({})?.ttl, 0)
  })

  it('carries the extended error of the server', () => {
    const option = { code: 15, data: Buffer.concat([Buffer.from([0, 9]), Buffer.from('no key')]) }
    const opt = {
      type: 'OPT',
      name: '.',
      udpPayloadSize: 1232,
      extendedRcode: 0,
      ednsVersion: 0,
      flags: 0,
      flag_do: false,
      options: [option],
    } as unknown as OptAnswer
    assert.deepEqual(read({ additionals: [opt] })?.ede, { code: 9, text: 'no key' })
    assert.equal(read({ additionals: [{ ...opt, extendedRcode: 1 }] })?.rcode, 16)
  })

  it('is none of ours when it is a query, or answers another question', () => {
    assert.equal(
      readReply(packet, encodeQuery(question, { authenticated: false, edns: true }), question),
      undefined,
    )
    const others: Question[] = [
      { name: 'www.example.test', type: 'AAAA' },
      { name: 'www.example.tesT2', type: 'A' },
    ]
    for (const other of others) assert.equal(readReply(packet, reply(query(other)), question), undefined)
    assert.equal(readReply(packet, Buffer.alloc(11), question), undefined)
    assert.equal(readReply(packet, Buffer.alloc(0), question), undefined)
    const two = reply(query(), { questions: [...(query().questions ?? []), ...(query().questions ?? [])] })
    assert.equal(readReply(packet, two, question), undefined)
  })

  it('is malformed when RDLENGTH and content differ, instead of shifting what follows', async () => {
    const message = reply(query(), { answers: [a('www.example.test', '192.0.2.1')] })
    for (const length of [0, 3, 5, 0xffff]) {
      const wrong = Buffer.from(message)
      wrong.writeUInt16BE(length, wrong.length - 6)
      assert.equal((await malformed(wrong)).code, 'DNS_MALFORMED', `RDLENGTH ${length}`)
    }
    const mx = reply(query({ ...question, type: 'MX' }), {
      answers: [record('MX', { preference: 1, exchange: 'mx.test' })],
    })
    mx.writeUInt16BE(8, mx.length - 13)
    assert.equal((await malformed(mx, { ...question, type: 'MX' })).code, 'DNS_MALFORMED')
  })

  it('is not lost for a record that nobody asked for', () => {
    const odd = record('UNKNOWN_48', Buffer.from('not a key')) // dns-packet throws the whole message away
    const got = read({ answers: [a('www.example.test', '192.0.2.1'), odd] })
    assert.deepEqual(got?.values, ['192.0.2.1'])
  })
})

describe('names on the wire', () => {
  const nameAt = (bytes: string, at = 0): string => readName(Buffer.from(bytes, 'latin1'), at).name

  it('keep binary octets, dots and backslashes inside a label apart', () => {
    assert.equal(nameAt('\x04A.\\\xff\x04tEst\x00'), 'a\\.\\\\\\255.test')
    assert.equal(nameAt('\x03a b\x00'), 'a\\032b')
    assert.equal(nameAt('\x00'), '')
  })

  it('follow pointers backwards only, and end', () => {
    assert.equal(nameAt('\x04test\x00\x03www\xc0\x00', 6), 'www.test')
    for (const hostile of ['\xc0\x00', '\x01a\xc0\x00', '\xc0\x02\xc0\x00', '\x03ab', '\x40a', '\x80']) {
      assert.throws(() => nameAt(hostile), RangeError, JSON.stringify(hostile))
    }
    assert.throws(() => nameAt('\x3f'.padEnd(64, 'a').repeat(5) + '\x00'), RangeError)
  })
})
