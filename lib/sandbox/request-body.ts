import { refusal, type SandboxRequest } from './http-types.ts'

/** The JSON body, whatever the content type says. Refuses with 400 what is no JSON. */
export function readJson({ body }: SandboxRequest): unknown {
  try {
    return JSON.parse(body.toString('utf8')) as unknown
  } catch (error) {
    const why = body.length === 0 ? 'the body is empty' : (error as Error).message
    throw refusal(400, 'invalid_json', `Expected a JSON body: ${why}`)
  }
}

/** The JSON body, which must be an object. */
export function readJsonObject(request: SandboxRequest): Readonly<Record<string, unknown>> {
  const value = readJson(request)
  if (isObject(value)) return value
  throw refusal(400, 'invalid_request', 'Expected a JSON object as body')
}

/** A JSON object: no array, not null. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
