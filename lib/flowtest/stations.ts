import type { RuntimeMessage } from './runtime-message.ts'
import type { Topology } from './topology.ts'
import type { Hop } from './trace.ts'

/** A node of the runtime, as far as it is looked at. */
export interface RuntimeNode {
  readonly id: string
  readonly type: string
  /** How many of its input handlers tell when they are done. */
  readonly _expectedDoneCount?: number
}

/** Sees each message as it enters and leaves nodes. */
export interface Observer {
  /** Whether it wants to know of the messages of this node. */
  watches(node: string): boolean
  received(node: string, message: object, atMs: number): void
  sent(node: string, output: number, message: object, atMs: number): void
}

/** A running node, as one case sees it. */
export interface Station {
  readonly runningId: string
  /** In the flow file. */
  readonly id: string
  readonly path: readonly string[]
  /** The codes that it can fail with. */
  readonly modes: readonly string[]
  /** Whether an expectation looks at its messages. */
  readonly isWatched: boolean
  /** The messages that it has not let go of. */
  readonly stays: Stay[]
  /** The newest that it was given, of a node that does not say when it is done: it may still work on them. */
  readonly given: Stay[]
  last: Stay | undefined
}

/** A message in a node. */
export interface Stay {
  readonly station: Station
  readonly hop: Hop
  readonly message: RuntimeMessage
  /** The message as it came, where its changes are kept. */
  readonly before: unknown
  /** `msg.error` when it came. */
  readonly error: unknown
  /** Whether the node will say when it is done. */
  readonly waits: boolean
}

/** The running nodes of a case: what does not change is looked up once. */
export class Stations {
  readonly #topology: Topology
  readonly #failureModes: ReadonlyMap<string, readonly string[]>
  readonly #observer: Observer
  readonly #stations = new Map<string, Station>()

  constructor(topology: Topology, failureModes: ReadonlyMap<string, readonly string[]>, observer: Observer) {
    this.#topology = topology
    this.#failureModes = failureModes
    this.#observer = observer
  }

  /** Ids in the flow file of the nodes that have not let go of a message. */
  get working(): readonly string[] {
    const working = [...this.#stations.values()].filter(({ stays }) => stays.some(({ waits }) => waits))
    return [...new Set(working.map(({ id }) => id))]
  }

  /** Undefined for nodes that do not count. */
  of(runningId: string): Station | undefined {
    const known = this.#stations.get(runningId)
    if (known) return known
    const running = this.#topology.running.get(runningId)
    if (!running) return undefined
    const { id, path } = running
    const type = this.#topology.stored.get(id)?.type ?? ''
    const station: Station = {
      runningId,
      id,
      path,
      modes: this.modesOf(type),
      isWatched: this.#observer.watches(id),
      stays: [],
      given: [],
      last: undefined,
    }
    this.#stations.set(runningId, station)
    return station
  }

  /** Whether it is one of this case. */
  has(station: Station): boolean {
    return this.#stations.get(station.runningId) === station
  }

  /** The codes that nodes of a type can fail with. */
  modesOf(type: string): readonly string[] {
    return this.#failureModes.get(type) ?? []
  }
}

/**
 * The stay that a node works on as it sends or fails with `out`, as far as the station can tell.
 *
 * @param here that of the asynchronous context. A node with a queue works all of it in the context of the first message:
 * there, the id tells more.
 */
export function likelyStay(station: Station, out: unknown, here: Stay | undefined): Stay | undefined {
  const { stays, given, last } = station
  if (here?.waits === true && stays.length < 2) return here
  const id = idOf(out)
  const isSame = ({ message }: Stay): boolean =>
    message === out || (id !== undefined && message._msgid === id)
  if (here && (id === undefined || isSame(here))) return here
  return stays.find(isSame) ?? given.findLast(isSame) ?? here ?? stays.at(-1) ?? last
}

// Of the first message where there are several.
function idOf(out: unknown): string | undefined {
  let first = out
  while (Array.isArray(first)) first = (first as readonly unknown[]).find((each) => each !== null)
  return (first as RuntimeMessage | undefined)?._msgid
}

const MAX_GIVEN = 32

/** Ends the stay of a message. */
export function takeStay({ stays, given }: Station, message: RuntimeMessage): Stay | undefined {
  const at = stays.findIndex((stay) => stay.message === message)
  if (at < 0) return undefined
  // Mostly there is one.
  const stay = at === stays.length - 1 ? stays.pop() : stays.splice(at, 1)[0]
  if (stay?.waits === false && given.push(stay) > MAX_GIVEN) given.shift()
  return stay
}
