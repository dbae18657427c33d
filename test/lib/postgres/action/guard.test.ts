import assert from 'node:assert/strict'
import {
  LOCKED_RELATIONS,
  lockOf,
  readRelations,
  type Relation,
} from '../../../../lib/postgres/action/catalog.ts'
import { guardOf, isGuardFailure } from '../../../../lib/postgres/action/guard.ts'
import { ISOLATION_LEVELS } from '../../../../lib/postgres/driver.ts'
import { DEFAULTS, newServerDriver, type OpenDriver } from '../drivers.ts'
import { exec } from './world.ts'

const ODD = `"we'ird"."ta\\ble "" x"`

describe('the guard of a table', function () {
  this.timeout(30_000)
  let driver: OpenDriver

  before(async () => {
    driver = await newServerDriver()
    await exec(driver.database, `create schema "we'ird"`)
  })
  after(() => driver.close())
  beforeEach(() =>
    exec(
      driver.database,
      'drop table if exists thing, other, parted cascade',
      `drop table if exists ${ODD}`,
      'create table thing (id integer primary key, name varchar(10), note text, at timestamp)',
      `create table ${ODD} (id integer)`,
      'create table parted (id integer) partition by range (id)',
      'create table parted_1 partition of parted for values from (0) to (9)',
      'create table parted_2 partition of parted for values from (9) to (99)',
    ),
  )

  /** The relations that a statement takes, by PostgreSQL's locks. */
  const taken = (sql: string): Promise<readonly Relation[]> =>
    driver.database.transaction(DEFAULTS, async (open) => {
      await open.query({ text: `explain ${sql}` })
      return readRelations(await open.query(LOCKED_RELATIONS))
    })
  const passes = async (relations: readonly Relation[]): Promise<boolean> => {
    const guard = guardOf(relations)
    assert.ok(guard)
    try {
      const [result] = await driver.database.atomic([guard], DEFAULTS)
      assert.deepEqual(result?.rows, [])
      return true
    } catch (error) {
      assert.ok(isGuardFailure(error), String(error))
      return false
    }
  }

  for (const change of [
    'alter table thing add more integer',
    'alter table thing drop note',
    'alter table thing rename note to text',
    'alter table thing alter note type varchar(5)',
    'alter table thing alter name type varchar(20)',
    'alter table thing alter at type timestamptz',
    'alter table thing alter note set not null',
    `alter table thing alter note set default 'x'`,
    'alter table thing rename to other',
    `alter table thing set schema "we'ird"`,
    'drop table thing',
    'drop table thing; create table thing (id integer primary key, name varchar(10), note text, at timestamp)',
    'create schema authorization current_user; create table thing (id integer)',
  ])
    it(`fails after: ${change}`, async () => {
      const relations = await taken('select * from thing')
      const [row] = await exec(driver.database, 'select quote_ident(current_user) as own')
      assert.ok(await passes(relations))
      await exec(driver.database, ...change.split('; '))
      try {
        assert.equal(await passes(relations), false)
      } finally {
        await exec(
          driver.database,
          `drop schema if exists ${String(row?.['own'])} cascade`,
          `drop table if exists "we'ird".thing`,
        )
      }
    })

  for (const change of [
    'analyze thing',
    'create index on thing (note)',
    'truncate thing',
    'cluster thing using thing_pkey',
    'alter table thing add check (id > 0)',
    `comment on column thing.note is 'x'`,
    'grant select on thing to public',
    'insert into thing values (1)',
    'alter table thing set (fillfactor = 50)',
  ])
    it(`passes after: ${change}`, async () => {
      const relations = await taken('select * from thing')
      await exec(driver.database, change)
      assert.ok(await passes(relations))
    })

  it('is one statement for several tables, whatever their names', async () => {
    const relations = await taken(`select * from thing, ${ODD} as o`)
    assert.deepEqual(relations.map(({ schema, name }) => [schema, name]).toSorted(), [
      ['public', 'thing'],
      ["we'ird", 'ta\\ble " x'],
    ])
    assert.ok(await passes(relations))
    await exec(driver.database, `alter table ${ODD} add more integer`)
    assert.equal(await passes(relations), false)
  })

  it('knows a partitioned table by itself, without its parts', async () => {
    const relations = await taken('select * from parted')
    assert.deepEqual(
      relations.map(({ name }) => name),
      ['parted'],
    )
    assert.deepEqual(
      (await taken('select * from parted_1')).map(({ name }) => name),
      ['parted_1'],
    )
    await exec(driver.database, 'alter table parted add more integer')
    assert.equal(await passes(relations), false)
  })

  it('leaves the tables of PostgreSQL itself alone', async () => {
    assert.deepEqual(await taken('select * from pg_class'), [])
    assert.equal(guardOf([]), undefined)
  })

  for (const isolation of ISOLATION_LEVELS)
    it(`locks as the statement does, before anything is looked at (${isolation})`, async () => {
      const locks = lockOf(await taken('update thing set note = (select max(o.id)::text from parted o)'))
      assert.deepEqual(locks.map(({ text }) => text).toSorted(), [
        'lock table "public"."parted" in access share mode',
        'lock table "public"."thing" in row exclusive mode',
      ])
      await driver.database.transaction({ ...DEFAULTS, isolation }, async (open) => {
        await open.group(locks)
        const snapshot = `select count(*)::int as n from thing`
        await exec(driver.database, 'insert into thing values (1)')
        assert.deepEqual(
          (await open.query({ text: snapshot })).rows,
          [{ n: 1 }],
          'the locks came before the first look',
        )
      })
    })
})
