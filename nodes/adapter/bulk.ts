import { createHash } from 'node:crypto'
import { join, resolve } from 'node:path'
import type { ItemDone } from '../../lib/bulk/item.ts'
import type { BulkItems } from '../../lib/bulk/item-source.ts'
import type { BulkOutcome, ItemCall } from '../../lib/bulk/options.ts'
import type { BulkSettings } from '../../lib/config/bulk-fields.ts'
import { inputError, show } from '../../lib/errors.ts'
import { onFlowsStarted } from './flows-started.ts'
import type { Context } from './message-context.ts'
import type { Prepared } from './on-input.ts'
import type { Message, Node, NodeAPI, Outputs } from './types.ts'

/** What the work on one item of a message gets. */
export interface NodeCall extends ItemCall {
  readonly correlationId: string
  readonly onRetry: (attempt: number, waitMs: number, reason: string) => void
}

/** A list that a message brings. */
export interface BulkList<T, S> {
  /** An array, or a stream of objects. */
  readonly items: BulkItems<T>
  /** Where it stands, as users write it (`msg.payload`). */
  readonly place: string
  /** What all items share. JSON without secrets: a journal keeps it. */
  readonly shared: S
}

/** How a node works on lists. `T`: an item, `S`: what the items of a message share, `R`: the value of an item. */
export interface BulkTask<T, S, R> extends BulkSettings {
  /** What the calls go to (the id of the CXone access): a run whose node has another one by now is not carried on. */
  readonly target: string
  /** Whether an item may be worked again with the same key: after a 429, and where a crash left it in doubt. */
  readonly isRepeatable?: boolean
  readonly work: (item: T, shared: S, call: NodeCall) => Promise<ItemDone<R>>
  /** What the audit record of an item is about. */
  readonly subject: (item: T, shared: S) => string | undefined
  /** Writes what came of the run under `msg.cxone.<step>`; the results are in `msg.payload` already. */
  readonly finish: (msg: Message, report: BulkReport<R>, shared: S) => void
}

/** What came of a run. */
export interface BulkReport<R> extends BulkOutcome<R> {
  readonly elapsedMs: number
}

/** Works on one message; `bulk` works on a list that it brings. */
export type BulkHandler<T, S> = (
  msg: Message,
  context: Context,
  bulk: (list: BulkList<T, S>) => Promise<Outputs | null>,
) => Promise<Outputs | null>

/** Whether a value is a list that can be worked on: an array, or a stream. */
export const isList = (value: unknown): value is readonly unknown[] | AsyncIterable<unknown> =>
  Array.isArray(value) || (typeof value === 'object' && value !== null && Symbol.asyncIterator in value)

/** A value that must be a list. @throws `INPUT_INVALID` with `details.path`. */
export function listOf(value: unknown, place: string): readonly unknown[] | AsyncIterable<unknown> {
  if (isList(value)) return value
  throw inputError(place, `Expected \`${place}\` to be an array or a stream of objects, got ${show(value)}`)
}

/**
 * The bulk runs of a node. Make it while the node is made, before `onInput`; the set-up then calls {@link prepare}.
 */
export class NodeBulk {
  readonly #RED: NodeAPI
  readonly #node: Node
  readonly #started: Promise<void>
  #isPaused = false

  constructor(RED: NodeAPI, node: Node) {
    this.#RED = RED
    this.#node = node
    let forget = (): void => undefined
    this.#started = new Promise((resolve) => {
      forget = onFlowsStarted(RED, resolve)
    })
    node.on('close', (removed: boolean, done: () => void) => {
      this.#isPaused = !removed
      forget()
      done()
    })
  }

  /** Makes the node's input: lists are worked as `task` says, `msg.cancel` ends the runs, journals are carried on. */
  async prepare<T, S, R>(
    task: BulkTask<T, S, R>,
    handler: BulkHandler<T, S>,
    simulate?: Prepared['simulate'],
  ): Promise<Prepared> {
    const { NodeRuns } = await import('./node-runs.ts')
    const folder = join(resolve(this.#RED.settings.userDir ?? '.', 'cxone/bulk'), folderName(this.#node.id))
    const runs = new NodeRuns(task, { node: this.#node, folder, isPaused: () => this.#isPaused })
    void this.#started.then(() => runs.resume())
    return { handle: (msg, context) => runs.handle(msg, context, handler), simulate }
  }
}

// Ids in flow files are any text.
const folderName = (id: string): string =>
  /^[\w-]{1,64}$/.test(id) ? id : createHash('sha256').update(id).digest('hex').slice(0, 32)
