import { configError, show } from '../../lib/errors.ts'
import type { Typed } from '../../lib/config/typed.ts'
import type { MockEvent } from '../../lib/mock/sample-event.ts'
import { adminRoute } from '../adapter/admin-route.ts'
import type { NodeAPI } from '../adapter/types.ts'
import { parseConfig, usedInputs } from './config.ts'
import { openMock } from './open-mock.ts'

/** Events that a preview shows. */
const SHOWN = 3

/**
 * The route behind the button Preview: the first events that the node would send. What comes with a message counts as left out. It
 * may fetch a data action with the credentials of the chosen access, so it needs the permission to write.
 */
export function addRoute(RED: NodeAPI): void {
  adminRoute(RED, 'post', '/cxone/mock-trigger/preview', 'cxone.write', ({ body }) => preview(RED, body))
}

async function preview(RED: NodeAPI, body: unknown): Promise<readonly MockEvent[]> {
  if (typeof body !== 'object' || body === null)
    throw configError('source', `Expected the properties of a mock-trigger node, got ${show(body)}`)
  const config = parseConfig(body)
  const begin = await openMock(RED, config)
  const { actionId, template, overrides, count, seed } = usedInputs(config)
  const run = await begin({
    actionId: literal(actionId, 'actionId'),
    template: literal(template, 'template', {}),
    overrides: literal(overrides, 'overrides'),
    count: literal(count, 'count', SHOWN),
    seed: literal(seed, 'seed'),
  })
  return Array.from({ length: Math.min(run.count, SHOWN) }, (_, at) => run.event(at))
}

/** A value that is written in the node; a stand-in for one that comes with the message. */
function literal(
  { type, value }: Typed,
  place: string,
  standIn?: unknown,
): { value: unknown; place: string } {
  switch (type) {
    case 'str':
      return { value, place }
    case 'num':
      return { value: Number(value), place }
    case 'json':
      return { value: JSON.parse(value) as unknown, place }
    default:
      return { value: standIn, place }
  }
}
