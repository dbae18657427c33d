import vm from 'node:vm'
import { editText, type EditedText } from '../../lib/flowtest/code-edits.ts'
import {
  addCodeCounts,
  placeOfUnit,
  unitCounts,
  type CodeCounts,
  type CodeUnit,
  type UnitPlace,
} from '../../lib/flowtest/code-coverage.ts'
import type { Topology } from '../../lib/flowtest/topology.ts'

interface CountedScript {
  readonly unit: CodeUnit
  readonly counters: Float64Array
}

const RealScript = vm.Script
let watching: CodeCounters | undefined

/**
 * Lets the code of Function nodes count itself: as it is compiled, counters are written into it, on the user's own lines. The
 * counters lie in a variable that no other code of the node's sandbox sees, and error stacks name the user's own columns.
 */
export class CodeCounters {
  readonly #edited = new Map<string, { readonly text: string; readonly edited: EditedText }>()
  #units: ReadonlyMap<string, CodeUnit> = new Map()
  #topology: Topology | undefined
  #scripts: CountedScript[] = []
  #names: Readonly<Record<string, string>> = {}

  /** Begins to count the scripts that are compiled from now on. There is one for the process. */
  static start(): CodeCounters {
    if (!watching) {
      watchScripts()
      watchStacks()
    }
    watching = new CodeCounters()
    return watching
  }

  /** Takes over the code to count. */
  expect(units: readonly CodeUnit[], topology: Topology): void {
    let name = '__counters__'
    while (units.some(({ code }) => code.includes(name))) name = `_${name}_`
    this.#names = { body: `${name}body`, setup: `${name}setup`, cleanup: `${name}cleanup` }
    this.#units = new Map(units.map((unit) => [unit.key, unit]))
    this.#topology = topology
    this.#edited.clear()
    this.#scripts = []
  }

  /** What was counted since the last call. Code that still runs counts no more. */
  take(): CodeCounts {
    let counts: CodeCounts = {}
    for (const { unit, counters } of this.#scripts) {
      const counted = unitCounts(unit, counters)
      if (counted) counts = addCodeCounts(counts, { [unit.key]: counted })
    }
    this.#scripts = []
    return counts
  }

  /** The script with counters in it; undefined where there is nothing to count. */
  compile(text: string, options: vm.ScriptOptions): vm.Script | undefined {
    const { filename = '' } = options
    const place = this.#topology && placeOfUnit(filename, text, this.#units, this.#topology)
    if (!place || place.unit.edits.length === 0) return undefined
    const { unit } = place
    const name = this.#names[unit.part] ?? ''
    const edited = this.#edit(filename, text, place, name)
    const script = new RealScript(edited.text, options)
    const counters = new Float64Array(unit.counters)
    this.#scripts.push({ unit, counters })
    const run = script.runInContext.bind(script)
    let isReady = false
    script.runInContext = (context, runOptions) => {
      if (!isReady) handOver(name, counters, context)
      isReady = true
      return run(context, runOptions) as unknown
    }
    return script
  }

  /** The column in the user's own text of a place in a script. */
  columnOf(file: string, line: number, column: number): number {
    return this.#edited.get(file)?.edited.columnOf(line, column) ?? column
  }

  #edit(file: string, text: string, { unit, begin }: UnitPlace, name: string): EditedText {
    const known = this.#edited.get(file)
    if (known?.text === text) return known.edited
    const edited = editText(text, begin, unit.edits, name)
    this.#edited.set(file, { text, edited })
    return edited
  }
}

const hands = new Map<string, vm.Script>()

// A variable of the scripts alone: no property of the global object, so that nothing lists it.
function handOver(name: string, counters: Float64Array, context: vm.Context): void {
  const hand = hands.get(name) ?? new RealScript(`let ${name}; (counters) => { ${name} = counters }`)
  hands.set(name, hand)
  const set = hand.runInContext(context) as (counters: Float64Array) => void
  set(counters)
}

function watchScripts(): void {
  vm.Script = new Proxy(RealScript, {
    construct(target, args: [string, (vm.ScriptOptions | string)?], newTarget) {
      const [text, options] = args
      if (typeof options === 'object') {
        try {
          const counted = watching?.compile(text, options)
          if (counted) return counted
        } catch {
          // The user's own code tells what is wrong with it.
        }
      }
      return Reflect.construct(target, args, newTarget) as vm.Script
    },
  })
}

// Applies to the contexts of Function nodes too.
function watchStacks(): void {
  const format = Error.prepareStackTrace.bind(Error)
  Error.prepareStackTrace = (error, calls) => format(error, (calls as Call[]).map(ownColumn)) as unknown
}

interface Call extends NodeJS.CallSite {
  toString(): string
}

function ownColumn(call: Call): Call {
  const file = call.getFileName()
  const line = call.getLineNumber()
  const column = call.getColumnNumber()
  if (typeof file !== 'string' || line === null || column === null) return call
  const own = watching?.columnOf(file, line, column) ?? column
  if (own === column) return call
  const text = call.toString().replace(`:${line}:${column}`, () => `:${line}:${own}`)
  return new Proxy(call, {
    get(target, name) {
      if (name === 'toString') return () => text
      if (name === 'getColumnNumber') return () => own
      const value: unknown = Reflect.get(target, name)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
}
