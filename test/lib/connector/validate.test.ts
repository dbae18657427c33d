import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { RawConnector } from '../../../lib/connector/connector.ts'
import { mergeConnector, withoutSecrets } from '../../../lib/connector/merge.ts'
import { connectorPayload } from '../../../lib/connector/payload.ts'
import { DB_TYPES, readRules } from '../../../lib/connector/rules.ts'
import { checkConnector, connectorError } from '../../../lib/connector/validate.ts'
import { isPaletteError } from '../../../lib/errors.ts'
import { connectorFaults } from '../../../lib/sandbox/connector-payload.ts'
import { connector } from './sample.ts'

const RULES = readRules(undefined)

/** The faults of the sample connector with these fields of a message. */
function faultsOf(given: object, base: RawConnector = connector()) {
  const { raw, faults } = mergeConnector(base, given as Record<string, unknown>)
  const checked = checkConnector(raw, RULES, faults)
  return 'faults' in checked ? checked.faults : []
}
const firstOf = (given: object): string => faultsOf(given)[0].message
const pathsOf = (given: object): string[] => faultsOf(given).map(({ path }) => path)

describe('check of a connector', () => {
  it('takes a right one, and its payload is what the sandbox takes', () => {
    for (const dbType of DB_TYPES) {
      const checked = checkConnector(connector({ dbType, driverVersion: '', port: '' }), RULES)
      assert.ok('connector' in checked)
      assert.deepEqual(connectorFaults('crm-db', { ...connectorPayload(checked.connector) }), [])
    }
  })

  const wrong: [string, object, string[]][] = [
    ['an empty id', { connectorId: '' }, ['/connectorId']],
    ['an id of spaces', { connectorId: '  ' }, ['/connectorId']],
    ['an id that leads elsewhere', { connectorId: '..' }, ['/connectorId']],
    ['an id with a line break', { connectorId: 'a\nb' }, ['/connectorId']],
    ['an id that is half a surrogate pair', { connectorId: '\ud800' }, ['/connectorId']],
    ['an id that is too long', { connectorId: 'x'.repeat(201) }, ['/connectorId']],
    ['an id that is no text', { connectorId: { a: 1 } }, ['/connectorId']],
    ['no name', { connectorName: null }, ['/connectorName']],
    ['another database', { dbType: 'SQLITE' }, ['/dbType']],
    ['an inherited name as database', { dbType: 'toString' }, ['/dbType']],
    ['no host', { host: '' }, ['/host']],
    ['a host with a path', { host: 'db/x' }, ['/host']],
    ['a host with options', { host: 'db?user=root' }, ['/host']],
    ['a host with a property', { host: 'db;user=sa' }, ['/host']],
    ['a host with a user', { host: 'user:pw@db' }, ['/host']],
    ['a host with a port', { host: 'db:5432' }, ['/host']],
    ['a host that is a number', { host: '2130706433' }, ['/host']],
    ['a host that is no IPv4 address', { host: '1.2.3.256' }, ['/host']],
    ['an IPv6 address with a zone', { host: 'fe80::1%eth0' }, ['/host']],
    ['a host with an underscore', { host: 'my_db' }, ['/host']],
    ['port -1', { port: -1 }, ['/port']],
    ['port 0', { port: 0 }, ['/port']],
    ['port 65536', { port: 65_536 }, ['/port']],
    ['a broken port', { port: 54.32 }, ['/port']],
    ['a port with options', { port: '5432/x' }, ['/port']],
    ['options in the database', { database: 'dw?user=root&x=' }, ['/database']],
    ['a property in the database', { database: 'dw;user=sa' }, ['/database']],
    ['an escape in the database', { database: 'dw%3Fuser=root' }, ['/database']],
    ['a brace in the database', { database: 'dw}' }, ['/database']],
    ['a path in the database', { database: '../dw' }, ['/database']],
    ['no database', { database: '' }, ['/database']],
    ['an unknown driver', { driverVersion: '9.9.9' }, ['/driverVersion']],
    ['two drivers', { driverVersion: '42.5.0&driverVersion=9.9.9' }, ['/driverVersion']],
    ['a good driver behind a bad one', { driverVersion: '9.9.9?driverVersion=42.5.0' }, ['/driverVersion']],
    ['a driver of another database', { dbType: 'ORACLE', port: 1521 }, ['/driverVersion']],
    ['a pool whose least is above its most', { pool: { min: 9, max: 8 } }, ['/pool/min']],
    ['a pool above the limit', { pool: { max: 51 } }, ['/pool/max']],
    ['a negative pool', { pool: { min: -1, max: -1 } }, ['/pool/min', '/pool/max']],
    ['a pool without time', { pool: { timeoutS: 0 } }, ['/pool/timeoutS']],
    ['a pool that is no object', { pool: 7 }, ['/pool']],
    ['a misspelt part', { pool: { maxx: 7 } }, ['/pool/maxx']],
    ['encryption that is no yes or no', { ssl: 'on' }, ['/ssl']],
    ['a health check without query', { healthCheck: { query: '' } }, ['/healthCheck/query']],
    ['a health check each second', { healthCheck: { intervalS: 1 } }, ['/healthCheck/intervalS']],
    ['a health check that is a list', { healthCheck: [] }, ['/healthCheck']],
    ['events that are no list', { events: {} }, ['/events']],
    ['an event that is none', { events: [null] }, ['/events/0']],
    [
      'an event without receiver',
      { events: [{ eventType: 'x' }, {}] },
      ['/events/0/webhookUrl', '/events/1/eventType', '/events/1/webhookUrl'],
    ],
    [
      'an event for a script',
      { events: [{ eventType: 'x', webhookUrl: 'javascript:alert(1)' }] },
      ['/events/0/webhookUrl'],
    ],
    ['a field that there is not', { hosst: 'db' }, ['/hosst']],
    ['a field of the wire payload', { configuration: {} }, ['/configuration']],
    ['a field of every object', { constructor: 1 }, ['/constructor']],
  ]
  for (const [name, given, paths] of wrong) {
    it(`refuses ${name}`, () => assert.deepEqual(pathsOf(given), paths))
  }

  it('reports all faults of an empty connector together, unknown fields among them', () => {
    const empty = Object.fromEntries(Object.keys(connector()).map((name) => [name, undefined]))
    const paths = faultsOf({ extra: 1 }, empty as unknown as RawConnector).map(({ path }) => path)
    assert.deepEqual(paths, [
      '/extra',
      '/dbType',
      ...['/connectorId', '/connectorName', '/host', '/ssl', '/usernameRef', '/passwordRef'],
      ...['/pool', '/healthCheck', '/events'],
    ])
  })

  it('says what is expected, what is there, and what was probably meant', () => {
    const [port] = faultsOf({ port: -1 })
    assert.deepEqual(port, {
      path: '/port',
      message: 'expected an integer from 1 to 65535, got `-1` (number)',
      expected: 'an integer from 1 to 65535',
      actual: '`-1` (number)',
    })
    assert.match(firstOf({ hosst: 'db' }), /did you mean `host`\?/)
    assert.match(firstOf({ maxPoolSize: 5 }), /did you mean `pool.max`\?/)
    assert.match(firstOf({ pool: { Max: 5 } }), /did you mean `max`\?/)
    assert.match(firstOf({ connectionString: 'jdbc:x' }), /`host`, `port` and `database`/)
    assert.match(firstOf({ zzzzzzzzzzzz: 5 }), /expected one of connectorId/)
    const error = connectorError('crm-db', faultsOf({ port: -1, ssl: 1, host: '' }))
    assert.equal(error.code, 'CONNECTOR_INVALID')
    assert.match(
      error.message,
      /^Connector `crm-db` has 3 faults: \/host expected a host name.*; \/port .*; \/ssl /,
    )
  })

  it('never shows what stands in place of a vault reference, or in unknown fields', () => {
    const secret = 'hunter2-never'
    const given = {
      ...{ usernameRef: secret, passwordRef: secret, password: secret, credentials: { password: secret } },
      ...{ host: `sa:${secret}@db`, database: `dw?password=${secret}`, port: `jdbc://u:${secret}@h` },
      pool: { password: secret },
      events: [{ eventType: 'x', webhookUrl: `http://u:${secret}@h/`, [secret]: 1 }],
    }
    const faults = faultsOf({
      ...given,
      events: given.events.map(({ eventType, webhookUrl }) => ({ eventType, webhookUrl })),
    })
    assert.equal(faults.length, 9)
    assert.ok(!JSON.stringify(faults).includes(secret), JSON.stringify(faults))
    assert.ok(!connectorError('x', faults).message.includes(secret))
    assert.match(firstOf({ password: secret }), /usernameRef.*passwordRef/)
    const kept = JSON.stringify(withoutSecrets({ ...given, host: 'db', database: 'dw', port: 1, events: [] }))
    assert.ok(!kept.includes(secret), kept)
    const misplaced = {
      ...given,
      ...{
        driverVersion: `42;password=${secret}`,
        pool: { min: { password: secret } },
        ssl: { key: secret },
      },
      connectorName: { password: secret },
      events: [{ eventType: 'x', webhookUrl: `http://u:${secret}@h/`, password: secret }],
    }
    for (const item of [misplaced, [secret], Buffer.from(secret), secret])
      assert.ok(!JSON.stringify(withoutSecrets(item)).includes(secret), JSON.stringify(withoutSecrets(item)))
    assert.deepEqual(pathsOf(withoutSecrets(misplaced) as object), pathsOf(misplaced))
    assert.ok(!connectorError(`jdbc:postgresql://u:${secret}@h/crm`, faults).message.includes(secret))
  })

  it('keeps the faults of what it takes the secrets out of', () => {
    const given = { passwordRef: 'hunter2!', password: 'x', pool: { max: 99, extra: 's' }, port: 1 }
    assert.deepEqual(pathsOf(withoutSecrets(given) as object), pathsOf(given))
    assert.equal(withoutSecrets(7), 7)
    assert.deepEqual(withoutSecrets(connector()), connector())
    const ipv6 = connector({ host: '[2001:db8::1]', database: 'Kunden Bücher', port: '5432' })
    assert.deepEqual(withoutSecrets(ipv6), ipv6)
  })

  it('takes text for a port, the own port of the database, and a number for an id', () => {
    const of = (given: object) => {
      const checked = checkConnector({ ...connector({ driverVersion: '' }), ...given }, RULES)
      assert.ok('connector' in checked, JSON.stringify(checked))
      return checked.connector
    }
    assert.equal(of({ port: '6543' }).port, 6543)
    assert.equal(of({ port: '', dbType: 'ORACLE' }).port, 1521)
    assert.equal(of({ connectorId: 42 }).connectorId, '42')
    assert.equal(of({ host: 'DB.Example.COM' }).host, 'db.example.com')
    assert.equal(of({ host: '[2001:DB8:0:0::1]' }).host, '2001:db8::1')
  })

  it('ends for whatever a message holds, and only right connectors get by the sandbox', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...Object.keys(connector())), fc.anything()), (given) => {
        const { raw, faults } = mergeConnector(connector(), given)
        const checked = checkConnector(raw, RULES, faults)
        if ('faults' in checked) return
        const payload = connectorPayload(checked.connector)
        assert.deepEqual(connectorFaults(payload.connectorId, { ...payload }), [])
      }),
      { numRuns: 500 },
    )
  })
})

