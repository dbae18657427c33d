import type { AppendFile, Files } from '../../../lib/ports.ts'

/** Files in memory: what was appended counts as written even where it was never synced. */
export class MemoryFiles implements Files {
  readonly contents = new Map<string, Buffer>()
  /** Bytes that may still be written before the disk is full. */
  room = Infinity
  /** What becomes of a sync. */
  sync = (): Promise<void> => Promise.resolve()

  bytes(path: string): Buffer {
    const found = this.contents.get(path)
    if (!found) throw Object.assign(new Error(`ENOENT: ${path}`), { code: 'ENOENT' })
    return found
  }

  read(path: string): Promise<string> {
    return Promise.resolve(this.bytes(path).toString())
  }

  async *readStream(path: string, start = 0): AsyncIterable<Uint8Array> {
    const bytes = this.bytes(path)
    const size = 7000 // cuts lines, and characters, somewhere
    for (let at = start; at < bytes.length; at += size)
      yield await Promise.resolve(bytes.subarray(at, at + size))
  }

  writeAtomic(path: string, data: string): Promise<void> {
    return Promise.resolve(data)
      .then((text) => this.#take(Buffer.from(text)))
      .then((bytes) => void this.contents.set(path, bytes))
  }

  openAppend(path: string): Promise<AppendFile> {
    this.contents.set(path, this.contents.get(path) ?? Buffer.alloc(0))
    return Promise.resolve({
      append: async (data) => {
        const added = this.#take(Buffer.from(await Promise.resolve(data)))
        this.contents.set(path, Buffer.concat([this.bytes(path), added]))
      },
      sync: () => this.sync(),
      size: () => Promise.resolve(this.bytes(path).length),
      truncate: (size) => {
        this.contents.set(path, this.bytes(path).subarray(0, size))
        return Promise.resolve()
      },
      close: () => Promise.resolve(),
    })
  }

  list(folder: string): Promise<readonly string[]> {
    const names = [...this.contents.keys()].filter((path) => path.startsWith(`${folder}/`))
    return Promise.resolve(names.map((path) => path.slice(folder.length + 1)))
  }

  makeFolder(): Promise<void> {
    return Promise.resolve()
  }

  async rename(from: string, to: string): Promise<void> {
    this.contents.set(to, this.bytes(from))
    await this.remove(from)
  }

  remove(path: string): Promise<void> {
    this.contents.delete(path)
    return Promise.resolve()
  }

  stat(path: string): Promise<{ size: number; mtimeMs: number } | undefined> {
    const size = this.contents.get(path)?.length
    return Promise.resolve(size === undefined ? undefined : { size, mtimeMs: 0 })
  }

  #take(bytes: Buffer): Buffer {
    if (bytes.length > this.room) {
      this.room = 0
      throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' })
    }
    this.room -= bytes.length
    return bytes
  }
}
