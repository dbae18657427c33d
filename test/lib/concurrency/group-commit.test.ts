import assert from 'node:assert/strict'
import { GroupCommit } from '../../../lib/concurrency/group-commit.ts'

describe('GroupCommit', () => {
  it('commits what arrives during a commit together, in order', async () => {
    const groups: number[][] = []
    const commits = new GroupCommit<number, number>(async (items) => {
      groups.push([...items])
      await new Promise((resolve) => setImmediate(resolve))
      return items.map((item) => item * 10)
    }, 100)
    const first = commits.add(1)
    await Promise.resolve()
    await Promise.resolve()
    const rest = [2, 3, 4].map((item) => commits.add(item))
    assert.equal(await first, 10)
    assert.deepEqual(await Promise.all(rest), [20, 30, 40])
    assert.deepEqual(groups, [[1], [2, 3, 4]])
  })

  it('takes items of one turn in one group, up to the limit', async () => {
    const sizes: number[] = []
    const commits = new GroupCommit<number, number>((items) => {
      sizes.push(items.length)
      return Promise.resolve(items)
    }, 4)
    const results = await Promise.all(Array.from({ length: 10 }, (_, item) => commits.add(item)))
    assert.deepEqual(results, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    assert.deepEqual(sizes, [4, 4, 2])
  })

  it('fails a group as a whole and goes on with the next', async () => {
    let fail = true
    const commits = new GroupCommit<number, number>((items) => {
      if (fail) return Promise.reject(new Error('disk'))
      return Promise.resolve(items)
    }, 100)
    const ends = await Promise.allSettled([commits.add(1), commits.add(2)])
    assert.deepEqual(
      ends.map(({ status }) => status),
      ['rejected', 'rejected'],
    )
    fail = false
    assert.equal(await commits.add(3), 3)
  })

  it('is idle once nothing waits', async () => {
    let done = 0
    const commits = new GroupCommit<number, void>(async (items) => {
      await new Promise((resolve) => setImmediate(resolve))
      done += items.length
      return []
    }, 1)
    await commits.idle()
    for (let item = 0; item < 5; item += 1) void commits.add(item)
    assert.equal(commits.waiting, 5)
    await commits.idle()
    assert.deepEqual([done, commits.waiting], [5, 0])
  })
})
