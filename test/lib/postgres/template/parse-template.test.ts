import assert from 'node:assert/strict'
import fc from 'fast-check'
import { isPaletteError } from '../../../../lib/errors.ts'
import {
  parseTemplate,
  sourcePosition,
  whyNoTemplate,
} from '../../../../lib/postgres/template/parse-template.ts'

const textOf = (sql: string): string => parseTemplate(sql).text
const namesOf = (sql: string): readonly string[] => parseTemplate(sql).names

function refusal(sql: string): { message: string; details: Readonly<Record<string, unknown>> } {
  try {
    parseTemplate(sql)
  } catch (error) {
    assert.ok(isPaletteError(error), String(error))
    assert.equal(error.code, 'CONFIG_INVALID')
    assert.equal(error.details['field'], 'sql')
    return error
  }
  throw new assert.AssertionError({ message: `expected \`${sql}\` to be refused` })
}

describe('placeholders', () => {
  it('of names become numbers, one for each name', () => {
    const { text, names, style } = parseTemplate('SELECT :b, :a, :b FROM t WHERE x = :ünicode_1')
    assert.equal(text, 'SELECT $1, $2, $1 FROM t WHERE x = $3')
    assert.deepEqual([names, style], [['b', 'a', 'ünicode_1'], 'named'])
  })

  it('of the Python form become numbers, and a percent sign alone stays', () => {
    const { text, names, style } = parseTemplate(
      "SELECT %(a)s, 7 % 2, '%', '%(no)s', x %(b)sum FROM t LIMIT %(a)s",
    )
    assert.equal(text, "SELECT $1, 7 % 2, '%', '%(no)s', x %(b)sum FROM t LIMIT $1")
    assert.deepEqual([names, style], [['a'], 'percent'])
  })

  it('with numbers stay as they are', () => {
    const { text, names, style } = parseTemplate('SELECT $2, $1, $2, a$1 FROM t')
    assert.equal(text, 'SELECT $2, $1, $2, a$1 FROM t')
    assert.deepEqual([names, style], [['1', '2'], 'positional'])
  })

  it('may be none', () => {
    assert.deepEqual(parseTemplate('SELECT 1'), {
      text: 'SELECT 1',
      names: [],
      style: undefined,
      kind: 'select',
      writes: false,
      replacements: [],
    })
  })

  it('do not grow together with the word before', () => {
    assert.equal(textOf('SELECT 1 LIMIT:n'), 'SELECT 1 LIMIT $1')
    assert.equal(textOf('SELECT x FROM t OFFSET%(n)s'), 'SELECT x FROM t OFFSET $1')
    assert.equal(textOf('SELECT x=:n'), 'SELECT x=$1')
  })

  for (const [what, sql] of [
    ['strings', "SELECT ':a', E'\\':a', U&':a', N':a', B':a', X':a', 'it''s :a', n':a'"],
    ['strings that go on on the next line', "SELECT E'a'\n  '\\' :a' -- '\n 'b :c'"],
    ['strings with backslashes that escape nothing', "SELECT '\\', ':a'"],
    ['quoted names', 'SELECT ":a", U&":a", "x"":a" FROM t'],
    ['comments', "SELECT 1 -- :a\n, 2 /* :b /* :c */ ' :d */, 3 -- /* :e"],
    ['dollar quotes', 'SELECT $$ :a $$, $tag$ :b $$ $tag $1 $tag$, $ünï$ :c $ünï$'],
    ['casts', 'SELECT x::int, x :: text, (1)::numeric(4,2)'],
    ['named arguments', 'SELECT f(a := 1, b => 2)'],
    ['array slices', 'SELECT x[1:2], x[lo:hi], x[1:], x[:2], x[n+1:hi], f(x)[a:b], (x)[a:b][c:d], "x"[a:b]'],
    [
      'JSON operators',
      "SELECT a->'b', a->>'c', a#>'{d}', a#>>'{e}', a ? 'f', a ?| b, a ?& c, a @? '$.x', a @@ '$.y'",
    ],
    ['JSON constructors', "SELECT json_object('id':id, 'n' : n, k:v), JSON_OBJECTAGG (key:value)"],
    ['percent operators', "SELECT 7 % 2, 7 %% 2, a % (b), name LIKE '50%'"],
  ] as const)
    it(`are not seen in ${what}`, () => {
      assert.deepEqual(namesOf(sql), [])
    })

  it('are seen where an operand begins in slices, arrays and JSON constructors', () => {
    assert.equal(
      textOf(
        'SELECT x[:a], x[:a : :b], x[1: :b], ARRAY[:a, :b], ARRAY[[:a],[:b]], x[CASE WHEN :a THEN 1 END]',
      ),
      'SELECT x[$1], x[$1 : $2], x[1: $2], ARRAY[$1, $2], ARRAY[[$1],[$2]], x[CASE WHEN $1 THEN 1 END]',
    )
    assert.equal(
      textOf("SELECT json_object('a' : :a, :k : f(:b))"),
      "SELECT json_object('a' : $1, $2 : f($3))",
    )
    assert.equal(textOf('SELECT :a::int, :a ::text, (:b)::date'), 'SELECT $1::int, $1 ::text, ($2)::date')
    assert.equal(
      textOf('SELECT a->:k, a ? :k, a @> :j, x=:y, -:z'),
      'SELECT a->$1, a ? $1, a @> $2, x=$3, -$4',
    )
  })

  it('of two styles in one statement are refused', () => {
    assert.match(
      refusal('SELECT :a, $1').message,
      /one style of placeholders, got `:a` and `\$1`, at character 12$/,
    )
    assert.match(refusal('SELECT %(a)s, :b').message, /`%\(a\)s` and `:b`/)
  })

  it('with numbers that leave a gap or are out of range are refused', () => {
    assert.match(refusal('SELECT $1, $3').message, /`\$2` is missing/)
    assert.match(refusal('SELECT $0').message, /expected `\$1` to `\$65535`, got `\$0`/)
    refusal('SELECT $65536')
    refusal(`SELECT $${'9'.repeat(100)}`)
    assert.match(refusal('SELECT :a$b').message, /letters, digits and underscores/)
  })

  it('are 65,535 at most', () => {
    const many = (count: number): string =>
      `SELECT ${Array.from({ length: count }, (_, index) => `:p${index}`).join()}`
    assert.equal(namesOf(many(65_535)).length, 65_535)
    assert.match(refusal(many(65_536)).message, /at most 65535 parameters/)
  })
})

