import type { MessageWriter } from './message-writer.ts'
import type { RowPlan } from './row-plan.ts'

/** A statement that is prepared on a connection, or is about to be. */
export interface Prepared {
  readonly text: string
  readonly types: readonly number[]
  isParsed: boolean
  /** How its rows are read; null where it returns none, undefined as long as it is not known. */
  plan: RowPlan | null | undefined
}

/** More statements are not kept on one connection: the oldest goes. */
const MOST = 256

/** The named statements of one connection. */
export class PreparedStatements {
  readonly #known = new Map<string, Prepared>()
  readonly #stale = new Set<string>()

  /** The statement of this name; it is prepared (again) where it is not yet, or was another one. */
  use(name: string, text: string, types: readonly number[], writer: MessageWriter): Prepared {
    const known = this.#known.get(name)
    if (known?.text === text && isEqual(known.types, types)) return known
    if (known || this.#stale.delete(name)) writer.closeStatement(name)
    if (!known && this.#known.size >= MOST) this.drop(this.#known.keys().next().value ?? '')
    const fresh: Prepared = { text, types, isParsed: false, plan: undefined }
    this.#known.set(name, fresh)
    writer.parse(name, text, types)
    return fresh
  }

  /** Closes those that were dropped: before all else, where no failure of a step makes the server skip it. */
  closeStale(writer: MessageWriter): void {
    for (const stale of this.#stale) writer.closeStatement(stale)
    this.#stale.clear()
  }

  /** Closes a statement, with the next steps that are sent. */
  drop(name: string): void {
    if (this.#known.delete(name)) this.#stale.add(name)
  }

  /** Forgets a statement that the server does not know. */
  forget(name: string, prepared: Prepared): void {
    if (this.#known.get(name) === prepared) this.#known.delete(name)
  }

  /** Closes all. */
  clear(): void {
    for (const name of [...this.#known.keys()]) this.drop(name)
  }
}

function isEqual(one: readonly number[], two: readonly number[]): boolean {
  return one === two || (one.length === two.length && one.every((type, index) => type === two[index]))
}
