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

/** A place in a CPU profile; lines and columns from 0. */
interface Frame {
  readonly url: string
  readonly lineNumber: number
  columnNumber: number
}

const RealScript = vm.Script
const createContext = vm.createContext.bind(vm)
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

  /**
   * The script with counters in it; undefined where there is nothing to count.
   *
   * @param context in which it will run.
   */
  compile(text: string, options: vm.ScriptOptions, context: vm.Context): vm.Script | undefined {
    const { filename = '' } = options
    const place = this.#topology && placeOfUnit(filename, text, this.#units, this.#topology)
    if (!place || place.unit.edits.length === 0) return undefined
    const { unit } = place
    const name = this.#names[unit.part] ?? ''
    const script = new RealScript(this.#edit(filename, text, place, name).text, options)
    const counters = new Float64Array(unit.counters)
    handOver(name, counters, context)
    this.#scripts.push({ unit, counters })
    return script
  }

  /** The column in the user's own text of a place in a script. */
  columnOf(file: string, line: number, column: number): number {
    return this.#edited.get(file)?.edited.columnOf(line, column) ?? column
  }

  /** Sets the user's own columns in the frames of a CPU profile. */
  ownColumns(frames: readonly Frame[]): void {
    for (const frame of frames)
      frame.columnNumber = this.columnOf(frame.url, frame.lineNumber + 1, frame.columnNumber + 1) - 1
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

// A Function node makes its context, and then its scripts, in one go.
function watchScripts(): void {
  let latest: vm.Context | undefined
  vm.createContext = (...args: Parameters<typeof vm.createContext>) => (latest = createContext(...args))
  vm.Script = new Proxy(RealScript, {
    construct(target, args: [string, (vm.ScriptOptions | string)?], newTarget) {
      const [text, options] = args
      if (latest && typeof options === 'object') {
        try {
          const counted = watching?.compile(text, options, latest)
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
