/** A bar at the bottom of a terminal. */
export interface Progress {
  /** Shows how much is done. */
  show(done: number, total: number): void
  /** Takes the bar away, so that a line can be printed. */
  clear(): void
}

const WIDTH = 30

/** A bar on a terminal; nothing where the output is no terminal. */
export function createProgress(stream: { readonly isTTY?: boolean; write(text: string): unknown }): Progress {
  if (stream.isTTY !== true) return { show: () => undefined, clear: () => undefined }
  return {
    show(done, total) {
      const filled = total === 0 ? WIDTH : Math.round((done / total) * WIDTH)
      stream.write(`\r\u001b[K  ${'█'.repeat(filled)}${'░'.repeat(WIDTH - filled)} ${done}/${total}`)
    },
    clear: () => void stream.write('\r\u001b[K'),
  }
}
