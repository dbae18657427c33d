import { parseCode, type ParsedCode } from './code-branches.ts'
import type { Topology } from './topology.ts'

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

/** The place of a unit's code in a script. */
export interface UnitPlace {
  readonly unit: CodeUnit
  readonly begin: number
}

/**
 * Finds the user's code in a script that the runtime makes of it.
 *
 * @param name of the script.
 * @returns undefined for all other scripts.
 */
export function placeOfUnit(
  name: string,
  text: string,
  units: ReadonlyMap<string, CodeUnit>,
  topology: Topology,
): UnitPlace | undefined {
  const [, part = 'body', runningId = ''] = SCRIPT.exec(name) ?? []
  const unit = units.get(`${topology.running.get(runningId)?.id ?? ''}/${part}`)
  if (!unit) return undefined
  const begin = text.length - SUFFIX[unit.part].length - unit.code.length
  return text.startsWith(unit.code, begin) ? { unit, begin } : undefined
}

/** What the counters in a unit's code say; undefined where it did not run. */
export function unitCounts(unit: CodeUnit, counters: ArrayLike<number>): UnitCounts | undefined {
  const countOf = ({ counter }: { readonly counter: number }): number => counters[counter] ?? 0
  const counts = { branches: unit.branches.map(countOf), statements: unit.statements.map(countOf) }
  return counts.branches.some((count) => count > 0) ? counts : undefined
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