describe('a statement', () => {
  it('ends with its last word: what follows is left out', () => {
    assert.equal(textOf('SELECT 1 ; -- done\n ;; /* really */ '), 'SELECT 1')
    assert.equal(textOf('-- first\nSELECT :a;'), '-- first\nSELECT $1')
  })

  it('must be there, and alone', () => {
    assert.match(whyNoTemplate('') ?? '', /^expected a statement, such as/)
    assert.ok(whyNoTemplate(' -- nothing\n;;'))
    assert.match(refusal('SELECT 1;\nDELETE FROM t').message, /one statement, got several.*, at character 9$/)
    refusal('; SELECT 1')
    assert.equal(
      whyNoTemplate('CREATE RULE r AS ON INSERT TO t DO (DELETE FROM u; DELETE FROM v)'),
      undefined,
    )
  })

  it('with an open quote, name or comment is refused, with its place', () => {
    for (const [open, what] of [
      ["'", 'text'],
      ["E'\\'", 'text'],
      ['"', 'name'],
      ['/* /* */', 'comment'],
      ['$x$', 'text'],
    ] as const) {
      const { message, details } = refusal(`SELECT '😀',\n  ${open}`)
      assert.match(message, new RegExp(`the ${what} that begins with .* has no end, at line 2, character 3$`))
      assert.deepEqual(details, { field: 'sql', position: 15, line: 2, column: 3 })
    }
  })

  it('that would end the transaction, change the connection or copy rows is refused', () => {
    for (const sql of ['BEGIN', 'commit', '/* */ ROLLBACK', 'SAVEPOINT a', 'START TRANSACTION', 'END'])
      assert.match(refusal(sql).message, /transaction of its own/, sql)
    for (const sql of [
      'SET search_path = x',
      'RESET ALL',
      'DISCARD ALL',
      'PREPARE a AS SELECT 1',
      'LISTEN a',
    ])
      assert.match(refusal(sql).message, /connection that other messages use/, sql)
    refusal('COPY t FROM STDIN')
    refusal('COPY (SELECT 1) TO STDOUT')
  })

  for (const [sql, kind, writes] of [
    ['SELECT 1', 'select', false],
    ['  -- x\n select 1', 'select', false],
    ['((SELECT 1) UNION (SELECT 2))', 'select', false],
    ['TABLE t', 'select', false],
    ['VALUES (1), (2)', 'values', false],
    ['INSERT INTO t VALUES (:a)', 'insert', true],
    ['UPDATE t SET a = :a', 'update', true],
    ['DELETE FROM t', 'delete', true],
    ['MERGE INTO t USING u ON true WHEN MATCHED THEN DELETE', 'merge', true],
    ['WITH a AS (SELECT 1) SELECT * FROM a', 'select', false],
    ['WITH a AS (SELECT 1), b(x) AS NOT MATERIALIZED (VALUES (1)) SELECT 1', 'select', false],
    ['WITH RECURSIVE update(n) AS (SELECT 1), insert AS (SELECT 2) VALUES (1)', 'values', false],
    ['WITH a AS (SELECT 1) INSERT INTO t SELECT * FROM a', 'insert', true],
    ['WITH a AS (DELETE FROM t RETURNING *) SELECT * FROM a', 'select', true],
    ['WITH a AS (UPDATE t SET x = 1 RETURNING *) SELECT * FROM a', 'select', true],
    ['WITH a AS (WITH b AS (SELECT 1) UPDATE t SET x = 1 RETURNING *) TABLE a', 'select', true],
    ['SELECT * INTO u FROM t', 'select', true],
    ['SELECT * FROM t FOR UPDATE SKIP LOCKED', 'select', true],
    ['SELECT * FROM t FOR NO KEY UPDATE', 'select', true],
    ['SELECT * FROM t FOR SHARE', 'select', true],
    ['SELECT * FROM t FOR KEY SHARE', 'select', true],
    ['SELECT substring(x FOR 3), \'INSERT INTO\', "into", t.update FROM t', 'select', false],
    ['SELECT :into, :update FROM t', 'select', false],
    ['EXPLAIN SELECT 1', 'other', false],
    ['EXPLAIN ANALYZE DELETE FROM t', 'other', true],
    ['SHOW server_version', 'other', false],
    ['CALL p(:a)', 'other', true],
    ['CREATE TABLE t ()', 'other', true],
    ['constructor', 'other', true],
  ] as const)
    it(`\`${sql.trim()}\` is ${kind}, and ${writes ? 'writes' : 'only reads'}`, () => {
      const template = parseTemplate(sql)
      assert.deepEqual([template.kind, template.writes], [kind, writes])
    })
})

