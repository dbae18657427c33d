import type { Head } from './record.ts'

/** Where a trail's records go. Its calls never overlap. */
export interface Sink {
  /** What it is, for messages. */
  readonly name: string
  /** Makes ready for the next records, and heals what went wrong before. Returns the record that they follow. */
  ready(): Promise<Head>
  /** Writes whole lines, all or none; `last` is the last record among them. */
  append(text: string, last: Head): Promise<void>
  close(): Promise<void>
}
