import { parseCode, type ParsedCode } from './code-branches.ts'
import type { Topology } from './topology.ts'

/** A range of a script with its count, as V8's precise block coverage gives it. */
export interface BlockRange {
  readonly startOffset: number
  readonly endOffset: number
  readonly count: number
}

/** What V8 counted in one script. */
export interface ScriptCoverage {
  readonly url: string
  readonly functions: readonly { readonly ranges: readonly BlockRange[] }[]
}

/** The three places for code in a Function node. */
export type CodePart = 'body' | 'setup' | 'cleanup'

/** Code of a Function node. */
export interface CodeUnit extends ParsedCode {
  /** `<node>/<part>`. */
  readonly key: string
  readonly node: string
  readonly part: CodePart
  readonly code: string
}

/** Counts of one unit, in the order of its branches and statements. */
export interface UnitCounts {
  readonly branches: readonly number[]
  readonly statements: readonly number[]
}

/** Counts by {@link CodeUnit.key}. */
export type CodeCounts = Readonly<Record<string, UnitCounts>>

const PROPERTIES: Readonly<Record<CodePart, string>> = {
  body: 'func',
  setup: 'initialize',
  cleanup: 'finalize',
}

/** The code of all Function nodes that can be reached, in the order of the flow file. */
export async function codeUnits(topology: Topology): Promise<readonly CodeUnit[]> {
  const units: CodeUnit[] = []
  for (const { id, type, stored } of topology.nodes.values()) {
    if (type !== 'function') continue
    for (const part of ['body', 'setup', 'cleanup'] as const) {
      const value = stored[PROPERTIES[part]]
      // The node trims the code of its set-up and of its clean-up, and leaves out what is empty then.
      const code = typeof value !== 'string' ? '' : part === 'body' ? value : value.trim()
      if (code.trim() === '') continue
      units.push({ key: `${id}/${part}`, node: id, part, code, ...(await parseCode(code)) })
    }
  }
  return units
}

/** Function nodes are scripts of this name; the id is that of the running node. */
const SCRIPT = /^Function node(?: (setup|cleanup))?:(\S+?)(?: \[[\s\S]*)?$/

// What Node-RED writes behind the user's code, on 4.1 and 5.0.
const SUFFIX: Readonly<Record<CodePart, string>> = {
  body: '\n})(msg,__send__,__done__);',
  setup: '\n                    })(__initSend__);',
  cleanup: '\n                    })();',
}

/**
 * Turns what V8 counted into counts of the units' branches and statements. Several scripts of one unit (several instances of a
 * subflow, several deployments) are added up. A unit whose script did not run is left out.
 *
 * @param scripts the whole answer of `Profiler.takePreciseCoverage`.
 */
export function countCode(
  scripts: readonly ScriptCoverage[],
  units: ReadonlyMap<string, CodeUnit>,
  topology: Topology,
): CodeCounts {
  const counts: Record<string, UnitCounts> = {}
  for (const { url, functions } of scripts) {
    const [, part = 'body', runningId = ''] = SCRIPT.exec(url) ?? []
    const id = topology.running.get(runningId)?.id
    const unit = id === undefined ? undefined : units.get(`${id}/${part}`)
    if (!unit) continue
    const counted = countUnit(
      unit,
      functions.flatMap(({ ranges }) => ranges),
    )
    const before = counts[unit.key]
    counts[unit.key] = before ? addUnit(before, counted) : counted
  }
  return counts
}

function countUnit(unit: CodeUnit, ranges: readonly BlockRange[]): UnitCounts {
  const length = Math.max(0, ...ranges.map(({ endOffset }) => endOffset))
  const begin = length - SUFFIX[unit.part].length - unit.code.length
  const sorted = ranges.toSorted((a, b) => a.endOffset - a.startOffset - (b.endOffset - b.startOffset))
  const countAt = (offset: number): number => {
    const at = begin + offset
    return sorted.find(({ startOffset, endOffset }) => startOffset <= at && at < endOffset)?.count ?? 0
  }
  return {
    branches: unit.branches.map(({ at, less }) =>
      Math.max(0, countAt(at) - (less === undefined ? 0 : countAt(less))),
    ),
    statements: unit.statements.map(({ start }) => countAt(start)),
  }
}

const sum = (a: readonly number[], b: readonly number[]): readonly number[] =>
  a.map((count, at) => count + (b[at] ?? 0))

const addUnit = (a: UnitCounts, b: UnitCounts): UnitCounts => ({
  branches: sum(a.branches, b.branches),
  statements: sum(a.statements, b.statements),
})

/** The sum of two sets of counts. */
export function addCodeCounts(a: CodeCounts, b: CodeCounts): CodeCounts {
  const added: Record<string, UnitCounts> = { ...a }
  for (const [key, counts] of Object.entries(b)) {
    const before = added[key]
    added[key] = before ? addUnit(before, counts) : counts
  }
  return added
}
