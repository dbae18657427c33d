import assert from 'node:assert/strict'
import fc from 'fast-check'
import pg from 'pg'
import { isPaletteError } from '../../../../lib/errors.ts'
import { ruleOf } from '../../../../lib/postgres/coerce/rule-of-oid.ts'
import { readBy } from '../../../../lib/postgres/coerce/type-rule.ts'
import { testDatabase, type TestDatabase } from '../../../support/postgres.ts'

/** What is generated for a type, and whether we take all that PostgreSQL takes of it. */
interface Corpus {
  readonly oid: number
  readonly type: string
  readonly texts: fc.Arbitrary<string>
  /** Texts that PostgreSQL takes and we, on purpose, do not. */
  readonly stricter?: (text: string) => boolean
}

const blanks = fc.stringMatching(/^[ \t\n\v\f\r]{0,3}$/)
const sign = fc.constantFrom('', '-', '+', '--')
const digits = (max: number): fc.Arbitrary<string> => fc.stringMatching(new RegExp(`^[0-9]{0,${max}}$`))
const noise = fc.string({
  unit: fc.constantFrom(...Array.from('0123456789abcdefxEe+-_.:TZ {}"\'\\,/٣\u00a0')),
  maxLength: 12,
})
const padded = (texts: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.tuple(blanks, texts, blanks).map((parts) => parts.join(''))

const whole = (...edges: string[]): fc.Arbitrary<string> =>
  padded(
    fc.oneof(
      fc.tuple(sign, digits(21)).map((parts) => parts.join('')),
      fc.constantFrom(...edges),
      noise,
    ),
  )

const decimal = padded(
  fc.oneof(
    fc
      .tuple(
        sign,
        digits(5),
        fc.constantFrom('', '.'),
        digits(5),
        fc.constantFrom('', 'e', 'E'),
        sign,
        digits(4),
      )
      .map((parts) => parts.join('')),
    fc.constantFrom(
      'NaN',
      'nan',
      'inf',
      '-inf',
      'Infinity',
      '-infinity',
      'infinit',
      '.',
      '1e',
      '',
      '1_0',
      '0e9',
    ),
    noise,
  ),
)
const number2 = (max: number): fc.Arbitrary<string> =>
  fc.integer({ min: 0, max }).map((value) => String(value).padStart(2, '0'))
const day = fc
  .tuple(fc.constantFrom('0000', '0001', '1900', '2000', '2024', '2026', '9999'), number2(13), number2(32))
  .map((parts) => parts.join('-'))
const fraction = fc.constantFrom('', '.5', '.123456', '.123456789', '.')
const time = fc.oneof(
  fc.tuple(number2(25), number2(60), number2(61), fraction).map(([h, m, s, f]) => `${h}:${m}:${s}${f}`),
  fc.tuple(number2(25), number2(60)).map((parts) => parts.join(':')),
  fc.constantFrom('24:00', '24:00:00', '24:00:01', '23:59:60', '12:30:60.5', '00:00:60'),
)
const offset = fc.constantFrom(
  '',
  'Z',
  'z',
  '+01',
  '-0830',
  '+05:45',
  '+15:59',
  '+16:00',
  '+1:60',
  '+01:60',
  ' UTC',
)
const instants = padded(
  fc.oneof(
    fc.tuple(day, fc.constantFrom('T', ' '), time, offset).map((parts) => parts.join('')),
    day,
    fc.constantFrom('infinity', '-infinity', 'Infinity', 'now', ''),
  ),
)

// PostgreSQL reads dates in many notations; ISO 8601 alone is unmistakable.
const isOther = (): boolean => true
const hexadecimal = (text: string): boolean => /[x_ob]/i.test(text)
const strtod = (text: string): boolean => /0x|nan/i.test(text)

const CORPORA: readonly Corpus[] = [
  {
    oid: 21,
    type: 'smallint',
    texts: whole('32767', '32768', '-32768', '-32769', '٣', '1_0'),
    stricter: hexadecimal,
  },
  {
    oid: 23,
    type: 'integer',
    texts: whole('2147483647', '2147483648', '-2147483649', '1_0', '0x1F'),
    stricter: hexadecimal,
  },
  {
    oid: 20,
    type: 'bigint',
    texts: whole(
      '9223372036854775807',
      '9223372036854775808',
      '-9223372036854775808',
      '-9223372036854775809',
    ),
    stricter: hexadecimal,
  },
  { oid: 700, type: 'real', texts: decimal, stricter: strtod },
  { oid: 701, type: 'double precision', texts: decimal, stricter: strtod },
  {
    oid: 1700,
    type: 'numeric',
    texts: fc.oneof(
      decimal,
      fc.constantFrom(
        '1e131071',
        '1e131072',
        '0e200000',
        '1e-16383',
        '1e-16384',
        '0e-16384',
        '0.1e131072',
        '00e131072',
      ),
      fc.constantFrom('0.01e131073', '0.01e131074', '100e131069', '100e131070', '1.50e-16381', '1.50e-16382'),
    ),
    stricter: (text) => hexadecimal(text) || /e[+-]?[0-9]{7}/i.test(text),
  },
  {
    oid: 16,
    type: 'boolean',
    texts: padded(
      fc.oneof(
        fc.constantFrom(
          't',
          'tr',
          'tru',
          'TRUE',
          'truee',
          'f',
          'fals',
          'y',
          'ye',
          'yes',
          'yess',
          'n',
          'no',
          'o',
          'of',
        ),
        fc.constantFrom('off', 'on', 'ON', '1', '0', '2', '01', '', 'ja', 'false', 'No', 'offf'),
        noise,
      ),
    ),
  },
  {
    oid: 2950,
    type: 'uuid',
    texts: fc.oneof(
      fc
        .uuid()
        .chain((uuid) =>
          fc.constantFrom(uuid, uuid.toUpperCase(), `{${uuid}}`, `{${uuid}`, ` ${uuid}`, uuid.slice(1)),
        ),
      fc
        .tuple(fc.uuid(), fc.array(fc.constantFrom('', '-'), { minLength: 7, maxLength: 7 }))
        .map(([uuid, marks]) =>
          uuid.replaceAll('-', '').replace(/(.{4})(?=.)/g, (group) => group + (marks.pop() ?? '')),
        ),
      noise,
    ),
  },
  { oid: 1082, type: 'date', texts: fc.oneof(padded(day), instants), stricter: isOther },
  { oid: 1083, type: 'time', texts: padded(fc.oneof(time, noise)), stricter: isOther },
  {
    oid: 1266,
    type: 'timetz',
    texts: padded(fc.tuple(time, offset).map((parts) => parts.join(''))),
    stricter: isOther,
  },
  { oid: 1114, type: 'timestamp', texts: instants, stricter: isOther },
  { oid: 1184, type: 'timestamptz', texts: instants, stricter: isOther },
  {
    oid: 3802,
    type: 'jsonb',
    texts: fc.oneof(fc.json(), noise, fc.constantFrom('"\\u0000"', '"\\ud800"', '{"\\u0000":1}', '')),
  },
  {
    oid: 17,
    type: 'bytea',
    texts: fc.oneof(
      fc.string({ unit: fc.constantFrom('\\', 'x', '0', '3', '7', '9', 'f', ' ', '\n'), maxLength: 10 }),
      fc
        .string({ unit: fc.constantFrom('0', 'aF', ' ', 'f', 'g'), maxLength: 6 })
        .map((text) => `\\x${text}`),
    ),
  },
  { oid: 25, type: 'text', texts: fc.string({ unit: 'binary' }) },
]

describe('the values that are taken and refused', function () {
  this.timeout(120_000)
  let database: TestDatabase
  let client: pg.Client

  before(async () => {
    database = await testDatabase()
    client = new pg.Client({ connectionString: database.url })
    await client.connect()
    // Whether PostgreSQL takes a text as a type, without a round trip for each.
    await client.query(`create function takes(value text, type text) returns boolean language plpgsql as $$
      begin execute format('select $1::%s', type) using value; return true;
      exception when others then return false; end $$`)
  })
  after(async () => {
    await client.end()
    await database.drop()
  })

  async function takenByServer(type: string, texts: readonly string[]): Promise<boolean[]> {
    const { rows } = await client.query<{ taken: boolean }>(
      `select takes(value, $1) as taken from unnest($2::text[]) with ordinality as t(value, at) order by at`,
      [type, texts],
    )
    return rows.map(({ taken }) => taken)
  }

  for (const { oid, type, texts, stricter = () => false } of CORPORA) {
    it(`of ${type} are those of PostgreSQL`, async () => {
      const rule = ruleOf({ oid, type })
      const sample = [...new Set(fc.sample(texts, { numRuns: 1500, seed: 20261121 }))].filter(
        (text) => !text.includes('\0'), // which the protocol has no way for
      )
      const sent = sample.map((text) => {
        try {
          return readBy(rule, 'p', text)
        } catch (error) {
          assert.ok(isPaletteError(error))
          return undefined
        }
      })
      const taken = await takenByServer(type, sample)
      const takenAsSent = await takenByServer(
        type,
        sent.map((text) => text ?? ''),
      )
      let agreed = 0
      for (const [index, text] of sample.entries()) {
        const what = `${type} ${JSON.stringify(text)}`
        if (sent[index] !== undefined) assert.ok(takenAsSent[index], `${what} is refused by PostgreSQL`)
        else if (!stricter(text)) assert.ok(!taken[index], `${what} is taken by PostgreSQL`)
        if (sent[index] !== undefined) agreed++
      }
      assert.ok(agreed > 20, `only ${agreed} of ${sample.length} were taken at all`)
    })
  }
})