describe('a position that PostgreSQL tells', () => {
  it('is found in the SQL as it was written', () => {
    const sql = "SELECT '😀', :first_name, nope, LIMIT:n, here"
    const template = parseTemplate(sql)
    for (const word of ['SELECT', 'nope', 'LIMIT', 'here', "'"]) {
      const position = Array.from(template.text.slice(0, template.text.indexOf(word))).length + 1
      const source = sourcePosition(template, sql, position)
      assert.equal(source, Array.from(sql.slice(0, sql.indexOf(word))).length + 1, word)
    }
    const dollar = Array.from(template.text).indexOf('$') + 1
    assert.equal(sourcePosition(template, sql, dollar), Array.from(sql).indexOf(':') + 1)
  })
})

const name = fc.constantFrom('a', 'b', 'customer_id', 'x1', '_y', 'ö')
const neutral = fc.constantFrom(
  'select',
  'x',
  '+',
  ',',
  '(',
  ')',
  '=',
  '1',
  '1.5',
  '::int',
  'tags[1:2]',
  '->>',
  '"q"',
)
const hidden = fc.oneof(
  fc.string().map((text) => `'${text.replaceAll("'", "''")}'`),
  fc.string().map((text) => `E'${text.replace(/['\\]/g, '\\$&')}'`),
  fc.string().map((text) => `"${text.replaceAll('"', '""')}"`),
  fc.string().map((text) => `/* ${text.replace(/[*/]/g, '')} */`),
  fc.string().map((text) => `/* ' :a /* $$ " ${text.replace(/[*/]/g, '')} */ :b */`),
  fc.string().map((text) => `--${text.replace(/[\n\r]/g, '')} :c\n`),
  fc.string().map((text) => `$q$${text.replaceAll('$', '')} :d $q$`),
)

