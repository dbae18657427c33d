import { fork } from 'node:child_process'
import { once } from 'node:events'

/** What is asked, over and over. */
export interface Load {
  readonly port: number
  readonly path: string
  /** Bodies of the POSTs, sent in turn. */
  readonly bodies: readonly string[]
  readonly headers?: Readonly<Record<string, string>>
  /** Keep-alive connections, one request at a time on each. */
  readonly connections: number
  readonly seconds: number
  /** Requests a second over all connections; as fast as it goes where missing. */
  readonly rate?: number
}

/** What came of it. Latencies in milliseconds. */
export interface LoadResult {
  readonly requests: number
  readonly perSecond: number
  /** Answers that were not 200, by status; 0 stands for a lost connection. */
  readonly failures: Readonly<Record<string, number>>
  readonly p50: number
  readonly p99: number
  readonly max: number
}

/** Sends requests from a process of its own. */
export async function applyLoad(load: Load): Promise<LoadResult> {
  const child = fork(new URL('./load-child.ts', import.meta.url), [JSON.stringify(load)], {
    execArgv: ['--disable-warning=ExperimentalWarning', '--disable-warning=MODULE_TYPELESS_PACKAGE_JSON'],
  })
  const [result] = (await once(child, 'message')) as [LoadResult]
  return result
}
