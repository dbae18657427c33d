import type { Typed } from '../../lib/config/typed.ts'
import { variablesOf, type Variables } from '../../lib/postgres/coerce/bind.ts'
import type { ParamRule } from '../../lib/postgres/coerce/param-type.ts'
import { typedReader } from '../adapter/typed-input.ts'
import type { Message, Node, NodeAPI } from '../adapter/types.ts'
import type { Param } from './params.ts'

/** The values of a message for the parameters of a statement. */
export type ReadVariables = (msg: Message) => Variables | Promise<Variables>

/**
 * Prepares the reading of parameters: those with a place of their own from there, the others from the variables of the message.
 *
 * @throws `CONFIG_INVALID` for a wrong path or expression. A call throws `INPUT_INVALID`.
 */
export function variableReader(
  RED: NodeAPI,
  node: Node,
  rules: readonly (Param | ParamRule)[],
): ReadVariables {
  const placed = Object.fromEntries(rules.flatMap((rule): [string, Typed][] => placeOf(rule)))
  const names = rules.map(({ name }) => name)
  if (Object.keys(placed).length === 0) return ({ payload }) => variablesOf(payload)
  const read = typedReader(RED, node, placed)
  return async (msg) => {
    const own = await read(msg)
    // Where every parameter has its place, the payload may be anything.
    if (names.every((name) => name in placed)) return own
    return { ...byName(names, variablesOf(msg.payload)), ...own }
  }
}

function placeOf(rule: Param | ParamRule): [string, Typed][] {
  return 'value' in rule && rule.value ? [[rule.name, rule.value]] : []
}

function byName(names: readonly string[], given: Variables): Readonly<Record<string, unknown>> {
  if (!isList(given)) return given
  return Object.fromEntries(names.map((name, index) => [name, given[index]]))
}

const isList = (given: Variables): given is readonly unknown[] => Array.isArray(given)
