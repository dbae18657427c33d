import type * as YamlModule from 'yaml'
import type { Document, LineCounter } from 'yaml'
import { inputError, PaletteError } from '../errors.ts'
import { compileSchema } from '../schema/compile.ts'
import { pointerNames } from '../schema/json-pointer.ts'
import type { JsonSchema } from '../schema/json-schema.ts'
import type { Expectation, Stub, Suite, TestCase, Trigger } from './suite.ts'

/** A case file that was read. */
export interface ParsedSuite {
  readonly suite: Suite
  /** The line of a place in the file (names and indexes from the top), from 1. */
  readonly lineOf: (place: readonly (string | number)[]) => number | undefined
}

/** Faults that one message lists at most. */
const MAX_FAULTS = 20

/**
 * Reads a case file in YAML or JSON (which is YAML as well).
 *
 * @param file name that errors show.
 * @param schema the published JSON Schema of case files.
 * @throws `INPUT_INVALID`: all faults together, each with its line.
 */
export async function parseSuite(text: string, file: string, schema: JsonSchema): Promise<ParsedSuite> {
  const { document, lines } = await parseYaml(text, file)
  const lineOf = (place: readonly (string | number)[]): number | undefined => lineAt(document, lines, place)
  const value: unknown = document.toJS({ maxAliasCount: 100 })
  const validator = await compileSchema('flow-test.schema.json', schema, {
    draft: '2020-12',
    coerce: false,
    useDefaults: false,
    strip: false,
    formats: true,
    maxErrors: MAX_FAULTS,
  })
  const verdict = validator.validate(value, file)
  const faults = verdict.valid
    ? choiceFaults(value as Suite)
    : verdict.errors
        // `if` only repeats what the branch has said.
        .filter(({ keyword }) => keyword !== 'if')
        .map(({ path, message }) => ({ place: placeOf(path), message }))
  if (faults.length > 0) throw faulty(file, faults, lineOf)
  return { suite: value as Suite, lineOf }
}

interface Fault {
  readonly place: readonly (string | number)[]
  readonly message: string
}

function faulty(file: string, faults: readonly Fault[], lineOf: ParsedSuite['lineOf']): PaletteError {
  const told = faults.slice(0, MAX_FAULTS).map(({ place, message }) => {
    const line = lineOf(place)
    return `${file}${line === undefined ? '' : `:${line}`}: ${message}`
  })
  return new PaletteError('INPUT_INVALID', told.join('\n'), { details: { path: file, errors: told } })
}

const placeOf = (pointer: string): (string | number)[] =>
  pointerNames(pointer).map((name) => (/^\d+$/.test(name) ? Number(name) : name))

async function parseYaml(text: string, file: string): Promise<{ document: Document; lines: LineCounter }> {
  const { parseDocument, LineCounter: Lines } = await loadYaml()
  const lines = new Lines()
  const document = parseDocument(text.replace(/^\uFEFF/, ''), {
    lineCounter: lines,
    prettyErrors: true,
    merge: true, // `<<`
  })
  const [error] = document.errors
  if (error) throw inputError(file, `${file}: no YAML and no JSON: ${error.message}`, error)
  return { document: document as unknown as Document, lines }
}

async function loadYaml(): Promise<typeof YamlModule> {
  try {
    return await import('yaml')
  } catch (cause) {
    throw new Error('The package yaml is missing: run `npm install yaml`', { cause })
  }
}

// A missing property has no line of its own: that of the object around it is the next best.
function lineAt(
  document: Document,
  lines: LineCounter,
  place: readonly (string | number)[],
): number | undefined {
  for (let length = place.length; length >= 0; length -= 1) {
    const node = length === 0 ? document.contents : document.getIn(place.slice(0, length), true)
    const range = (node as { range?: readonly number[] } | null | undefined)?.range
    if (range) return lines.linePos(range[0] ?? 0).line
  }
  return undefined
}

// JSON Schema could say "exactly one of" too, but not so that a person understands it.
function choiceFaults(suite: Suite): readonly Fault[] {
  const faults: Fault[] = []
  const stubs = (list: readonly Stub[] | undefined, place: readonly (string | number)[]): void =>
    list?.forEach((stub, at) => {
      one(faults, [...place, 'stubs', at], stub, ['sends', 'fails', 'passes'])
    })
  stubs(suite.stubs, [])
  const names = new Map<string, number>()
  suite.cases.forEach((each, at) => {
    const first = names.get(each.name)
    if (first !== undefined) faults.push(sameName(each.name, first, at))
    else names.set(each.name, at)
    stubs(each.stubs, ['cases', at])
    caseFaults(faults, each, ['cases', at])
  })
  return faults
}

function caseFaults(faults: Fault[], each: TestCase, place: readonly (string | number)[]): void {
  triggersOf(each).forEach((trigger, at) => {
    const where = Array.isArray(each.trigger) ? [...place, 'trigger', at] : [...place, 'trigger']
    one(faults, where, trigger, ['inject', 'message', 'mock', 'http'])
    triggerFaults(faults, trigger, where)
  })
  each.expect.forEach((expectation, at) => {
    const where = [...place, 'expect', at]
    one(faults, where, expectation, ['receives', 'sends', 'fails', 'reached', 'order', 'answers'])
    if (!expectation.order && !expectation.answers && expectation.node === undefined)
      faults.push({ place: where, message: 'Expected the expectation to name a `node`' })
    schemaFaults(faults, expectation, where)
  })
}

function triggerFaults(
  faults: Fault[],
  { node, http, output }: Trigger,
  place: readonly (string | number)[],
): void {
  if (!http) {
    if (node === undefined) faults.push({ place, message: 'Expected the trigger to name a `node`' })
    return
  }
  if (node === undefined && http.path === undefined)
    faults.push({ place, message: 'Expected the trigger to name a `node`, or its `http` a `path`' })
  if (output !== undefined)
    faults.push({ place, message: 'Expected no `output` together with `http`: a request is always answered' })
  const bodies = BODIES.filter((name) => name in http)
  if (bodies.length > 1) one(faults, [...place, 'http'], http, BODIES)
}

const BODIES = ['body', 'form', 'text'] as const

function schemaFaults(faults: Fault[], expectation: Expectation, place: readonly (string | number)[]): void {
  const { schema, receives, sends, answers } = expectation
  if (!schema) return
  one(faults, [...place, 'schema'], schema, ['json', 'file', 'dataAction'])
  if (!receives && !sends && !answers)
    faults.push({
      place,
      message: 'Expected `schema` together with `receives`, `sends` or `answers` (`{}` for anything)',
    })
}

function one(
  faults: Fault[],
  place: readonly (string | number)[],
  value: object,
  names: readonly string[],
): void {
  const found = names.filter((name) => name in value)
  if (found.length === 1) return
  const list = names.map((name) => `\`${name}\``).join(', ')
  const got = found.length === 0 ? 'none' : found.map((name) => `\`${name}\``).join(' and ')
  faults.push({ place, message: `Expected exactly one of ${list}, got ${got}` })
}

const sameName = (name: string, first: number, at: number): Fault => ({
  place: ['cases', at, 'name'],
  message: `Cases ${first + 1} and ${at + 1} have the same name \`${name}\``,
})

/** The triggers of a case, as a list. */
export const triggersOf = ({ trigger }: TestCase): readonly Trigger[] =>
  Array.isArray(trigger) ? (trigger as readonly Trigger[]) : [trigger as Trigger]
