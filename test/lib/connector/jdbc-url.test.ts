import assert from 'node:assert/strict'
import fc from 'fast-check'
import { readHost } from '../../../lib/connector/host.ts'
import { jdbcUrl } from '../../../lib/connector/jdbc-url.ts'
import { DB_TYPES, readRules } from '../../../lib/connector/rules.ts'
import { connectorFaults } from '../../../lib/sandbox/connector-payload.ts'
import { payload } from './sample.ts'

const RULES = readRules(undefined)

describe('JDBC URL', () => {
  for (const [dbType, host, port, database, url] of [
    ['POSTGRESQL', 'db.example.com', 5432, 'crm', 'jdbc:postgresql://db.example.com:5432/crm'],
    ['POSTGRESQL', '2001:db8::1', 5432, 'crm', 'jdbc:postgresql://[2001:db8::1]:5432/crm'],
    ['POSTGRESQL', 'db', 5432, 'Büro $1', 'jdbc:postgresql://db:5432/B%C3%BCro%20$1'],
    ['MYSQL', 'db', 3306, 'crm', 'jdbc:mysql://db:3306/crm'],
    ['MYSQL', '2001:db8::1', 3306, 'my db', 'jdbc:mysql://[2001:db8::1]:3306/my%20db'],
    ['ORACLE', 'db', 1521, 'crm.example.com', 'jdbc:oracle:thin:@//db:1521/crm.example.com'],
    ['ORACLE', '2001:db8::1', 1521, 'crm', 'jdbc:oracle:thin:@//[2001:db8::1]:1521/crm'],
    ['SQLSERVER', 'db', 1433, 'crm', 'jdbc:sqlserver://db:1433;databaseName=crm'],
    ['SQLSERVER', 'db', 1433, 'Sales DW', 'jdbc:sqlserver://db:1433;databaseName={Sales DW}'],
    [
      'SQLSERVER',
      '2001:db8::1',
      1433,
      'crm',
      'jdbc:sqlserver://;serverName=2001:db8::1;portNumber=1433;databaseName=crm',
    ],
  ] as const) {
    it(`of ${dbType} with ${host} and ${database} is ${url}`, () => {
      assert.equal(jdbcUrl({ dbType, host, port, database }), url)
      const { connectorId, ...rest } = payload({ dbType, host, port, database, driverVersion: '' })
      assert.deepEqual(connectorFaults(connectorId, { connectorId, ...rest }), [])
    })
  }

  it('cannot be added to through any part that the checks let pass', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom(...Array.from('dw?&=;/@:%{}[]\\\u0000 .$-ä')) }),
    )
    fc.assert(
      fc.property(fc.constantFrom(...DB_TYPES), text, text, (dbType, hostText, database) => {
        const host = readHost(hostText)
        if (host === undefined || !RULES[dbType].name.pattern.test(database)) return
        const url = jdbcUrl({ dbType, host, port: 1, database })
        assert.ok(!/[?&@\\\s]/.test(url.replace('thin:@', '').replace(/\{[^{}]*\}$/, '')), url)
        assert.equal(url.split(';').length, dbType === 'SQLSERVER' ? (host.includes(':') ? 4 : 2) : 1)
      }),
      { numRuns: 2000 },
    )
  })

  it('knows IPv4 and IPv6 addresses and host names from what is none', () => {
    for (const [given, host] of [
      ['LOCALHOST', 'localhost'],
      ['10.0.0.1', '10.0.0.1'],
      ['[::1]', '::1'],
      ['0:0:0:0:0:0:0:1', '::1'],
      ['::ffff:10.0.0.1', '::ffff:a00:1'],
      ['a-b.c', 'a-b.c'],
      ['x'.repeat(63), 'x'.repeat(63)],
    ] as const)
      assert.equal(readHost(given), host)
    for (const none of [
      '',
      '-a',
      'a-',
      'a..b',
      'a.',
      'x'.repeat(64),
      '[::1',
      '::1]',
      '[::g]',
      '0x7f.1',
      'bücher',
      7,
      null,
    ])
      assert.equal(readHost(none), undefined, String(none))
  })
})
