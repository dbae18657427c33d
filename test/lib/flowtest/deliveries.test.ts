import assert from 'node:assert/strict'
import { Deliveries } from '../../../lib/flowtest/deliveries.ts'

describe('messages on their way', () => {
  it('are taken in the order in which they were sent, also where one message is sent twice', () => {
    const deliveries = new Deliveries<{ readonly output: number }>()
    const [a, b] = [{}, {}]
    for (const [message, output] of [
      [a, 0],
      [b, 1],
      [a, 2],
      [a, 3],
    ] as const)
      deliveries.add(message, { output })
    const taken = [a, a, b, a, a].map((message) => deliveries.take(message)?.output)
    assert.deepEqual(taken, [0, 2, 1, 3, undefined])
    assert.equal(deliveries.count, 0)
  })
})
