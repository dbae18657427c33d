import type { SqlText } from '../driver.ts'

const CODES = {
  parse: 0x50,
  bind: 0x42,
  describe: 0x44,
  execute: 0x45,
  close: 0x43,
  query: 0x51,
  copyFail: 0x66,
} as const
const PORTAL = 0x50
const STATEMENT = 0x53
const SYNC = Buffer.from([0x53, 0, 0, 0, 4])
const INITIAL_BYTES = 4096
/** A buffer that grew for one large message is not kept. */
const KEEP_BYTES = 1 << 20

/**
 * Writes messages of a client, as many as belong together, into one buffer (PostgreSQL frontend/backend protocol 3,
 * extended query). Text is sent as UTF-8, values in text format.
 */
export class MessageWriter {
  #buffer = Buffer.allocUnsafe(INITIAL_BYTES)
  #at = 0
  #start = 0

  /** Prepares a statement; the empty name is the unnamed one. */
  parse(name: string, text: string, types: readonly number[] = []): void {
    this.#begin(CODES.parse)
    this.#cstring(name)
    this.#cstring(text)
    this.#int16(types.length)
    for (const type of types) this.#int32(type)
    this.#end()
  }

  bind(portal: string, name: string, values: readonly SqlText[] = []): void {
    this.#begin(CODES.bind)
    this.#cstring(portal)
    this.#cstring(name)
    this.#int16(0) // all values as text
    this.#int16(values.length)
    for (const value of values) this.#value(value)
    this.#int16(0) // all columns as text
    this.#end()
  }

  describePortal(portal: string): void {
    this.#target(CODES.describe, PORTAL, portal)
  }

  describeStatement(name: string): void {
    this.#target(CODES.describe, STATEMENT, name)
  }

  closePortal(portal: string): void {
    this.#target(CODES.close, PORTAL, portal)
  }

  closeStatement(name: string): void {
    this.#target(CODES.close, STATEMENT, name)
  }

  /** Runs a portal for at most `maxRows` rows; 0 = to its end. */
  execute(portal: string, maxRows: number): void {
    this.#begin(CODES.execute)
    this.#cstring(portal)
    this.#int32(maxRows)
    this.#end()
  }

  /** A simple query, which may hold several statements and needs no Sync. */
  query(text: string): void {
    this.#begin(CODES.query)
    this.#cstring(text)
    this.#end()
  }

  copyFail(reason: string): void {
    this.#begin(CODES.copyFail)
    this.#cstring(reason)
    this.#end()
  }

  sync(): void {
    this.#reserve(SYNC.length)
    this.#at += SYNC.copy(this.#buffer, this.#at)
  }

  /** What was written since the last call. The buffer is the caller's. */
  take(): Buffer {
    const bytes = this.#buffer.subarray(0, this.#at)
    // The rest is used for the next messages; a socket may still read what was taken.
    this.#buffer = this.#buffer.subarray(this.#at)
    this.#at = 0
    if (this.#buffer.length < 512 || bytes.length > KEEP_BYTES)
      this.#buffer = Buffer.allocUnsafe(INITIAL_BYTES * 4)
    return bytes
  }

  /** Forgets what was written since {@link take}. */
  drop(): void {
    this.#at = 0
  }

  #begin(code: number): void {
    this.#reserve(5)
    this.#buffer[this.#at] = code
    this.#start = this.#at + 1
    this.#at += 5
  }

  #end(): void {
    this.#buffer.writeInt32BE(this.#at - this.#start, this.#start)
  }

  #target(code: number, kind: number, name: string): void {
    this.#begin(code)
    this.#reserve(1)
    this.#buffer[this.#at++] = kind
    this.#cstring(name)
    this.#end()
  }

  #value(value: SqlText): void {
    if (value === null) {
      this.#int32(-1)
      return
    }
    this.#reserve(4 + value.length * 3) // UTF-8 takes at most three bytes a UTF-16 unit
    const length = this.#buffer.write(value, this.#at + 4, 'utf8')
    this.#buffer.writeInt32BE(length, this.#at)
    this.#at += 4 + length
  }

  #cstring(text: string): void {
    this.#reserve(text.length * 3 + 1)
    this.#at += this.#buffer.write(text, this.#at, 'utf8')
    this.#buffer[this.#at++] = 0
  }

  #int16(value: number): void {
    this.#reserve(2)
    this.#at = this.#buffer.writeUInt16BE(value, this.#at)
  }

  #int32(value: number): void {
    this.#reserve(4)
    this.#at = this.#buffer.writeInt32BE(value | 0, this.#at) // OIDs are unsigned
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#buffer.length) return
    const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#at + bytes, INITIAL_BYTES * 4))
    this.#buffer.copy(larger, 0, 0, this.#at)
    this.#buffer = larger
  }
}
