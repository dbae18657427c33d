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
  readonly #watches: (id: string) => boolean
  readonly #stations = new Map<string, Station>()

  constructor(
    topology: Topology,
    failureModes: ReadonlyMap<string, readonly string[]>,
    watches: (id: string) => boolean,
  ) {
    this.#topology = topology
    this.#failureModes = failureModes
    this.#watches = watches
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
      isWatched: this.#watches(id),
      stays: [],
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

/** The stay that a node works on as it sends or fails with `out`, as far as the station can tell. */
export function likelyStay({ stays, last }: Station, out: unknown): Stay | undefined {
  const id = (out as RuntimeMessage | undefined)?._msgid
  const same = stays.find(({ message }) => message === out || (id !== undefined && message._msgid === id))
  return same ?? stays.at(-1) ?? last
}

/** Ends the stay of a message. */
export function takeStay({ stays }: Station, message: RuntimeMessage): Stay | undefined {
  const at = stays.findIndex((stay) => stay.message === message)
  return at < 0 ? undefined : stays.splice(at, 1)[0]
}
