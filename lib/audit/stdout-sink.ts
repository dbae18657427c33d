import { START } from './record.ts'
import type { Sink } from './sink.ts'

/** Records on standard output, for a collector that reads it. Each start of the process begins a new chain. */
export function createStdoutSink(write: (text: string) => Promise<void>): Sink {
  let head = START
  return {
    name: 'on standard output',
    ready: () => Promise.resolve(head),
    async append(text, last) {
      await write(text)
      head = last
    },
    close: () => Promise.resolve(),
  }
}
