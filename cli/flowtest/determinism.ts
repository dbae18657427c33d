import crypto from 'node:crypto'
import vm from 'node:vm'
import type { ClockSetting } from '../../lib/flowtest/suite.ts'
import { seededRandom, type SeededRandom } from '../../lib/random/seeded-random.ts'
import { forgetRandomPool } from '../../lib/system.ts'

const RealDate = Date
const realMath = Math.random
const realCrypto = { ...crypto }
const realWeb = {
  getRandomValues: globalThis.crypto.getRandomValues.bind(globalThis.crypto),
  randomUUID: globalThis.crypto.randomUUID.bind(globalThis.crypto),
}
let watchesContexts = false

/** Sets the time that `Date` tells in this process; undefined for the real one. */
export function setClock(setting: ClockSetting | undefined): void {
  if (setting === undefined) {
    globalThis.Date = RealDate
    return
  }
  const { at, ticks = false } = typeof setting === 'string' ? { at: setting } : setting
  const begin = RealDate.parse(at)
  if (Number.isNaN(begin)) throw new Error(`Expected \`clock\` to be an ISO 8601 time, got \`${at}\``)
  const started = performance.now()
  const now = (): number => begin + (ticks ? Math.floor(performance.now() - started) : 0)
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args: unknown[], newTarget) =>
      Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget) as object,
    apply: () => new RealDate(now()).toString(),
    get: (target, name) => (name === 'now' ? now : (Reflect.get(target, name) as unknown)),
  })
}

/** Makes all randomness of this process repeat for a seed, Function nodes' too; undefined for the real one. */
export function setSeed(seed: number | undefined): void {
  forgetRandomPool()
  const random = seed === undefined ? undefined : seededRandom(seed)
  Math.random = random ? () => random.uniform() : realMath
  replaceCrypto(random)
  watchContexts()
  uniform = random
}

let uniform: SeededRandom | undefined

function replaceCrypto(random: SeededRandom | undefined): void {
  const target = crypto as unknown as Record<string, unknown>
  const web = globalThis.crypto as unknown as Record<string, unknown>
  if (!random) {
    for (const name of ['randomBytes', 'randomFillSync', 'randomFill', 'randomUUID', 'randomInt'] as const)
      target[name] = realCrypto[name]
    Object.assign(web, realWeb)
    return
  }
  const bytes = (size: number): Buffer => random.fill(Buffer.alloc(size))
  const later = <T>(value: T, callback: unknown): T => {
    if (typeof callback === 'function') process.nextTick(callback, null, value)
    return value
  }
  const randomUUID = (): string => uuid(bytes(16))
  const fill = (view: ArrayBufferView, offset = 0, size = view.byteLength - offset): ArrayBufferView => {
    random.fill(new Uint8Array(view.buffer, view.byteOffset + offset, size))
    return view
  }
  Object.assign(target, {
    randomBytes: (size: number, callback?: unknown) => later(bytes(size), callback),
    randomFillSync: fill,
    randomFill: (view: ArrayBufferView, ...rest: unknown[]) =>
      later(fill(view, ...rest.filter((each) => typeof each === 'number')), rest.at(-1)),
    randomUUID,
    randomInt: (...args: unknown[]) => {
      const [a = 0, b] = args.filter((each): each is number => typeof each === 'number')
      const [min, max] = b === undefined ? [0, a] : [a, b]
      return later(min + Math.floor(random.uniform() * (max - min)), args.at(-1))
    },
  })
  Object.assign(web, { randomUUID, getRandomValues: (view: ArrayBufferView) => fill(view) })
}

function uuid(bytes: Buffer): string {
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

// Function nodes run in contexts of their own, each with its own Math.
function watchContexts(): void {
  if (watchesContexts) return
  watchesContexts = true
  const create = vm.createContext.bind(vm)
  vm.createContext = (...args: Parameters<typeof vm.createContext>) => {
    const context = create(...args)
    if (uniform) {
      const math = vm.runInContext('Math', context) as Math
      math.random = () => uniform?.uniform() ?? realMath()
    }
    return context
  }
}
