import assert from 'node:assert/strict'
import { SandboxCookies } from '../../../lib/sandbox/dns-cookies.ts'

describe('DNS cookies of the sandbox', () => {
  const clock = { seconds: 4_294_967_000 } // near the end of 32 bits, where times wrap around
  const cookies = new SandboxCookies(() => clock.seconds)
  const client = Buffer.from('client08')
  const kindOf = (cookie: Buffer, address = '127.0.0.1', from = cookies): string =>
    from.check(cookie, address).kind

  it('are good for whom they were made, for an hour', () => {
    const { kind, option } = cookies.check(client, '127.0.0.1')
    assert.equal(kind, 'new')
    assert.equal(option.length, 24)
    assert.deepEqual(option.subarray(0, 8), client)
    assert.equal(kindOf(option), 'good')
    assert.equal(kindOf(option, '127.0.0.2'), 'new')
    assert.equal(kindOf(Buffer.concat([Buffer.from('another8'), option.subarray(8)])), 'new')
    assert.equal(kindOf(option, '127.0.0.1', new SandboxCookies(() => clock.seconds)), 'new')
    clock.seconds += 3600
    assert.equal(kindOf(option), 'good')
    clock.seconds += 1
    assert.equal(kindOf(option), 'new')
    assert.equal(kindOf(cookies.check(option, '127.0.0.1').option), 'good')
    clock.seconds -= 3601 + 300
    assert.equal(kindOf(option), 'good')
    clock.seconds -= 1
    assert.equal(kindOf(option), 'new')
  })

  it('have 8, or 16 to 40 octets', () => {
    const lengths = [0, 7, 9, 15, 41]
    for (const length of lengths) assert.equal(kindOf(Buffer.alloc(length)), 'malformed', String(length))
    for (const length of [8, 16, 24, 40]) assert.equal(kindOf(Buffer.alloc(length)), 'new', String(length))
  })
})
