import { inputError, show } from '../errors.ts'
import type { CxoneCall, CxoneClient } from './access.ts'
import { toJson } from './to-json.ts'

/** One output of a data action, as CXone answers it. */
export interface Output {
  readonly name: string
  readonly value: unknown
}

/** A data action that has run. */
export interface Execution {
  readonly id: string
  /** HTTP status of the answer. */
  readonly status: number
  readonly outputs: readonly Output[]
  /** The outputs by name; the last one counts where a name comes twice. */
  readonly values: Readonly<Record<string, unknown>>
  readonly attempts: number
  readonly latencyMs: number
  readonly elapsedMs: number
  /** The one of `connectTo` that answered. */
  readonly address?: string
}

/** What one execution is told. */
export interface ExecuteOptions extends Pick<
  CxoneCall,
  'timeoutMs' | 'correlationId' | 'signal' | 'onRetry' | 'pace' | 'connectTo'
> {
  /** Where the inputs stand, for errors. Default `inputs`. */
  readonly place?: string
  /** The `Idempotency-Key`. Default: a new one. */
  readonly key?: string
}

/** Runs a data action with inputs by name. */
export type ExecuteDataAction = (id: string, inputs: unknown, options: ExecuteOptions) => Promise<Execution>

/** What {@link createExecute} needs. */
export interface ExecutePorts {
  readonly client: CxoneClient
  /** Path template with `{id}`. */
  readonly path: string
  /** A new `Idempotency-Key`, the same for all attempts of one execution. */
  readonly newKey: () => string
}

/**
 * Makes the execution of data actions: POST `{"inputs": {...}}` with an `Idempotency-Key`, so that it may be repeated
 * after a time-out.
 *
 * It fails with `INPUT_INVALID` (inputs that are no object or no JSON), `CXONE_UNEXPECTED_RESPONSE` (the answer is no
 * array of `{name, value}`), and the codes of the client.
 */
export function createExecute({ client, path, newKey }: ExecutePorts): ExecuteDataAction {
  return async (id, inputs, options) => {
    const { place = 'inputs', key = newKey(), ...call } = options
    const answer = await client.call({
      ...call,
      method: 'POST',
      path,
      params: { id },
      bodyJson: `{"inputs":${inputsJson(inputs, place)}}`,
      idempotencyKey: key,
      check: whyNoOutputs,
    })
    const { status, attempts, latencyMs, elapsedMs, address } = answer
    const outputs = answer.json as readonly Output[]
    const done = { id, status, outputs, values: valuesOf(outputs), attempts, latencyMs, elapsedMs }
    return address === undefined ? done : { ...done, address }
  }
}

function inputsJson(inputs: unknown, place: string): string {
  if (typeof inputs !== 'object' || inputs === null || Array.isArray(inputs) || ArrayBuffer.isView(inputs))
    throw inputError(place, `Expected \`${place}\` to be an object of inputs by name, got ${show(inputs)}`)
  const json = toJson(inputs, place)
  // A toJSON of its own may turn an object into something else, as that of Date does.
  if (!json.startsWith('{'))
    throw inputError(place, `Expected \`${place}\` to be an object of inputs by name, got JSON ${show(json)}`)
  return json
}

function whyNoOutputs(json: unknown): string | undefined {
  if (!Array.isArray(json)) return 'expected an array of {name, value}'
  const wrong = json.findIndex((item: unknown) => !isOutput(item))
  return wrong === -1 ? undefined : `expected an array of {name, value}, but item ${wrong} is none`
}

const isOutput = (item: unknown): boolean =>
  typeof item === 'object' &&
  item !== null &&
  'name' in item &&
  typeof item.name === 'string' &&
  'value' in item

/** Outputs as an object by name. A name such as `__proto__` is a plain member like any other. */
export function valuesOf(outputs: readonly Output[]): Record<string, unknown> {
  const values: Record<string, unknown> = {}
  for (const { name, value } of outputs) {
    if (name === '__proto__')
      Object.defineProperty(values, name, { value, enumerable: true, configurable: true, writable: true })
    else values[name] = value
  }
  return values
}