describe('the parser, on generated SQL,', () => {
  const piece = fc.oneof(
    neutral,
    name.map((each) => `:${each}`),
  )

  it('finds the same names whatever quoted or commented text is put in between', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(piece, fc.option(hidden)), { minLength: 1 }), (pieces) => {
        const bare = `select ${pieces.map(([text]) => text).join(' ')}`
        const stuffed = `select ${pieces.map(([text, more]) => `${text} ${more ?? ''} `).join(' ')}`
        assert.deepEqual(namesOf(stuffed), namesOf(bare))
      }),
    )
  })

  it('changes nothing but the placeholders', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, hidden), { minLength: 1 }), (pieces) => {
        const sql = `select ${pieces.join(' ')} end`
        const { text, names } = parseTemplate(sql)
        let back = ''
        let at = 0
        for (const { from, fromLength, to, toLength } of parseTemplate(sql).replacements) {
          back += text.slice(at, to) + sql.slice(from, from + fromLength)
          assert.equal(
            names[
              Number(
                text
                  .slice(to, to + toLength)
                  .trim()
                  .slice(1),
              ) - 1
            ],
            sql.slice(from + 1, from + fromLength),
          )
          at = to + toLength
        }
        assert.equal(back + text.slice(at), sql)
      }),
    )
  })

  it('gives a template or CONFIG_INVALID, whatever it is given', () => {
    const noise = fc.string({
      unit: fc.constantFrom(...Array.from('\'"$:;%()[]/*-\n\\eEuU&a1_ .=,😀\0')),
      maxLength: 60,
    })
    fc.assert(
      fc.property(fc.oneof(noise, fc.string({ unit: 'binary' })), (sql) => {
        const reason = whyNoTemplate(sql)
        if (reason === undefined) assert.ok(parseTemplate(sql).text.length > 0)
        else assert.equal(typeof refusal(sql).details['position'], 'number')
      }),
      { numRuns: 3000 },
    )
  })

  it('takes time that grows with the length, on hostile shapes too', function () {
    this.timeout(60_000)
    const shapes = [
      '(',
      '[',
      '/*',
      "'",
      "E'",
      "E'' --",
      "''\n--a",
      '$a',
      '$a$',
      ':a',
      '%(',
      '--',
      ';',
      '(;',
      ' ',
      'x',
      '1.',
      'a[:',
    ]
    const timeOf = (sql: string): number => {
      const runs = Array.from({ length: 3 }, () => {
        const start = performance.now()
        whyNoTemplate(sql)
        return performance.now() - start
      })
      return Math.min(...runs)
    }
    for (const shape of shapes) {
      const short = timeOf(`SELECT ${shape.repeat(4_000)}`)
      const long = timeOf(`SELECT ${shape.repeat(64_000)}`)
      // 16 times the length: a quadratic parser needs 256 times the time.
      assert.ok(long / Math.max(short, 0.5) < 120, `${shape}: ${short} ms, then ${long} ms`)
    }
  })
})