describe('rules of settings.js', () => {
  it('raise a limit and add drivers', () => {
    const rules = readRules({ POSTGRESQL: { poolMax: 80, drivers: ['42.7.3', '42.6.0'] }, MYSQL: {} })
    assert.equal(rules.POSTGRESQL.poolMax, 80)
    assert.deepEqual(rules.POSTGRESQL.drivers, ['42.5.0', '42.6.0', '42.7.3'])
    assert.deepEqual(rules.MYSQL, RULES.MYSQL)
    const raw = connector({ driverVersion: '42.7.3', pool: { min: 2, max: 80, timeoutS: 30 } })
    assert.ok('connector' in checkConnector(raw, rules))
    assert.ok('faults' in checkConnector(raw, RULES))
  })

  for (const added of [
    ...[null, 'POSTGRESQL', [], 7],
    ...[
      { SQLITE: {} },
      { POSTGRESQL: null },
      { POSTGRESQL: { poolMax: 0 } },
      { POSTGRESQL: { poolMax: '50' } },
    ],
    ...[
      { POSTGRESQL: { drivers: '42' } },
      { POSTGRESQL: { drivers: ['42.7.3&x='] } },
      { POSTGRESQL: { port: 1 } },
    ],
  ]) {
    it(`refuse ${JSON.stringify(added)}`, () => {
      assert.throws(
        () => readRules(added),
        (error) =>
          isPaletteError(error) &&
          error.code === 'CONFIG_INVALID' &&
          error.details['field'] === 'connectorRules' &&
          error.message.includes('cxoneFlows.connectorRules'),
      )
    })
  }
})
