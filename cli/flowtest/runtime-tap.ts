import type { RuntimeNode } from '../../lib/flowtest/stations.ts'
import type { RuntimeMessage } from '../../lib/flowtest/runtime-message.ts'

/** The deployment that a node belongs to. */
const DEPLOYMENT = Symbol('deployment')

/** A node of the running flow. */
export interface LiveNode extends RuntimeNode {
  readonly _inputCallback?: unknown
  readonly _inputCallbacks?: unknown
  [DEPLOYMENT]?: number
  receive(message: object): void
  send(out: unknown): void
  _complete(message: object, error?: Error): void
}

/** What all nodes inherit. */
export interface NodePrototype {
  updateWires: (this: LiveNode, wires: unknown) => void
  error: (this: LiveNode, error: unknown, message?: unknown) => void
  _emitInput: (this: LiveNode, message: RuntimeMessage) => void
  _complete: (this: LiveNode, message: RuntimeMessage, error?: unknown) => void
}

interface SendEvent {
  readonly msg: RuntimeMessage
  readonly source: { readonly port: number }
}

/** The part of Node-RED's hooks that is used here. */
export interface Hooks {
  add(name: string, handler: (event: never) => unknown): void
}

/** What sees the messages of the present deployment. */
export interface Tap {
  /** An HTTP request has come; `serve` hands it to the flow. */
  requested(method: string, url: string, serve: () => void): void
  /** False: the node's own handler is not to run. */
  received(node: LiveNode, message: RuntimeMessage): boolean
  handled(node: LiveNode, message: RuntimeMessage): void
  sending(node: LiveNode, out: unknown, send: () => void): void
  delivered(message: object, output: number): void
  completed(node: LiveNode, message: RuntimeMessage): void
  failing(node: LiveNode, error: unknown, message: unknown, report: () => void): void
}

/**
 * Lets a tap see what the nodes do. Mostly by the methods that all nodes inherit: hooks see neither what is sent where no wire
 * is, nor errors of nodes that never say when they are done, and four of them cost a hop twice as much.
 */
export class RuntimeTap {
  #tap: Tap | undefined
  #deployment = 0

  constructor(prototype: NodePrototype, hooks: Hooks) {
    this.#wrapWork(prototype)
    this.#wrapSending(prototype)
    // After the runtime has cloned the message, where it does.
    hooks.add('preDeliver.flowtest', ({ msg, source }: SendEvent) => {
      this.#tap?.delivered(msg, source.port)
    })
  }

  get present(): Tap | undefined {
    return this.#tap
  }

  /** Nodes that are made from now on are seen by this tap. */
  open(tap: Tap): void {
    this.#tap = tap
    this.#deployment += 1
  }

  /** Late doings of the nodes are not seen any more. */
  close(): void {
    this.#tap = undefined
  }

  // A node of an earlier deployment may still do something; that belongs to no case.
  #tapOf(node: LiveNode): Tap | undefined {
    return node[DEPLOYMENT] === this.#deployment ? this.#tap : undefined
  }

  #wrapWork(prototype: NodePrototype): void {
    const { _emitInput: emitInput, _complete: complete } = prototype
    const tapOf = (node: LiveNode): Tap | undefined => this.#tapOf(node)
    prototype._emitInput = function (message) {
      const tap = tapOf(this)
      if (!tap) {
        emitInput.call(this, message)
        return
      }
      if (!tap.received(this, message)) return
      emitInput.call(this, message)
      tap.handled(this, message)
    }
    prototype._complete = function (message, error) {
      tapOf(this)?.completed(this, message)
      complete.call(this, message, error)
    }
  }

  #wrapSending(prototype: NodePrototype): void {
    const { updateWires, error: reportError } = prototype
    const deployment = (): number => this.#deployment
    const tapOf = (node: LiveNode): Tap | undefined => this.#tapOf(node)
    prototype.updateWires = function (wires) {
      updateWires.call(this, wires)
      if (this[DEPLOYMENT] === undefined) this[DEPLOYMENT] = deployment()
      const send = (this as { send: (out: unknown) => void }).send
      this.send = (out: unknown) => {
        const tap = tapOf(this)
        if (tap) tap.sending(this, out, () => send.call(this, out))
        else send.call(this, out)
      }
    }
    prototype.error = function (error, message) {
      const report = (): void => reportError.call(this, error, message)
      const tap = tapOf(this)
      if (tap) tap.failing(this, error, message, report)
      else report()
    }
  }
}
