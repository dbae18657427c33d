import { configError, inputError } from '../../lib/errors.ts'
import type { Typed } from '../../lib/config/typed.ts'
import type { Message, Node, NodeAPI } from './types.ts'

/** Reads one TypedInput for a message. */
type Reader = (msg: Message) => unknown

/** The values of a set of TypedInputs for one message. */
export type TypedReader<K extends string> = (msg: Message) => Promise<Record<K, unknown>>

/**
 * Prepares the reading of TypedInput properties: expressions are compiled here, once.
 *
 * @throws `CONFIG_INVALID` naming the property whose path or expression is wrong.
 */
export function typedReader<K extends string>(
  RED: NodeAPI,
  node: Node,
  inputs: Readonly<Record<K, Typed>>,
): TypedReader<K> {
  const names = Object.keys(inputs) as K[]
  const readers = names.map((name) => [name, reader(RED, node, name, inputs[name])] as const)
  return async (msg) => {
    const values: Record<string, unknown> = {}
    for (const [name, read] of readers) {
      const value = read(msg)
      values[name] = value instanceof Promise ? await value : value
    }
    return values
  }
}

/**
 * Where a TypedInput points to, as an error names it: `msg.payload`, or the property's own name for other kinds.
 */
export const placeOf = (typed: Typed, name: string): string =>
  typed.type === 'msg' ? `msg.${typed.value}` : name

/** {@link placeOf} for a set of TypedInputs. */
export const placesOf = <K extends string>(inputs: Readonly<Record<K, Typed>>): Record<K, string> =>
  Object.fromEntries(
    (Object.keys(inputs) as K[]).map((name) => [name, placeOf(inputs[name], name)]),
  ) as Record<K, string>

/** A value of a message, and what errors call it. */
interface Given {
  readonly value: unknown
  readonly place: string
}

/** {@link typedReader} for values whose errors name their place. */
export function givenReader<K extends string>(
  RED: NodeAPI,
  node: Node,
  inputs: Readonly<Record<K, Typed>>,
): (msg: Message) => Promise<Record<K, Given>> {
  const read = typedReader(RED, node, inputs)
  const places = Object.entries<string>(placesOf(inputs))
  return async (msg) => {
    const values: Readonly<Record<string, unknown>> = await read(msg)
    const given = places.map(([name, place]) => [name, { value: values[name], place }])
    return Object.fromEntries(given) as Record<K, Given>
  }
}

/** Prepares the writing of a result to the place a TypedInput names (`msg`, `flow` or `global`). */
export function typedWriter(
  RED: NodeAPI,
  node: Node,
  name: string,
  target: Typed,
): (msg: Message, value: unknown) => Promise<void> {
  checkPath(RED, name, target.value)
  if (target.type === 'msg') {
    return async (msg, value) => {
      // @types/node-red knows no answer; it is false where the path runs through something that is no object.
      const written: unknown = RED.util.setMessageProperty(msg, target.value, value, true)
      if (written === false)
        throw inputError(
          `msg.${target.value}`,
          `Property \`${name}\`: \`msg.${target.value}\` cannot be set there`,
        )
      await Promise.resolve()
    }
  }
  const { key, store } = RED.util.parseContextStore(target.value)
  const context = node.context()[target.type === 'flow' ? 'flow' : 'global']
  return (_msg, value) =>
    new Promise((resolve, reject) => {
      context.set(key, value, store, (error?: Error) => (error ? reject(error) : resolve()))
    })
}

function reader(RED: NodeAPI, node: Node, name: string, { type, value }: Typed): Reader {
  switch (type) {
    case 'str':
      return () => value
    case 'num':
      return () => Number(value)
    case 'bool':
      return () => value === 'true'
    case 'json':
      return () => JSON.parse(value) as unknown // a fresh copy each time: flows change what they get
    case 'msg':
      checkPath(RED, name, value)
      return (msg) => messageProperty(RED, msg, value)
    case 'jsonata':
      return jsonata(RED, node, name, value)
    case 'off':
      return () => undefined
    case 'env':
      return () => RED.util.evaluateNodeProperty(value, 'env', node, {}) as unknown
    default:
      return (msg) => contextProperty(RED, node, type, value, msg)
  }
}

function checkPath(RED: NodeAPI, name: string, path: string): void {
  try {
    RED.util.normalisePropertyExpression(path)
  } catch (error) {
    throw configError(
      name,
      `Property \`${name}\`: \`${path}\` is no property path: ${(error as Error).message}`,
      error,
    )
  }
}

// A path through something that is missing gives undefined, as everywhere in Node-RED.
function messageProperty(RED: NodeAPI, msg: Message, path: string): unknown {
  try {
    return RED.util.getMessageProperty(msg, path) as unknown
  } catch {
    return undefined
  }
}

function contextProperty(
  RED: NodeAPI,
  node: Node,
  type: string,
  value: string,
  msg: Message,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    RED.util.evaluateNodeProperty(value, type, node, msg, (error: Error | null, result: unknown) => {
      if (error) reject(error)
      else resolve(result)
    })
  })
}

function jsonata(RED: NodeAPI, node: Node, name: string, source: string): Reader {
  const expression = compile(RED, node, name, source)
  return (msg) =>
    new Promise((resolve, reject) => {
      RED.util.evaluateJSONataExpression(expression, msg, (error: Error | null, result: unknown) => {
        if (error)
          reject(inputError(name, `Property \`${name}\`: the expression failed: ${error.message}`, error))
        else resolve(result)
      })
    })
}

function compile(
  RED: NodeAPI,
  node: Node,
  name: string,
  source: string,
): ReturnType<NodeAPI['util']['prepareJSONataExpression']> {
  try {
    return RED.util.prepareJSONataExpression(source, node)
  } catch (error) {
    throw configError(name, `Property \`${name}\`: wrong expression: ${(error as Error).message}`, error)
  }
}
