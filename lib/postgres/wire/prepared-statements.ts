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
  readonly #stale: string[] = []

  /** The statement of this name; it is prepared (again) where it is not yet, or was another one. */
  use(name: string, text: string, types: readonly number[], writer: MessageWriter): Prepared {
    const known = this.#known.get(name)
    if (known?.text === text && isEqual(known.types, types)) return known
    if (known) this.drop(name)
    if (this.#known.size >= MOST) this.drop(this.#known.keys().next().value ?? '')
    for (const stale of this.#stale.splice(0)) writer.closeStatement(stale)
    const fresh: Prepared = { text, types, isParsed: false, plan: undefined }
    this.#known.set(name, fresh)
    writer.parse(name, text, types)
    return fresh
  }

  /** Closes a statement, with the next message that prepares one. */
  drop(name: string): void {
    if (this.#known.delete(name)) this.#stale.push(name)
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
