import { bodyExcerpt, type Mask } from './body-excerpt.ts'
import { parseRetryAfter } from './retry-after.ts'
import type { Exchange } from './retry.ts'
import { safeUrl } from './safe-url.ts'

/**
 * What the error of a refused HTTP answer tells in its `details` (contract, section 4): status, URL without query,
 * attempts, times in milliseconds, `retryAfterMs` and an excerpt of the body where there are any.
 *
 * @param showsBody false where the body may hold a secret that no mask knows, such as a token.
 */
export function answerDetails(
  { response, attempts, latencyMs, elapsedMs }: Exchange,
  { url, mask, nowMs, showsBody = true }: { url: string; mask: Mask; nowMs: number; showsBody?: boolean },
): Record<string, unknown> {
  const retryAfterMs = parseRetryAfter(response.headers['retry-after'], nowMs)
  const body = showsBody ? bodyExcerpt(response.body, mask) : undefined
  return {
    status: response.status,
    url: safeUrl(url),
    attempts,
    latencyMs,
    elapsedMs,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(body === undefined ? {} : { body }),
  }
}
