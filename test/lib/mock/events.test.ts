import assert from 'node:assert/strict'
import fc from 'fast-check'
import { eventMaker, seededTimes, type EventPlan } from '../../../lib/mock/events.ts'
import { isoText } from '../../../lib/mock/iso-text.ts'
import { createMock, type MockCall } from '../../../lib/mock/mock.ts'
import { sampleMessage } from '../../../lib/mock/sample-message.ts'
import { drawSeed, readSeed } from '../../../lib/mock/seed.ts'

const PLAN: EventPlan = { dataActionId: 'a', channel: 'phone', seed: 1, timeOf: seededTimes }

describe('the events of a run', () => {
  it('depend on the seed and their number alone', () => {
    const [one, other] = [eventMaker(PLAN), eventMaker(PLAN)]
    const first = [0, 1, 2, 3].map(one)
    assert.deepEqual([3, 2, 1, 0].map(other).reverse(), first)
    assert.notDeepEqual([0, 1, 2, 3].map(eventMaker({ ...PLAN, seed: 2 })), first)
  })

  it('have ids of their own, however many they are', () => {
    const make = eventMaker({ ...PLAN, seed: 0xffff_ffff })
    const ids = Array.from({ length: 50_000 }, (_, at) => (make(at * 20).interaction as { id: string }).id)
    assert.equal(new Set(ids).size, ids.length)
  })

  it('begin after their interaction, a second apart', () => {
    const make = eventMaker(PLAN)
    for (let at = 0; at < 100; at += 1) {
      const { timestamp, interaction } = make(at) as { timestamp: string; interaction: { startTime: string } }
      assert.equal(Date.parse(timestamp), seededTimes(at))
      const lasted = Date.parse(timestamp) - Date.parse(interaction.startTime)
      assert.ok(lasted >= 0 && lasted < 600_000)
    }
  })
})

describe('ISO text', () => {
  it('is what Date writes', () => {
    const [min, max] = [Date.parse('0001-01-01'), Date.parse('9999-12-31T23:59:59.999Z')]
    fc.assert(
      fc.property(fc.integer({ min, max }), (ms) => assert.equal(isoText(ms), new Date(ms).toISOString())),
    )
    for (const ms of [0, -1, 86_399_999, 86_400_000, 1_772_443_800_000, 253_402_300_800_000])
      assert.equal(isoText(ms), new Date(ms).toISOString())
  })
})

describe('a seed', () => {
  it('stands for itself where it is a number of 32 bits or its digits, else it is hashed', () => {
    assert.deepEqual([readSeed(7, 's'), readSeed('7', 's'), readSeed(0xffff_ffff, 's')], [7, 7, 0xffff_ffff])
    for (const value of ['text', -1, 1.5, 2 ** 32, '4294967296', '00000000007', ' 7']) {
      const seed = readSeed(value, 's')
      assert.ok(Number.isInteger(seed) && seed! >= 0 && seed! < 2 ** 32, String(value))
      assert.equal(readSeed(String(value), 's'), seed)
    }
    assert.notEqual(readSeed('a', 's'), readSeed('b', 's'))
  })

  it('is drawn where there is none', () => {
    for (const none of [undefined, null, '']) assert.equal(readSeed(none, 's'), undefined)
    assert.deepEqual([drawSeed(0), drawSeed(1 - Number.EPSILON / 2)], [0, 0xffff_ffff])
  })

  it('is refused where it is neither number nor text', () => {
    for (const wrong of [{}, [], true, NaN, Infinity, 'x'.repeat(257), 1n])
      assert.throws(() => readSeed(wrong, 'msg.seed'), {
        code: 'INPUT_INVALID',
        details: { path: 'msg.seed' },
      })
  })
})

describe('a mock', () => {
  const ports = { clock: { now: () => 0 }, random: { uniform: () => 0.5 } }
  const call = (more: Record<string, unknown>): MockCall => {
    const given = (name: string) => ({ value: more[name], place: name })
    return {
      actionId: given('actionId'),
      count: given('count'),
      seed: given('seed'),
      overrides: given('overrides'),
      template: given('template'),
    }
  }

  it('keeps events apart that messages ask for at the same time', async () => {
    const begin = createMock({ source: 'sample', channel: 'phone' }, ports)
    const [a, b] = await Promise.all([begin(call({ count: 3 })), begin(call({ count: 2 }))])
    const numbers = [a.factsOf(0), a.factsOf(2), b.factsOf(0), b.factsOf(1)].map(({ index }) => index)
    assert.deepEqual(numbers, [0, 2, 3, 4])
    assert.equal(a.factsOf(0).seed, 0x8000_0000)
    assert.equal(a.event(0).timestamp, '1970-01-01T00:00:00.000Z')
  })

  it('does not count the events of a seed', async () => {
    const begin = createMock({ source: 'sample', channel: 'phone' }, ports)
    await begin(call({ count: 3, seed: 1 }))
    assert.equal((await begin(call({ count: 1 }))).factsOf(0).index, 0)
  })
})

describe('the sample message of flow tests', () => {
  it('is the event of the tutorial, with values laid over it', () => {
    const { payload, dataActionId } = sampleMessage({ contact: { attributes: { tier: 'standard' } } })
    assert.equal(dataActionId, 'crm-customer-lookup')
    assert.deepEqual(payload, {
      dataActionId: 'crm-customer-lookup',
      triggerId: 'tr-883210',
      timestamp: '2026-03-02T09:30:00.000Z',
      environment: 'sandbox',
      interaction: {
        id: 'i-774421',
        type: 'voice',
        direction: 'inbound',
        status: 'active',
        channel: 'phone',
        startTime: '2026-03-02T09:28:12.000Z',
      },
      contact: {
        id: 'c-982104',
        externalId: 'EXT-9921',
        attributes: { customerId: 'CUST-4412', tier: 'standard', lastCallDate: '2023-11-15T10:30:00Z' },
      },
      data: {
        disposition: 'callback_requested',
        agentId: 'ag-112233',
        wrapUpCode: 'WU-04',
        customFields: { issueCategory: 'billing', resolutionScore: 87 },
      },
    })
  })

  it('differs from repeat to repeat', () => {
    const [a, b] = [0, 1].map(
      (at) => sampleMessage({ data: { n: '{{index}}', id: '{{uuid}}' } }, at).payload as any,
    )
    assert.deepEqual([a.triggerId, b.triggerId, a.data.n, b.data.n], ['tr-883210', 'tr-883211', 0, 1])
    assert.notEqual(a.data.id, b.data.id)
    assert.equal((sampleMessage({ data: { id: '{{uuid}}' } }).payload as any).data.id, a.data.id)
  })
})
