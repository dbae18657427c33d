import assert from 'node:assert/strict'
import { readRequest } from '../../../lib/dns/request.ts'

const node = {
  recordTypes: ['MX'],
  ttlOverrideS: 60,
  maxQueriesPerMinute: 500,
  dnssecRequired: false,
  dnssec: 'ad',
} as const

describe('a directive', () => {
  it('overrides what it holds, and leaves the rest to the node', () => {
    const directive = { domain: 'A.Example.', recordTypes: ['TXT'], maxQueriesPerMinute: 10 }
    assert.deepEqual(readRequest(directive, 'msg.payload', node), {
      domain: 'a.example',
      recordTypes: ['TXT'],
      ttlOverrideS: 60,
      maxQueriesPerMinute: 10,
      dnssecRequired: false,
    })
  })

  it('takes the values of the node where its own are empty, and the TTL of the records for an empty override', () => {
    for (const empty of [null, '']) {
      const directive = {
        domain: 'a.example',
        recordTypes: empty,
        ttlOverrideS: empty,
        maxQueriesPerMinute: empty,
        dnssecRequired: empty,
      }
      assert.deepEqual(readRequest(directive, 'msg.payload', node), {
        domain: 'a.example',
        recordTypes: ['MX'],
        ttlOverrideS: undefined,
        maxQueriesPerMinute: 500,
        dnssecRequired: false,
      })
    }
  })

  it('is refused with the place of the first wrong value', () => {
    const wrong: [string, unknown][] = [
      ['domain', undefined],
      ['domain', 'a..b'],
      ['recordTypes', []],
      ['recordTypes', ['ANY']],
      ['ttlOverrideS', 29],
      ['ttlOverrideS', 86_401],
      ['maxQueriesPerMinute', 9],
      ['maxQueriesPerMinute', 1001],
      ['dnssecRequired', 'yes'],
    ]
    for (const [name, value] of wrong) {
      assert.throws(() => readRequest({ domain: 'a.example', [name]: value }, 'msg.payload', node), {
        code: 'INPUT_INVALID',
        details: { path: `msg.payload.${name}` },
      })
    }
  })
})
