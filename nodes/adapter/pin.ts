import type { Typed } from '../../lib/config/typed.ts'
import type { Pin } from '../../lib/dns/pin.ts'
import { systemClock } from '../../lib/system.ts'
import { placeOf, typedReader } from './typed-input.ts'
import type { Message, Node, NodeAPI } from './types.ts'

/** The addresses that a message is to be sent to; undefined where names are looked up as usual. */
export type ReadPin = (msg: Message) => Promise<Pin | undefined>

/**
 * Prepares the reading of the property `connectTo`.
 *
 * @throws `CONFIG_INVALID` for a wrong path or expression. A call throws `INPUT_INVALID` and `PIN_EXPIRED`.
 */
export async function pinReader(RED: NodeAPI, node: Node, connectTo: Typed): Promise<ReadPin> {
  if (connectTo.type === 'off') return () => Promise.resolve(undefined)
  const read = typedReader(RED, node, { connectTo })
  const { readPin } = await import('../../lib/dns/read-pin.ts')
  const place = placeOf(connectTo, 'connectTo')
  return async (msg) => readPin((await read(msg)).connectTo, place, systemClock.now())
}
