/** Codes of the server's messages. */
export const BACKEND = {
  parseComplete: 0x31,
  bindComplete: 0x32,
  closeComplete: 0x33,
  notification: 0x41,
  commandComplete: 0x43,
  dataRow: 0x44,
  error: 0x45,
  copyIn: 0x47,
  copyOut: 0x48,
  emptyQuery: 0x49,
  backendKeyData: 0x4b,
  notice: 0x4e,
  parameterStatus: 0x53,
  rowDescription: 0x54,
  copyBoth: 0x57,
  ready: 0x5a,
  copyDone: 0x63,
  copyData: 0x64,
  noData: 0x6e,
  portalSuspended: 0x73,
  parameterDescription: 0x74,
} as const

const HEADER_BYTES = 5

/** Takes one message: its code, and its body in `buffer` from `at`. The bytes are its own only for the call. */
export type MessageSink = (code: number, buffer: Buffer, at: number) => void

/** Cuts the server's stream of bytes into messages. */
export class MessageReader {
  readonly #sink: MessageSink
  #parts: Buffer[] = []
  #held = 0
  /** Bytes that the message which is cut needs; a header's until its length is known. */
  #needed = HEADER_BYTES

  constructor(sink: MessageSink) {
    this.#sink = sink
  }

  feed(chunk: Buffer): void {
    if (this.#held === 0) {
      this.#read(chunk)
      return
    }
    this.#parts.push(chunk)
    this.#held += chunk.length
    if (this.#held < this.#needed) return
    const whole = Buffer.concat(this.#parts, this.#held)
    this.#parts = []
    this.#held = 0
    this.#needed = HEADER_BYTES
    this.#read(whole)
  }

  #read(chunk: Buffer): void {
    const sink = this.#sink
    const { length } = chunk
    let at = 0
    while (at + HEADER_BYTES <= length) {
      const end = at + 1 + chunk.readUInt32BE(at + 1)
      if (end < at + HEADER_BYTES) throw new Error('The server sent a message without a length')
      if (end > length) {
        this.#needed = end - at
        break
      }
      sink(chunk[at] ?? 0, chunk, at + HEADER_BYTES)
      at = end
    }
    if (at === length) return
    this.#parts = [at === 0 ? chunk : chunk.subarray(at)]
    this.#held = length - at
  }
}

/** Reads a text that ends in a zero byte; `next` is where it goes on. */
export function readText(buffer: Buffer, at: number): { readonly text: string; readonly next: number } {
  const end = buffer.indexOf(0, at)
  return end === -1
    ? { text: '', next: buffer.length }
    : { text: buffer.toString('utf8', at, end), next: end + 1 }
}

/** What the server tells of a failure (ErrorResponse), without DETAIL, HINT and context: these hold rows and SQL. */
export interface ServerReport {
  readonly severity: string
  readonly sqlstate: string
  readonly message: string
  /** Place in the statement, from 1, in characters. */
  readonly position?: number
  readonly schema?: string
  readonly table?: string
  readonly column?: string
  readonly constraint?: string
}

/** Reads the body of an ErrorResponse. */
export function readReport(buffer: Buffer, start: number): ServerReport {
  const fields: Record<string, string> = {}
  for (let at = start; at < buffer.length && buffer[at] !== 0;) {
    const name = String.fromCharCode(buffer[at] ?? 0)
    const { text, next } = readText(buffer, at + 1)
    fields[name] = text
    at = next
  }
  const { S, V, C, M, P, s, t, c, n } = fields
  return {
    severity: V ?? S ?? 'ERROR',
    sqlstate: C ?? 'XX000',
    message: M ?? '',
    ...(P === undefined ? {} : { position: Number(P) }),
    ...(s === undefined ? {} : { schema: s }),
    ...(t === undefined ? {} : { table: t }),
    ...(c === undefined ? {} : { column: c }),
    ...(n === undefined ? {} : { constraint: n }),
  }
}
