import type { LookupDataAction } from '../cxone/access.ts'
import { inputError, show } from '../errors.ts'
import { redactText } from '../redact/redact-text.ts'
import { parseName } from './names.ts'

/** How long a data action's definition is good for a look-up of its host. */
const CACHE_TTL_S = 3600

/**
 * The host of a data action's `endpointUrl`.
 *
 * @param path where the id stands, for errors: `msg.dataActionId`.
 * @throws `INPUT_INVALID` for what is no id, or an action whose host is missing or needs no look-up (an IP address); and the codes of `lookup`.
 */
export async function hostOfAction(
  lookup: LookupDataAction,
  id: unknown,
  path: string,
  call: { readonly signal: AbortSignal; readonly correlationId: string },
): Promise<string> {
  if (typeof id !== 'string' || id.trim() === '') {
    throw inputError(path, `Expected \`${path}\` to be the id of a data action, got ${show(id)}`)
  }
  const { hostname, endpointUrl } = await lookup(id, { cacheTtlS: CACHE_TTL_S, ...call })
  const unusable = (reason: string): Error =>
    inputError(
      path,
      `The host of data action ${show(id)} cannot be looked up: ${reason}; its \`endpointUrl\` is ` +
        redactText(show(endpointUrl)),
    )
  if (hostname === null) throw unusable('there is none')
  const parsed = parseName(hostname)
  if ('name' in parsed) return parsed.name
  throw unusable(parsed.reason)
}
