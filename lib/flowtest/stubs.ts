import { ERROR_TABLE, inputError, PaletteError, type ErrorCode } from '../errors.ts'
import { findNode } from './find-node.ts'
import type { Failure, Message, Stub, Suite } from './suite.ts'
import type { Topology } from './topology.ts'

/** What a stubbed node does with one message. */
export type StubAnswer =
  | { readonly kind: 'sends'; readonly outputs: readonly (Message | null)[]; readonly delayMs: number }
  | { readonly kind: 'fails'; readonly error: Error; readonly output?: number; readonly delayMs: number }

/** Codes that a node tells of at an output (from 0) instead of failing; see its help. */
const AT_OUTPUT: Readonly<Record<string, number>> = { WEBHOOK_DEAD: 1, WEBHOOK_REJECTED: 1 }

/**
 * The stubs of a case by the id of their node: those of the case, and those of the suite for nodes that the case does not stub.
 *
 * @throws `INPUT_INVALID` for an unknown node, or a code that is not in the node's own list.
 */
export function resolveStubs(
  suite: Suite,
  at: number,
  topology: Topology,
  failureModes: ReadonlyMap<string, readonly string[]>,
): ReadonlyMap<string, readonly StubAnswer[]> {
  const resolve = (stubs: readonly Stub[] | undefined, place: string): Map<string, StubAnswer[]> => {
    const byNode = new Map<string, StubAnswer[]>()
    stubs?.forEach((stub, index) => {
      const path = `${place}stubs[${index}]`
      const node = findNode(topology, stub.node, `${path}.node`)
      const answer = answerOf(stub, node.type, failureModes.get(node.type), path)
      byNode.set(node.id, [...(byNode.get(node.id) ?? []), answer])
    })
    return byNode
  }
  return new Map([...resolve(suite.stubs, ''), ...resolve(suite.cases[at]?.stubs, `cases[${at}].`)])
}

function answerOf(stub: Stub, type: string, codes: readonly string[] | undefined, path: string): StubAnswer {
  const { sends, fails, delayMs = 0 } = stub
  if (fails === undefined) {
    const outputs =
      sends === undefined ? [{}] : Array.isArray(sends) ? (sends as (Message | null)[]) : [sends as Message]
    return { kind: 'sends', outputs, delayMs }
  }
  const failure = typeof fails === 'string' ? { code: fails } : fails
  if (codes && codes.length > 0 && !(failure.code && codes.includes(failure.code))) {
    throw inputError(
      `${path}.fails`,
      `A ${type} node cannot fail with \`${failure.code ?? 'no code'}\`; its codes are ${codes.join(', ')}`,
    )
  }
  const output = failure.code === undefined ? undefined : AT_OUTPUT[failure.code]
  return { kind: 'fails', error: errorOf(failure), delayMs, ...(output === undefined ? {} : { output }) }
}

function errorOf({ code, message, details }: Failure): Error {
  const text = typeof message === 'string' ? message : undefined
  const facts = (details ?? {}) as Record<string, unknown>
  if (code !== undefined && Object.hasOwn(ERROR_TABLE, code)) {
    const known = code as ErrorCode
    return new PaletteError(known, text ?? ERROR_TABLE[known].summary, { details: facts })
  }
  const error = new Error(text ?? (code === undefined ? 'Stubbed failure' : `Stubbed failure ${code}`))
  return Object.assign(error, code === undefined ? {} : { code }, { details: facts })
}
