import { writeFileSync } from 'node:fs'
import { Worker } from 'node:worker_threads'

const POLL_MS = 50

// Runs beside the flows: a node that never lets go cannot keep it from looking.
const LOOK = `
const { parentPort, workerData } = require('node:worker_threads')
const { writeFileSync } = require('node:fs')
const present = new Int32Array(workerData.shared)
let names = []
let written = -1
parentPort.on('message', (list) => { names = list; written = -1 })
setInterval(() => {
  const at = Atomics.load(present, 0)
  if (at === written) return
  written = at
  writeFileSync(workerData.file, names[at] ?? '')
}, ${POLL_MS})
`

/**
 * Keeps the node that a message entered last in a file, so that it is known even if the process hangs or dies. A note costs
 * nothing: a thread of its own writes the file.
 */
export class LastNode {
  readonly #present: Int32Array
  readonly #thread: Worker
  readonly #file: string
  #names: readonly string[] = []
  #places: ReadonlyMap<string, number> = new Map()

  constructor(file: string) {
    const shared = new SharedArrayBuffer(4)
    this.#file = file
    this.#present = new Int32Array(shared)
    this.#thread = new Worker(LOOK, { eval: true, workerData: { shared, file } })
    this.#thread.unref()
    process.on('exit', () => this.#write())
  }

  /** The nodes that there are, as the runtime knows them. */
  expect(runningIds: Iterable<string>): void {
    this.#names = ['', ...runningIds]
    this.#places = new Map(this.#names.map((name, at) => [name, at]))
    this.#present[0] = 0
    writeFileSync(this.#file, '')
    this.#thread.postMessage(this.#names)
  }

  // A process that ends in good order writes it itself; its folder may be gone by then.
  #write(): void {
    try {
      writeFileSync(this.#file, this.#names[this.#present[0] ?? 0] ?? '')
    } catch {
      return
    }
  }

  note(runningId: string): void {
    this.#present[0] = this.#places.get(runningId) ?? 0
  }
}
