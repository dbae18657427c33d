import assert from 'node:assert/strict'
import fc from 'fast-check'
import { MessageReader, readReport } from '../../../../lib/postgres/wire/message-reader.ts'
import { MessageWriter } from '../../../../lib/postgres/wire/message-writer.ts'
import { RowPlan } from '../../../../lib/postgres/wire/row-plan.ts'

/** A message as a server sends it. */
function message(code: number, body: Buffer): Buffer {
  const head = Buffer.alloc(5)
  head[0] = code
  head.writeInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}

/** Cuts bytes at the given places. */
function pieces(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((one, two) => one - two)
  return [...places, bytes.length].map((place, index) =>
    bytes.subarray(index === 0 ? 0 : places[index - 1], place),
  )
}

describe('the messages of the PostgreSQL protocol', () => {
  it('are found in any cut of the stream', () => {
    const part = fc.record({ code: fc.integer({ min: 1, max: 255 }), body: fc.uint8Array({ maxLength: 40 }) })
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), fc.array(fc.nat(1000)), (parts, cuts) => {
        const found: [number, string][] = []
        const reader = new MessageReader((code, buffer, at) => {
          const end = at - 4 + buffer.readInt32BE(at - 4)
          found.push([code, buffer.toString('hex', at, end)])
        })
        const stream = Buffer.concat(parts.map(({ code, body }) => message(code, Buffer.from(body))))
        for (const piece of pieces(stream, cuts)) reader.feed(piece)
        assert.deepEqual(
          found,
          parts.map(({ code, body }) => [code, Buffer.from(body).toString('hex')]),
        )
      }),
    )
  })

  it('are refused when their length is impossible', () => {
    const reader = new MessageReader(() => undefined)
    assert.throws(() => reader.feed(Buffer.from([0x44, 0, 0, 0, 3])))
  })

  it('are written with the right length, whatever the text', () => {
    const writer = new MessageWriter()
    const text = fc.string({ unit: 'binary' }).filter((each) => !each.includes('\0'))
    fc.assert(
      fc.property(
        text,
        fc.array(fc.option(fc.string({ unit: 'binary', maxLength: 300 }))),
        (name, values) => {
          writer.parse(name, 'select', [23, 4_294_967_295])
          writer.bind('', name, values)
          writer.execute(name, 7)
          writer.sync()
          const codes: string[] = []
          let sent: (string | null)[] = []
          const reader = new MessageReader((code, buffer, at) => {
            codes.push(String.fromCharCode(code))
            if (code === 0x42) sent = readBind(buffer, at)
          })
          reader.feed(writer.take())
          assert.deepEqual(codes, ['P', 'B', 'E', 'S'])
          assert.deepEqual(
            sent,
            values.map((value) => value?.toWellFormed() ?? null),
          )
        },
      ),
    )
  })

  it('give rows of any text and NULL', () => {
    const plan = new RowPlan(['a', 'b', 'c'].map((name) => ({ name, type: 25, table: 0, attribute: 0 })))
    const cell = fc.option(fc.string({ unit: 'grapheme' }))
    fc.assert(
      fc.property(fc.tuple(cell, cell, cell), ([a, b, c]) => {
        const cells = [a, b, c].map((value) => {
          const bytes = Buffer.from(value ?? '')
          const head = Buffer.alloc(4)
          head.writeInt32BE(value === null ? -1 : bytes.length)
          return Buffer.concat([head, bytes])
        })
        assert.deepEqual(plan.decode(Buffer.concat([Buffer.from([0, 3]), ...cells]), 0), { a, b, c })
      }),
    )
  })

  it('hold OIDs of the upper half', () => {
    const writer = new MessageWriter()
    writer.parse('', '', [4_294_967_295, 2_147_483_648])
    assert.equal(writer.take().subarray(-8).toString('hex'), 'ffffffff80000000')
    const body = Buffer.alloc(22)
    body.writeUInt16BE(1, 0)
    body.write('a', 2)
    body.writeUInt32BE(3_000_000_000, 4)
    body.writeInt16BE(7, 8)
    body.writeUInt32BE(4_000_000_000, 10)
    assert.deepEqual(RowPlan.read(body, 0).columns, [
      { name: 'a', table: 3_000_000_000, attribute: 7, type: 4_000_000_000 },
    ])
  })

  it('leave out of an error what may hold rows or SQL', () => {
    const fields =
      'SFEHLER\0VERROR\0C23505\0Mduplicate key\0DKey (id)=(7) exists\0Hhint\0Wcontext\0qselect\0nkey\0tt\0P12\0\0'
    const report = readReport(Buffer.from(fields), 0)
    assert.deepEqual(report, {
      severity: 'ERROR',
      sqlstate: '23505',
      message: 'duplicate key',
      position: 12,
      table: 't',
      constraint: 'key',
    })
  })
})

function readBind(buffer: Buffer, start: number): (string | null)[] {
  let at = buffer.indexOf(0, buffer.indexOf(0, start) + 1) + 3
  const values: (string | null)[] = []
  for (let left = buffer.readUInt16BE(at), next = at + 2; left > 0; left -= 1) {
    const length = buffer.readInt32BE(next)
    at = next + 4
    values.push(length === -1 ? null : buffer.toString('utf8', at, at + length))
    next = at + Math.max(0, length)
  }
  return values
}
