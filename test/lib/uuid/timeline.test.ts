import { deepEqual, equal, ok } from 'node:assert/strict'
import { validate } from 'uuid'
import { newCorrelationId } from '../../../lib/correlation/correlation.ts'
import { processV7, Timeline, v7Options, v7Timeline } from '../../../lib/uuid/timeline.ts'
import { fakeClock } from './fakes.ts'

const point = ({ ms, slot }: Timeline): number[] => [ms, slot]

describe('Timeline', () => {
  it('follows the clock', () => {
    const clock = fakeClock(1000)
    const timeline = new Timeline(clock, 10)
    timeline.tick(3)
    deepEqual(point(timeline), [1000, 3])
    clock.ms = 1001
    timeline.tick()
    deepEqual(point(timeline), [1001, 0])
  })

  it('counts slots while the clock stands still, and runs ahead when they are used up', () => {
    const timeline = new Timeline(fakeClock(1000), 2)
    const seen = Array.from({ length: 4 }, () => {
      timeline.tick()
      return point(timeline)
    })
    deepEqual(seen, [
      [1000, 0],
      [1000, 1],
      [1001, 0],
      [1001, 1],
    ])
  })

  it('goes on where it was when the clock steps back', () => {
    const clock = fakeClock(5000)
    const timeline = new Timeline(clock, 10)
    timeline.tick(4)
    clock.ms = 10
    timeline.tick(9)
    deepEqual(point(timeline), [5000, 5])
  })

  it('does not believe the clock beyond a limit', () => {
    const timeline = new Timeline(fakeClock(9000), 10)
    timeline.tick(0, 2000)
    deepEqual(point(timeline), [2000, 0])
    timeline.tick(0, 2000)
    deepEqual(point(timeline), [2000, 1])
  })

  it('begins behind a mark, and never goes back to one', () => {
    const timeline = new Timeline(fakeClock(1000), 10)
    timeline.notBefore(3000)
    timeline.tick()
    ok(timeline.ms >= 3000)
    timeline.notBefore(2000)
    ok(timeline.ms >= 3000)
  })
})

describe('v7Options', () => {
  it('begins a millisecond in the lower half of its slots', () => {
    const { seq } = v7Options(v7Timeline(fakeClock(1)), new Uint8Array(16).fill(0xff))
    equal(seq, 0x7fffffff)
  })
})

describe('processV7', () => {
  it('increases together with the correlation ids', () => {
    const ids = Array.from({ length: 2000 }, (_, i) => (i % 2 ? processV7() : newCorrelationId()))
    deepEqual(ids, ids.toSorted())
    equal(new Set(ids).size, ids.length)
    ok(ids.every((id) => validate(id)))
  })
})
