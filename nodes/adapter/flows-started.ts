import type { NodeAPI } from './types.ts'

const waiting = new WeakMap<object, Set<() => void>>()

/**
 * Calls back once all nodes of the deployment that is going on have been made: before, a message may find nobody to go to.
 * To be asked for while a node is made. One listener serves all nodes.
 *
 * @returns takes the wish back.
 */
export function onFlowsStarted({ events }: Pick<NodeAPI, 'events'>, callback: () => void): () => void {
  const known = waiting.get(events)
  const callbacks = known ?? new Set()
  callbacks.add(callback)
  if (!known) {
    waiting.set(events, callbacks)
    events.once('flows:started', () => {
      waiting.delete(events)
      for (const call of callbacks) call()
    })
  }
  return () => void callbacks.delete(callback)
}
