import assert from 'node:assert/strict'
import { isPaletteError } from '../../../../lib/errors.ts'
import type { PgAction } from '../../../../lib/postgres/action/guarded-action.ts'
import { ISOLATION_LEVELS, type Database, type Isolation, type Row } from '../../../../lib/postgres/driver.ts'
import { testDatabase, type TestDatabase } from '../../../support/postgres.ts'
import { until } from '../../../support/until.ts'
import { DEFAULTS, openServer } from '../drivers.ts'
import { actionOn } from './world.ts'

const CALLERS = 16
const ROWS = 20
/** A state of the table lasts until so many calls have begun and ended within it. */
const CALLS_PER_STATE = 2 * CALLERS

/** A change that breaks what the statement needs, and how it is mended. */
type Change = readonly [breaking: string, mending: string]

const KEEPING: readonly Change[] = [
  [
    'alter table race alter value type text',
    'alter table race alter value type integer using value::integer',
  ],
  ['alter table race rename value to other', 'alter table race rename other to value'],
  ['alter table race rename to race_before', 'alter table race_before rename to race'],
  ['alter table race alter value type bigint', 'alter table race alter value type integer'],
]
const filled = (type: string): string =>
  `create table public.race (id integer primary key, value ${type}); insert into public.race select g, 0 from generate_series(1, ${ROWS}) g`
const LOSING: readonly Change[] = [
  ['alter table race drop value', 'alter table race add value integer not null default 0'],
  [`drop table public.race; ${filled('numeric')}`, `drop table public.race; ${filled('integer')}`],
  [
    `create table first.race (id integer primary key, value text); insert into first.race select g, 'x' from generate_series(1, ${ROWS}) g`,
    'drop table first.race',
  ],
]
/** What the statement does not care for. */
const HARMLESS: readonly Change[] = [
  ['alter table race add more text default 1', 'alter table race drop more'],
  ['create index race_value on race (value)', 'drop index race_value'],
  [
    `begin; alter table race rename to old; create table public.race (like old including all); insert into race select * from old; drop table old; commit`,
    'analyze race',
  ],
]

/** How calls ended: by what they began and ended in. */
class Tally {
  good = 0
  drifted = 0
  /** Calls that began after a breaking change was acknowledged and ended before it was mended. */
  whileBroken = 0
  /** Calls during which a change was acknowledged. */
  crossing = 0
  readonly wrong: string[] = []
}

describe('tables that change while statements run', function () {
  this.timeout(60_000)
  let place: TestDatabase
  let database: Database

  before(async () => {
    place = await testDatabase()
    await place.query('create schema first; ' + filled('integer'))
    await place.query(`alter database ${place.database} set search_path = first, public`)
    database = openServer(place, { poolMax: CALLERS })
  })
  after(async () => {
    await database.close()
    await place.drop()
  })

  /** Has many callers run the action while the table changes to and fro. */
  async function race(
    action: PgAction,
    changes: readonly Change[],
    isRight: (row: Row) => boolean,
    rounds: number,
  ): Promise<Tally> {
    const tally = new Tally()
    const table = { epoch: 0, isBroken: false, isOver: false }
    let within = 0
    const settled = (): Promise<unknown> => {
      within = 0
      return until(() => (within >= CALLS_PER_STATE ? true : undefined))
    }
    await action.run({ id: 1 }) // what the flow relies on is known from now on
    const caller = async (seed: number): Promise<void> => {
      for (let call = seed; !table.isOver; call += 1) {
        const began = { ...table }
        try {
          const { rows } = await action.run({ id: (call % ROWS) + 1 })
          tally.good += 1
          const where = `began ${JSON.stringify(began)}, ended ${JSON.stringify(table)}`
          if (began.isBroken && began.epoch === table.epoch) tally.wrong.push(`went through: ${where}`)
          if (rows.length !== 1 || !isRight(rows[0] ?? {}))
            tally.wrong.push(`gave ${JSON.stringify(rows)}: ${where}`)
        } catch (error) {
          if (!isPaletteError(error) || error.code !== 'PG_SCHEMA_DRIFT') tally.wrong.push(String(error))
          else tally.drifted += 1
        }
        if (began.isBroken && began.epoch === table.epoch) tally.whileBroken += 1
        if (began.epoch === table.epoch) within += 1
        else tally.crossing += 1
      }
    }
    const callers = Promise.all(Array.from({ length: CALLERS }, (_, seed) => caller(seed)))
    try {
      for (let round = 0; round < rounds; round += 1) {
        const [breaking, mending] = changes[round % changes.length] as Change
        await settled()
        await place.query(breaking)
        Object.assign(table, { epoch: table.epoch + 1, isBroken: changes !== HARMLESS })
        await settled()
        // From here on calls may see it mended.
        Object.assign(table, { epoch: table.epoch + 1, isBroken: false })
        await place.query(mending)
      }
      await settled()
    } finally {
      table.isOver = true
      await callers
    }
    assert.deepEqual(tally.wrong.slice(0, 5), [])
    return tally
  }

  const isRow = (row: Row): boolean =>
    Object.keys(row).join() === 'id,value' && typeof row['value'] === 'number'

  for (const isolation of ISOLATION_LEVELS) {
    it(`gives no row of a changed table to a reader (${isolation})`, async () => {
      const action = await actionOn(
        database,
        'select id, value from race where id = $1',
        ['id'],
        settingsOf(isolation),
      )
      const tally = await race(action, [...KEEPING, ...LOSING], isRow, 14)
      assert.ok(tally.good > 200 && tally.crossing > 50, JSON.stringify(tally))
      assert.ok(tally.whileBroken >= 12 * CALLS_PER_STATE)
      assert.ok(tally.drifted >= tally.whileBroken)
      assert.equal((await action.run({ id: 1 })).rows.length, 1)
    })
  }

  it('changes each row as often as it says, and none of a changed table', async () => {
    await place.query('update race set value = 0')
    const text = 'update race set value = value + 1 where id = $1 returning id, value'
    const action = await actionOn(database, text, ['id'])
    const tally = await race(action, KEEPING, isRow, 12)
    assert.ok(tally.good > 200 && tally.crossing > 50, JSON.stringify(tally))
    assert.ok(tally.whileBroken >= 12 * CALLS_PER_STATE)
    const [sum] = await place.query('select sum(value)::int as sum from race')
    assert.equal(sum?.['sum'], tally.good + 1, 'the first call came before the race')
  })

  it('goes on without a failure while columns and indexes come and go that it does not use', async () => {
    const action = await actionOn(database, 'select id, value from race where id = $1', ['id'])
    const tally = await race(action, HARMLESS, isRow, 9)
    assert.equal(tally.drifted, 0)
    assert.ok(tally.good > 200 && tally.crossing > 50, JSON.stringify(tally))
  })
})

const settingsOf = (isolation: Isolation) => ({ transaction: { ...DEFAULTS, isolation } })
