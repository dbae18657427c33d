import { deepEqual, match, equal } from 'node:assert/strict'
import { inspectUuid } from '../../../lib/uuid/inspect.ts'

// The test vectors of RFC 9562, appendix A and B.
const VECTORS = {
  'C232AB00-9414-11EC-B3C8-9F6BDECED846': {
    version: 1,
    timestamp: '2022-02-22T19:22:22.000Z',
    node: '9f:6b:de:ce:d8:46',
  },
  '5df41881-3aed-3515-88a7-2f4a814cf09e': { version: 3 },
  '919108f7-52d1-4320-9bac-f847db4148a8': { version: 4 },
  '2ed6657d-e927-568b-95e1-2665a8aea6a2': { version: 5 },
  '1EC9414C-232A-6B00-B3C8-9F6BDECED846': {
    version: 6,
    timestamp: '2022-02-22T19:22:22.000Z',
    node: '9f:6b:de:ce:d8:46',
  },
  '017F22E2-79B0-7CC3-98C4-DC0C0C07398F': { version: 7, timestamp: '2022-02-22T19:22:22.000Z' },
  '2489E9AD-2EE2-8E00-8EC9-32D5F69181C0': { version: 8 },
}

describe('inspectUuid', () => {
  for (const [text, expected] of Object.entries(VECTORS))
    it(`reads the vector of version ${expected.version} in RFC 9562`, () =>
      deepEqual(inspectUuid(text), { valid: true, variant: 2, ...expected }))

  it('takes the nil and the max UUID', () => {
    deepEqual(inspectUuid('0'.repeat(32)), { valid: true, version: 0, variant: 0 })
    deepEqual(inspectUuid('f'.repeat(32)), { valid: true, version: 15, variant: 7 })
  })

  it('tells variants other than that of RFC 9562 apart', () => {
    for (const [digit, variant] of [
      ['7', 0],
      ['c', 6],
      ['d', 6],
      ['e', 7],
    ] as const) {
      const report = inspectUuid(`919108f7-52d1-4320-${digit}bac-f847db4148a8`)
      deepEqual(
        { valid: report.valid, version: report.version, variant: report.variant },
        { valid: false, version: null, variant },
      )
      match(String(report.reason), new RegExp(`variant ${variant}`))
    }
  })

  for (const digit of ['0', '9', 'f'])
    it(`says that version ${digit} is not defined`, () => {
      const report = inspectUuid(`919108f7-52d1-${digit}320-9bac-f847db4148a8`)
      equal(report.valid, false)
      match(String(report.reason), /is not defined by RFC 9562/)
    })

  it('reads the earliest and the latest times that fit', () => {
    equal(inspectUuid('00000000-0000-1000-8000-000000000000').timestamp, '1582-10-15T00:00:00.000Z')
    equal(inspectUuid('ffffffff-ffff-7fff-8000-000000000000').timestamp, '+010889-08-02T05:31:50.655Z')
  })

  it('answers what is no text, or a very long one, with a short reason', () => {
    const cyclic: Record<string, unknown> = {}
    cyclic['self'] = cyclic
    for (const value of [undefined, null, 7, true, [], cyclic, Buffer.alloc(16), 'x'.repeat(20_000_000)]) {
      const { reason = '', ...rest } = inspectUuid(value)
      deepEqual(rest, { valid: false, version: null, variant: null })
      match(reason, /^expected .{1,200}$/)
    }
  })
})
