import type { Head } from './record.ts'

/** Where a trail's records go. Its calls never overlap. */
export interface Sink {
  /** What it is, for messages. */
  readonly name: string
  /** Makes ready for the next records, and heals what went wrong before. Returns the record that they follow. */
  ready(): Promise<Head>
  /** Writes whole lines, all or none; `last` is the last record among them. */
  append(text: string, last: Head): Promise<void>
  /** Which of these ids have a record, among those written since then (Unix ms). Missing where it cannot be read. */
  find?(ids: ReadonlySet<string>, sinceMs: number): Promise<ReadonlySet<string>>
  close(): Promise<void>
}
