import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { isPaletteError } from '../../../lib/errors.ts'
import { checkReferences } from '../../../lib/flowtest/check-suite.ts'
import { parseFlowFile } from '../../../lib/flowtest/flow-file.ts'
import { parseSuite, type ParsedSuite } from '../../../lib/flowtest/parse-suite.ts'
import { buildTopology } from '../../../lib/flowtest/topology.ts'

const schema = JSON.parse(await readFile('resources/flow-test.schema.json', 'utf8')) as Record<
  string,
  unknown
>
const fixtures = `${import.meta.dirname}/fixtures`

const faultsOf = async (text: string): Promise<string[]> => {
  const error: unknown = await parseSuite(text, 'a.test.yaml', schema).then(
    () => assert.fail('it was accepted'),
    (failure: unknown) => failure,
  )
  assert.ok(isPaletteError(error))
  assert.equal(error.code, 'INPUT_INVALID')
  return error.message.split('\n')
}

const good = `
cases:
  - name: one
    trigger: { node: A, message: {} }
    expect:
      - { node: B, reached: true }
`

describe('a case file', () => {
  it('is YAML, or the same as JSON', async () => {
    const { suite, lineOf } = await parseSuite(good, 'a', schema)
    assert.deepEqual((await parseSuite(JSON.stringify(suite), 'a', schema)).suite, suite)
    assert.equal(lineOf(['cases', 0]), 3)
  })

  it('of the fixtures matches the published schema', async () => {
    for (const name of ['counted', 'hostile'])
      await parseSuite(await readFile(`${fixtures}/${name}.test.yaml`, 'utf8'), name, schema)
  })

  for (const [what, text, says] of [
    ['no YAML', 'cases: [', 'no YAML and no JSON'],
    ['two values of a key', 'cases: 1\ncases: 2', 'no YAML and no JSON: Map keys must be unique'],
    ['empty', '', 'Expected the value to be an object'],
    ['no cases', 'cases: []', 'a.test.yaml:1: Expected `/cases` to have at least 1 item'],
    [
      'a wrong name',
      good.replace('trigger', 'triger'),
      'a.test.yaml:3: Expected `/cases/0` to have no property `triger`',
    ],
    [
      'a wrong type',
      good.replace('name: one', 'name: 1'),
      'a.test.yaml:3: Expected `/cases/0/name` to be a string',
    ],
    [
      'no trigger kind',
      good.replace(', message: {}', ''),
      'a.test.yaml:4: Expected exactly one of `inject`, `message`, `mock`, `http`, got none',
    ],
    [
      'two trigger kinds',
      good.replace('message: {}', 'message: {}, inject: true'),
      'got `inject` and `message`',
    ],
    [
      'no expectation',
      good.replace(', reached: true', ''),
      'a.test.yaml:6: Expected exactly one of `receives`, `sends`, `fails`, `reached`, `order`, `answers`, got none',
    ],
    ['no node', good.replace('node: B, ', ''), 'a.test.yaml:6: Expected the expectation to name a `node`'],
    [
      'a stub of two kinds',
      `${good}    stubs: [{ node: B, passes: true, fails: X }]`,
      'got `fails` and `passes`',
    ],
    [
      'a request of no endpoint',
      good.replace('node: A, message: {}', 'http: { body: 1 }'),
      'a.test.yaml:4: Expected the trigger to name a `node`, or its `http` a `path`',
    ],
    [
      'a trigger of nothing',
      good.replace('node: A, message', 'message'),
      'a.test.yaml:4: Expected the trigger to name a `node`',
    ],
    [
      'a method that is none',
      good.replace('message: {}', 'http: { method: FETCH }'),
      'a.test.yaml:4: Expected `/cases/0/trigger/http/method` to be one of `GET`',
    ],
    [
      'a path with a query',
      good.replace('message: {}', 'http: { path: /a?b=c }'),
      'a.test.yaml:4: Expected `/cases/0/trigger/http/path` to match',
    ],
    [
      'two bodies',
      good.replace('message: {}', 'http: { body: {}, text: x }'),
      'a.test.yaml:4: Expected exactly one of `body`, `form`, `text`, got `body` and `text`',
    ],
    [
      'a request that leaves at an output',
      good.replace('message: {}', 'output: 1, http: {}'),
      'a.test.yaml:4: Expected no `output` together with `http`',
    ],
    [
      'two schemas',
      good.replace('reached: true', 'receives: {}, schema: { json: {}, file: x }'),
      'exactly one of `json`, `file`, `dataAction`',
    ],
    [
      'a schema alone',
      good.replace('reached: true', 'reached: true, schema: { json: {} }'),
      'Expected `schema` together with',
    ],
    [
      'equal names',
      good + good.replace('\ncases:\n', ''),
      'a.test.yaml:7: Cases 1 and 2 have the same name `one`',
    ],
    [
      'a time-out of nothing',
      `timeoutMs: 0\n${good}`,
      'a.test.yaml:1: Expected `/timeoutMs` to be at least 1',
    ],
  ] as const) {
    it(`with ${what} says so, with the line`, async () => {
      const faults = await faultsOf(text)
      assert.ok(
        faults.some((fault) => fault.includes(says)),
        faults.join('\n'),
      )
    })
  }

  it('tells all faults at once', async () => {
    assert.equal((await faultsOf(good.replace('name: one', 'name: 1').replace('true', 'soon'))).length, 2)
  })
})

describe('the nodes that a case file names', () => {
  it('are checked all together against the flow, with lines and candidates', async () => {
    const topology = buildTopology(parseFlowFile(await readFile(`${fixtures}/counted.json`, 'utf8'), 'f'))
    const parsed: ParsedSuite = await parseSuite(
      `
stubs: [{ node: Idd, passes: true }]
cases:
  - name: one
    trigger: { node: Strat, message: {} }
    stubs: [{ node: Sort, passes: true }]
    expect:
      - { node: debug, reached: true }
      - { order: [Start, Nowhere] }
`,
      'a.yaml',
      schema,
    )
    assert.throws(
      () => checkReferences(parsed, 'a.yaml', topology),
      (error: Error) => {
        const lines = error.message.split('\n')
        assert.equal(lines.length, 4)
        assert.match(lines[0] ?? '', /^a\.yaml:2: There is no node `Idd`; the nearest are `Main\/Id`/)
        assert.match(lines[1] ?? '', /^a\.yaml:5: There is no node `Strat`; the nearest are `Main\/Start`/)
        assert.match(
          lines[2] ?? '',
          /^a\.yaml:8: Node `debug` is ambiguous: `Main\/Done \(debug\)` with the id done, `Main\/Failed \(debug\)` with the id failed\. Say which one: /,
        )
        assert.match(lines[3] ?? '', /^a\.yaml:9: There is no node `Nowhere`/)
        return true
      },
    )
  })
})
