import { equal, ok } from 'node:assert/strict'
import fc from 'fast-check'
import { UuidRegistry } from '../../../lib/uuid/registry.ts'

const idOf = (n: number): Uint32Array => Uint32Array.of(n, 0, 0, n >>> 3)

describe('UuidRegistry', () => {
  it('knows what was added', () => {
    const registry = new UuidRegistry(10)
    equal(registry.add(idOf(1)), true)
    equal(registry.add(idOf(1)), false)
    equal(registry.add(Uint32Array.of(1, 0, 0, 1)), true)
    equal(registry.size, 2)
  })

  it('takes the UUID of all zeros as one like others', () => {
    const registry = new UuidRegistry(10)
    equal(registry.add(new Uint32Array(4)), true)
    equal(registry.add(new Uint32Array(4)), false)
  })

  it('forgets the oldest first', () => {
    const registry = new UuidRegistry(3)
    for (const n of [1, 2, 3, 4]) registry.add(idOf(n))
    equal(registry.size, 3)
    for (const n of [2, 3, 4]) equal(registry.add(idOf(n)), false)
    equal(registry.add(idOf(1)), true)
    equal(registry.add(idOf(2)), true, '2 was the oldest when 1 came again')
  })

  it('behaves as an ordered set does, at any capacity', () => {
    const ids = fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 400 })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), ids, (capacity, numbers) => {
        const registry = new UuidRegistry(capacity)
        const model = new Set<number>()
        for (const n of numbers) {
          equal(registry.add(idOf(n)), !model.has(n))
          model.add(n)
          if (model.size > capacity) model.delete(model.values().next().value as number)
          equal(registry.size, model.size)
        }
      }),
    )
  })

  it('grows with what it holds and keeps it', () => {
    const registry = new UuidRegistry(1_000_000)
    ok(registry.byteLength < 40_000)
    for (let n = 0; n < 50_000; n++) registry.add(idOf(n))
    for (let n = 0; n < 50_000; n++) equal(registry.add(idOf(n)), false)
    ok(registry.byteLength < 4_000_000)
  })
})
