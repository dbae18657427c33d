/** A JSON Schema, as far as the catalogue writes it. */
export type JsonSchema = Readonly<Record<string, unknown>>

/** One data action of the sandbox: how CXone defines it, and what it answers. */
export interface SandboxAction {
  readonly id: string
  readonly name: string
  readonly description: string
  readonly endpointUrl: string
  readonly method: 'GET' | 'POST'
  readonly inputSchema: JsonSchema
  readonly outputSchema: JsonSchema
  readonly version: number
  readonly updatedAt: string
  /** The outputs for inputs that match `inputSchema`. The same inputs give the same outputs. */
  readonly run: (inputs: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>
}

/** A JSON Schema of an object. Properties that `optional` does not list are required; others are refused. */
export function objectSchema(
  properties: Readonly<Record<string, JsonSchema>>,
  optional: readonly string[] = [],
): JsonSchema {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    properties,
    required: Object.keys(properties).filter((name) => !optional.includes(name)),
    additionalProperties: false,
  }
}

/** A number from 0 to 2^32-1 that depends on the text alone (FNV-1a). */
export function hash32(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  }
  // The low bits of FNV-1a are poor for short texts: mix them once.
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d)
  return (hash ^ (hash >>> 13)) >>> 0
}

/** The item of a list that a text stands for. */
export function pick<const T>(items: readonly [T, ...T[]], text: string): T {
  return items[hash32(text) % items.length] ?? items[0]
}
