import { AsyncLocalStorage } from 'node:async_hooks'
import type { Stay } from './stations.ts'

// One for the process: the work that a node started in an earlier case is told apart by its station.
const places = new AsyncLocalStorage<Stay | undefined>()

/** Instead of a place that was left: there is nothing to go back to. */
const NO_WAY_BACK = Symbol('no way back')

/** The running node whose work this is, as the runtime knows it; undefined outside of nodes. */
export const nodeHere = (): string | undefined => stayHere()?.station.runningId

/** The stay whose work this is, by the asynchronous context. */
export const stayHere = (): Stay | undefined => places.getStore()

/** Runs what belongs to a stay. */
export const runIn = (stay: Stay, work: () => void): void => places.run(stay, work)

/** The way through nodes that call each other: where each goes back to. */
export class WayBack {
  readonly #outer: (Stay | undefined | typeof NO_WAY_BACK)[] = []

  /**
   * A node begins to work.
   *
   * @param isAlone it does so in a turn of its own, in which nothing follows: to go back would cost without any use.
   */
  push(isAlone: boolean): void {
    this.#outer.push(isAlone ? NO_WAY_BACK : stayHere())
  }

  /** What follows is the work of a stay. */
  enter(stay: Stay): void {
    places.enterWith(stay)
  }

  /** The node has returned. */
  pop(): void {
    const outer = this.#outer.pop()
    if (outer !== NO_WAY_BACK) places.enterWith(outer)
  }
}
