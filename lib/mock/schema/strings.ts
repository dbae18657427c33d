import type { Context } from './context.ts'
import { FORMATS } from './formats.ts'
import type { PatternWriter } from './pattern.ts'
import { numbersOf, pathOf, type Part } from './parts.ts'
import { TooLarge, Unsatisfiable } from './unsatisfiable.ts'

/** Longer texts are not made, whatever the schema allows; where it demands them, it is not met. */
const LONGEST = 10_000
const MOST_DEMANDED = 200_000
const TRIES = 100
const WORDS =
  'caller asked about an open bill and wants to be called back after noon by the agent who knows the order '
/** Beyond ASCII, beyond the first plane, and what careless code takes for markup. */
const UNUSUAL = Array.from('Zoë "O\'Hara" <Ω> 日本 😀')

/** What a text must be. */
interface Demands {
  readonly path: string
  readonly least: number
  readonly most: number
  readonly patterns: readonly Keyword[]
  readonly formats: readonly Keyword[]
}

interface Keyword {
  readonly value: string
  readonly path: string
}

/** A text for the parts of a schema. @throws {@link Unsatisfiable} */
export function textFor(context: Context, parts: readonly Part[], path: string): string {
  const demands = demandsOf(parts, path)
  const { patterns, formats } = demands
  const known = formats.flatMap(({ value }) => FORMATS[value] ?? [])
  const edges = known.length === 1 ? (known[0]?.edges ?? []) : []
  const edge = context.draw.edge(
    `${path}#formats`,
    edges.filter((text) => isFit(context, demands, text)),
  )
  if (edge !== undefined) return edge
  const sources = [...known.map(({ pattern }) => pattern), ...patterns.map(({ value }) => value)]
  return sources.length === 0 ? freeText(context, demands) : textOf(context, demands, sources)
}

/** Texts of each source in turn, until one fits all. */
function textOf(context: Context, demands: Demands, sources: readonly string[]): string {
  let failure: Unsatisfiable | undefined
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const writer = context.writer(sources[attempt % sources.length] ?? '')
    try {
      const text = writer.write(lengthFor(context, demands, writer), context.draw)
      if (isFit(context, demands, text) && sources.every((each) => context.expression(each).test(text)))
        return text
    } catch (error) {
      if (!(error instanceof Unsatisfiable) || error instanceof TooLarge) throw error
      failure = error
    }
  }
  const { path, value } = demands.patterns[0] ?? demands.formats[0] ?? { path: demands.path, value: '' }
  throw failure ?? new Unsatisfiable(path, `no text was found for \`${value}\` in ${TRIES} tries`)
}

function demandsOf(parts: readonly Part[], path: string): Demands {
  const least = Math.max(0, ...numbersOf(parts, 'minLength'))
  const most = Math.min(Infinity, ...numbersOf(parts, 'maxLength'))
  if (least > most) throw new Unsatisfiable(pathOf(parts, 'maxLength'), 'it is less than `minLength`')
  if (least > MOST_DEMANDED)
    throw new TooLarge(
      pathOf(parts, 'minLength'),
      `texts of more than ${MOST_DEMANDED} characters are not made`,
    )
  const keywords = (name: 'pattern' | 'format'): readonly Keyword[] =>
    parts.flatMap(({ schema, path: place }) => {
      const value = schema[name]
      return typeof value === 'string' ? [{ value, path: `${place}/${name}` }] : []
    })
  return { path, least, most, patterns: keywords('pattern'), formats: keywords('format') }
}

function isFit(context: Context, { least, most, patterns }: Demands, text: string): boolean {
  const length = lengthOf(text)
  return (
    length >= least && length <= most && patterns.every(({ value }) => context.expression(value).test(text))
  )
}

const lengthOf = (text: string): number => Array.from(text).length

/** The shortest, the longest, then any: rather short, as people write. */
function lengthFor(context: Context, { path, least, most }: Demands, writer: PatternWriter): number {
  const from = Math.max(least, writer.least)
  const limit = Math.min(most, writer.most)
  if (from > limit)
    throw new Unsatisfiable(
      `${path}/${from === least ? 'minLength' : 'maxLength'}`,
      'no text of this length matches the rest',
    )
  if (from > MOST_DEMANDED)
    throw new TooLarge(`${path}/pattern`, `texts of more than ${MOST_DEMANDED} characters are not made`)
  const longest = Math.max(Math.min(limit, LONGEST), from)
  const edges = Number.isFinite(limit) ? [from, longest] : [from]
  return (
    context.draw.edge(`${path}#lengths`, edges) ?? context.draw.integer(from, Math.min(longest, from + 12))
  )
}

function freeText({ draw }: Context, { path, least, most }: Demands): string {
  const longest = Number.isFinite(most) ? Math.max(Math.min(most, LONGEST), least) : undefined
  const edges = [() => plain(least, 0), ...(longest === undefined ? [] : [() => plain(longest, 0)])]
  const edge = draw.edge(`${path}#edges`, [...edges, () => unusual(least, most)])
  if (edge) return edge()
  return plain(draw.integer(least, Math.min(longest ?? Infinity, least + 24)), draw.pick(STARTS))
}

const plain = (length: number, start: number): string =>
  WORDS.repeat(Math.ceil(length / WORDS.length) + 1).slice(start, start + length)

const STARTS = Array.from(WORDS.matchAll(/\b[a-z]/g), ({ index }) => index)

function unusual(least: number, most: number): string {
  const enough = UNUSUAL.concat(Array.from(plain(Math.max(least - UNUSUAL.length, 0), 0)))
  return enough.slice(0, most).join('')
}
