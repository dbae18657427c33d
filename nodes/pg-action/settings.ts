import type { PgActionSettings } from '../../lib/postgres/action/guarded-action.ts'
import { rulesFor } from '../../lib/postgres/coerce/bind.ts'
import { parseTemplate } from '../../lib/postgres/template/parse-template.ts'
import type { PgActionConfig } from './config.ts'

/** Waits between attempts grow no longer than this. */
const MAX_DELAY_MS = 30_000

/** What the statement of a node is to do. */
export function settingsOf(config: PgActionConfig): PgActionSettings {
  const { sql, params, transaction, statementTimeoutMs, lockTimeoutMs, maxRetries, baseDelayMs } = config
  const template = parseTemplate(sql)
  return {
    ...config,
    template,
    rules: rulesFor(template, params),
    transaction: { ...transaction, statementTimeoutMs, lockTimeoutMs },
    retry: { maxRetries, baseDelayMs, maxDelayMs: MAX_DELAY_MS },
  }
}
