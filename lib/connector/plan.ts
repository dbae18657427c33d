import { differences, type Comparable } from './fingerprint.ts'
import type { LastWrite } from './ledger.ts'
import type { Registration } from './register.ts'
import type { Read } from './stored.ts'

/** What is known of a change before it is made. */
export type Plan = Pick<Registration, 'action' | 'changes' | 'drift'>

const NOTHING: Comparable = { value: {}, fingerprint: '' }

/** Compares what the server has with what is wanted, and with our last write. */
export function planOf({ kind, stored }: Read, wanted: Comparable, last: LastWrite | undefined): Plan {
  if (kind === 'unreadable') return { action: 'change', changes: undefined, drift: undefined }
  if (!stored) {
    const drift = last?.fingerprint === undefined ? undefined : 'deleted'
    return { action: 'create', changes: differences(NOTHING, wanted), drift }
  }
  const isOurs = !last || stored.fingerprint === last.fingerprint || stored.fingerprint === last.pending
  const drift = isOurs ? undefined : 'changed'
  if (stored.fingerprint === wanted.fingerprint) return { action: 'unchanged', changes: [], drift }
  return { action: 'change', changes: differences(stored, wanted), drift }
}

/** The headers that bind a write to the state that was read; none where the server gives no strong entity tag. */
export function conditionOf({ kind, stored }: Read): Readonly<Record<string, string>> {
  if (kind === 'absent') return { 'If-None-Match': '*' }
  return stored?.etag === undefined ? {} : { 'If-Match': stored.etag }
}
