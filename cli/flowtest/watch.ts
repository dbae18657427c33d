import { statSync, watch, type FSWatcher } from 'node:fs'
import { basename, dirname } from 'node:path'

const SETTLE_MS = 150

/**
 * Waits until one of the files changes, or the signal aborts. Folders are watched, because editors replace files instead of
 * writing them.
 *
 * @param since Unix milliseconds: a file that was written after counts as changed.
 * @returns false when the signal aborted.
 */
export function changeOf(files: readonly string[], since: number, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return Promise.resolve(false)
  return new Promise((resolve) => {
    const watchers: FSWatcher[] = []
    let timer: NodeJS.Timeout | undefined
    const end = (changed: boolean): void => {
      clearTimeout(timer)
      watchers.forEach((watcher) => watcher.close())
      signal.removeEventListener('abort', stop)
      resolve(changed)
    }
    const stop = (): void => end(false)
    signal.addEventListener('abort', stop, { once: true })
    for (const [folder, list] of Map.groupBy(new Set(files), dirname)) {
      const names = new Set(list.map((file) => basename(file)))
      const watcher = watch(folder, (_event, name) => {
        if (name !== null && !names.has(name)) return
        clearTimeout(timer)
        timer = setTimeout(() => end(true), SETTLE_MS)
      })
      watchers.push(watcher)
    }
    if (files.some((file) => (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0) > since)) end(true)
  })
}
