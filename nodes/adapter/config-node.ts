import { configError, PaletteError } from '../../lib/errors.ts'
import { processHealth, type HealthCheck } from '../../lib/health/health.ts'
import { toPaletteError } from './on-input.ts'
import type { Node, NodeAPI } from './types.ts'

const provided = new WeakMap<object, Promise<unknown>>()

/** What a config node makes for its users, and what is to be freed on close. */
export interface Provided<T> {
  readonly value: T
  readonly close?: () => Promise<void> | void
}

/** Whether what a config node provides can be used now; what it throws counts as not ready. */
export type ReadyCheck<T> = (value: T, signal: AbortSignal) => ReturnType<HealthCheck['check']>

/**
 * The wrapper of config nodes: runs the set-up once, keeps its error for the nodes that use it, frees on close.
 *
 * @param isReady makes it a dependency in the health report of the runtime; a set-up that failed is not ready.
 */
export function provide<T>(node: Node, setup: () => Promise<Provided<T>>, isReady?: ReadyCheck<T>): void {
  const made = Promise.resolve()
    .then(setup)
    .catch((error: unknown) => {
      const known = toPaletteError(error)
      node.error(known.message)
      throw known
    })
  const value = made.then((part) => part.value)
  value.catch(() => undefined) // each user reports it
  provided.set(node, value)
  const { id, type, name = '' } = node
  const forget =
    isReady && processHealth.add({ id, type, name, check: async (signal) => isReady(await value, signal) })
  node.on('close', (_removed: boolean, done: () => void) => {
    forget?.()
    void made
      .then((part) => part.close?.())
      .catch(() => undefined)
      .then(() => done())
  })
}

/**
 * What the config node `id` provides.
 *
 * @throws `CONFIG_INVALID` with `details.field` when none is chosen, it is missing or disabled, of another type,
 * or itself wrong.
 */
export async function useConfig<T>(RED: NodeAPI, id: string, type: string, field: string): Promise<T> {
  if (id === '') throw configError(field, `Property \`${field}\`: choose a ${type} node`)
  const node = RED.nodes.getNode(id) as Node | null
  if (!node)
    throw configError(field, `Property \`${field}\`: the ${type} node \`${id}\` is missing or disabled`)
  const value = node.type === type ? provided.get(node) : undefined
  if (!value) throw configError(field, `Property \`${field}\`: node \`${id}\` is no ${type} node`)
  try {
    return (await value) as T
  } catch (error) {
    const cause = toPaletteError(error)
    throw new PaletteError(
      cause.code,
      `${type} ${node.name ? `"${node.name}"` : `\`${id}\``}: ${cause.message}`,
      {
        details: { field, ...cause.details, configNode: id }, // the field of the config node itself, where it is known
        cause,
      },
    )
  }
}
