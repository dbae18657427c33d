import { HttpRefusal, refusal, type Route } from './http-types.ts'

/** A route that was found for a request. */
export interface RouteMatch {
  readonly route: Route
  readonly params: Readonly<Record<string, string>>
}

interface Compiled {
  readonly segments: readonly string[]
  readonly rest: boolean
  readonly byMethod: Map<string, Route>
}

/** Finds routes by method and path. Patterns are tried in the order of the table. */
export class Router {
  readonly #compiled: readonly Compiled[]

  constructor(routes: readonly Route[]) {
    const byPattern = new Map<string, Compiled>()
    for (const route of routes) {
      const compiled = byPattern.get(route.pattern) ?? compile(route.pattern)
      compiled.byMethod.set(route.method, route)
      byPattern.set(route.pattern, compiled)
    }
    this.#compiled = [...byPattern.values()]
  }

  /**
   * The route of a request. Throws a refusal: 400 for a path that cannot be decoded, 404 for an unknown one, 405
   * with `Allow` for a method that it does not have.
   */
  find(method: string, path: string): RouteMatch {
    const segments = path.split('/')
    for (const { segments: pattern, rest, byMethod } of this.#compiled) {
      if (!fits(pattern, rest, segments)) continue
      const route =
        byMethod.get(method) ?? (method === 'HEAD' ? byMethod.get('GET') : undefined) ?? byMethod.get('*')
      if (!route) throw methodNotAllowed(method, [...byMethod.keys()])
      return { route, params: readParams(pattern, rest, segments) }
    }
    throw refusal(404, 'no_route', `The sandbox has no ${path.slice(0, 200)}; see / for what it offers`)
  }
}

function compile(pattern: string): Compiled {
  const segments = pattern.split('/')
  const rest = segments.at(-1) === '*'
  return { segments: rest ? segments.slice(0, -1) : segments, rest, byMethod: new Map() }
}

function fits(pattern: readonly string[], rest: boolean, segments: readonly string[]): boolean {
  if (rest ? segments.length < pattern.length : segments.length !== pattern.length) return false
  return pattern.every((part, at) => part.startsWith('{') || part === segments[at])
}

function readParams(
  pattern: readonly string[],
  rest: boolean,
  segments: readonly string[],
): Readonly<Record<string, string>> {
  const params: Record<string, string> = {}
  for (const [at, part] of pattern.entries()) {
    if (part.startsWith('{')) params[part.slice(1, -1)] = decode(segments[at] ?? '')
  }
  if (rest) params['*'] = segments.slice(pattern.length).map(decode).join('/')
  return params
}

/** One segment; `.` and `..` are refused, because real gateways resolve them to another route. */
function decode(segment: string): string {
  if (segment === '.' || segment === '..')
    throw refusal(400, 'bad_path', 'The path holds a `.` or `..` segment')
  try {
    return decodeURIComponent(segment)
  } catch {
    throw refusal(400, 'bad_path', 'The path holds a wrong percent-encoding')
  }
}

function methodNotAllowed(method: string, allowed: readonly string[]): HttpRefusal {
  const { reply } = refusal(405, 'method_not_allowed', `Expected ${allowed.join(' or ')}, got ${method}`)
  return new HttpRefusal({ ...reply, headers: { allow: allowed.join(', ') } })
}
