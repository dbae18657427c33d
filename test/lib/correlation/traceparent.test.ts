import assert from 'node:assert/strict'
import fc from 'fast-check'
import { correlationHeaders, correlationOf, newCorrelationId } from '../../../lib/correlation/correlation.ts'
import { provideActiveTrace } from '../../../lib/correlation/active-trace.ts'
import { RemoteParents } from '../../../lib/correlation/remote-parents.ts'
import { readTraceparent, remoteParentOf, traceparentOf } from '../../../lib/correlation/traceparent.ts'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const SPAN = '00f067aa0ba902b7'
const ID = '4bf92f35-77b3-4da6-a3ce-929d0e0e4736'

describe('readTraceparent', () => {
  it('reads the example of the specification', () => {
    const headers = { traceparent: `00-${TRACE}-${SPAN}-01`, tracestate: 'congo=t61rcWkgMzE' }
    assert.deepEqual(readTraceparent(headers), {
      traceId: TRACE,
      spanId: SPAN,
      isSampled: true,
      tracestate: 'congo=t61rcWkgMzE',
    })
  })

  it('looks only at the last bit of the flags', () => {
    const sampled = (flags: string) =>
      readTraceparent({ traceparent: `00-${TRACE}-${SPAN}-${flags}` })?.isSampled
    assert.deepEqual([sampled('00'), sampled('02'), sampled('03'), sampled('ff')], [false, false, true, true])
  })

  it('reads what a later version adds behind it', () => {
    assert.equal(readTraceparent({ traceparent: `cc-${TRACE}-${SPAN}-01-what-comes` })?.traceId, TRACE)
    assert.equal(readTraceparent({ traceparent: `cc-${TRACE}-${SPAN}-01.what` }), undefined)
  })

  for (const [what, traceparent] of Object.entries({
    'an empty text': '',
    'no text': 5,
    'two headers that were joined': `00-${TRACE}-${SPAN}-01, 00-${TRACE}-${SPAN}-01`,
    'upper case': `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    'version ff': `ff-${TRACE}-${SPAN}-01`,
    'a trace id of zeros': `00-${'0'.repeat(32)}-${SPAN}-01`,
    'a span id of zeros': `00-${TRACE}-${'0'.repeat(16)}-01`,
    'a trace id that is too short': `00-${TRACE.slice(1)}-${SPAN}-01`,
    'more than version 00 has': `00-${TRACE}-${SPAN}-01-more`,
    'a line break at the end': `00-${TRACE}-${SPAN}-01\n`,
    'no flags': `00-${TRACE}-${SPAN}`,
  })) {
    it(`ignores ${what}`, () => assert.equal(readTraceparent({ traceparent }), undefined))
  }

  it('leaves a tracestate out that could not be sent on', () => {
    const stateOf = (tracestate: unknown) =>
      readTraceparent({ traceparent: `00-${TRACE}-${SPAN}-01`, tracestate })?.tracestate
    assert.equal(stateOf('a=1\r\nX-Evil: 1'), undefined)
    assert.equal(stateOf('x'.repeat(3000)), undefined)
    assert.equal(stateOf(['a=1']), undefined)
    assert.equal(stateOf('a=1,b=2'), 'a=1,b=2')
  })

  it('reads all that is written, and never throws', () => {
    const hex = (length: number) =>
      fc
        .uint8Array({ minLength: length / 2, maxLength: length / 2 })
        .map((bytes) => Buffer.from(bytes).toString('hex'))
        .filter((text) => !/^0+$/.test(text))
    fc.assert(
      fc.property(hex(32), hex(16), fc.boolean(), (traceId, spanId, isSampled) => {
        const read = readTraceparent({ traceparent: traceparentOf(traceId, spanId, isSampled) })
        assert.deepEqual(read, { traceId, spanId, isSampled, tracestate: undefined })
      }),
    )
    fc.assert(
      fc.property(fc.string(), (traceparent) => {
        readTraceparent({ traceparent })
      }),
    )
  })
})

describe('remoteParentOf', () => {
  it('takes the request that brought the message before its own headers', () => {
    const of = (span: string) => ({ traceparent: `00-${TRACE}-${span}-01` })
    const other = 'b7ad6b7169203331'
    assert.equal(remoteParentOf({ req: { headers: of(SPAN) }, headers: of(other) })?.spanId, SPAN)
    assert.equal(remoteParentOf({ headers: of(other) })?.spanId, other)
    assert.equal(remoteParentOf({ req: null, headers: 'none' }), undefined)
  })
})

describe('correlationHeaders', () => {
  it('pass on what the caller told, unchanged, where nothing is recorded', () => {
    const id = newCorrelationId()
    const traceparent = `00-${id.replaceAll('-', '')}-${SPAN}-01`
    assert.equal(correlationOf({ traceparent, tracestate: 'congo=1' }), id)
    assert.deepEqual(correlationHeaders(id), { CorrelationId: id, traceparent, tracestate: 'congo=1' })
  })

  it('pass on that the caller does not record', () => {
    const id = newCorrelationId()
    const traceparent = `00-${id.replaceAll('-', '')}-${SPAN}-00`
    correlationOf({ traceparent })
    assert.equal(correlationHeaders(id)['traceparent'], traceparent)
  })

  it('name the span of the node that works, where the message is traced', () => {
    const forget = provideActiveTrace(() => ({
      correlationId: ID,
      span: { spanId: SPAN, isSampled: true, tracestate: 'congo=2' },
    }))
    try {
      assert.deepEqual(correlationHeaders(ID), {
        CorrelationId: ID,
        traceparent: `00-${TRACE}-${SPAN}-01`,
        tracestate: 'congo=2',
      })
      const other = newCorrelationId()
      assert.match(
        correlationHeaders(other)['traceparent'] ?? '',
        /-00$/,
        'of another trace it tells nothing',
      )
    } finally {
      forget()
    }
    assert.match(correlationHeaders(newCorrelationId())['traceparent'] ?? '', /-00$/)
  })

  it('do not mix a CorrelationId with the trace of another id', () => {
    const own = newCorrelationId()
    assert.equal(correlationOf({ correlationid: own, traceparent: `00-${TRACE}-${SPAN}-01` }), own)
    assert.doesNotMatch(correlationHeaders(own)['traceparent'] ?? '', new RegExp(`${TRACE}|${SPAN}`))
  })
})

describe('RemoteParents', () => {
  it('keeps the newest only', () => {
    const parents = new RemoteParents(2)
    const parent = (traceId: string) => ({ traceId, spanId: SPAN, isSampled: true, tracestate: undefined })
    const ids = Array.from({ length: 3 }, newCorrelationId)
    for (const id of ids) parents.add(id, parent(id.replaceAll('-', '')))
    assert.deepEqual(
      ids.map((id) => parents.of(id) !== undefined),
      [false, true, true],
    )
  })
})
