/** Time. Everything in `lib/` that waits or reads a clock does it through this. */
export interface Clock {
  /** Unix time in milliseconds. */
  now(): number
  /** Monotonic time in milliseconds, for durations. */
  monotonic(): number
  /** Resolves after `ms`; rejects with the signal's reason when aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /** Calls back after `ms`; returns the cancel function. The timer does not keep the process alive. */
  readonly after: (ms: number, callback: () => void) => () => void
}

/** Randomness. */
export interface Random {
  /** `n` cryptographically strong bytes. */
  bytes(n: number): Uint8Array
  /** A number from 0 (included) to 1 (excluded), for jitter only. */
  uniform(): number
}

/** One outgoing HTTP request: a single attempt, no redirect followed. */
export interface HttpRequest {
  readonly method: string
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  /** Milliseconds from the start of the attempt to the last byte of the body. */
  readonly timeoutMs: number
  readonly signal?: AbortSignal
  /** Larger bodies fail the request. Default 16 MiB. */
  readonly maxResponseBytes?: number
  /** Connect to one of these addresses instead of looking the host up; the name is kept for TLS and `Host`. */
  readonly connectTo?: ConnectTarget
}

/** An address that was checked before, to connect to, and others of the same host. */
export interface ConnectTarget {
  readonly address: string
  /** Taken in turn where no connection can be made. Of all, those that a connection is open to are preferred. */
  readonly others?: readonly string[]
  /** Those that former attempts have used, the latest one last: taken after all others. */
  readonly avoid?: readonly string[]
  /** Only where it differs from the URL's. */
  readonly port?: number
}

/** The whole answer of one attempt. Header names are lower case. */
export interface HttpResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  /** Milliseconds from the start to the last byte. */
  readonly latencyMs: number
  /** The one of `connectTo` that answered. */
  readonly address?: string
}

/**
 * Sends one request. Fails with `TIMEOUT`, `ABORTED`, `CXONE_UNREACHABLE` (no connection, dropped) or
 * `CXONE_UNEXPECTED_RESPONSE` (body too large); with `connectTo`, `details.address` is the last address that was tried.
 */
export type HttpSend = (request: HttpRequest) => Promise<HttpResponse>

/** Looks addresses up, for connections whose address is checked first. */
export type LookupAddresses = (hostname: string, signal?: AbortSignal) => Promise<readonly string[]>

/** Where a component reports what a person who runs it should know. Never a secret. */
export interface Logger {
  info(message: string): void
  warn(message: string): void
}

/** A file that is appended to. */
export interface AppendFile {
  append(data: string): Promise<void>
  /** Returns when the data is on the disk (fdatasync). */
  sync(): Promise<void>
  size(): Promise<number>
  /** Cuts the file to `bytes`, used to take a half-written record back. */
  truncate(bytes: number): Promise<void>
  close(): Promise<void>
}

/** The slice of a file system that the palette needs. Paths are absolute. */
export interface Files {
  read(path: string): Promise<string>
  readStream(path: string, start?: number): AsyncIterable<Uint8Array>
  /** Writes a temporary file beside it and renames: readers see the old or the new one, never half. */
  writeAtomic(path: string, data: string): Promise<void>
  openAppend(path: string): Promise<AppendFile>
  list(folder: string): Promise<readonly string[]>
  makeFolder(folder: string): Promise<void>
  rename(from: string, to: string): Promise<void>
  remove(path: string): Promise<void>
  /** Size in bytes and time of the last change (Unix milliseconds), or undefined where there is no such file. */
  stat(path: string): Promise<{ readonly size: number; readonly mtimeMs: number } | undefined>
}

/** What a lock file needs of the machine, besides {@link Files}. */
export interface Locks {
  /** This process; `instance` is random, because process ids are used again (in containers after each start). */
  readonly owner: { readonly host: string; readonly pid: number; readonly instance: string }
  /** Whether a process of this id runs on this machine. */
  isAlive(pid: number): boolean
  /** Makes a file that does not exist yet; false where there is one. */
  createNew(path: string, data: string): Promise<boolean>
  /** Sets the time of the last change to now. */
  touch(path: string): Promise<void>
}
