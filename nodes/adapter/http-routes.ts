import { configError } from '../../lib/errors.ts'
import type { IncomingRequest, OutgoingResponse } from '../../lib/endpoint/http.ts'
import type { NodeAPI } from './types.ts'

/** What serves a path. */
export interface Route {
  /** What errors and the documentation call it: a node's name, or its type and id. */
  readonly owner: string
  readonly serve: (request: IncomingRequest, response: OutgoingResponse, root: string) => void
}

type Next = (error?: unknown) => void
type Middleware = (request: IncomingRequest, response: OutgoingResponse, next: Next) => void

/** An Express request, and what body parsers look at before they read. */
interface RoutedRequest extends IncomingRequest {
  readonly path: string
  readonly baseUrl: string
}

interface Server {
  prependListener(event: 'request', listener: (request: IncomingRequest) => void): unknown
  off(event: 'request', listener: (request: IncomingRequest) => void): unknown
}

/**
 * The paths that the palette serves on Node-RED's HTTP nodes' app. One layer in the app looks them up in a map: paths come and go
 * with deployments, and layers of Express cannot be taken out.
 */
export class HttpRoutes {
  readonly #RED: NodeAPI
  readonly #routes = new Map<string, Route>()
  readonly #middleware: readonly Middleware[]
  readonly #root: string

  constructor(RED: NodeAPI) {
    this.#RED = RED
    const { httpNodeMiddleware, httpNodeRoot } = RED.settings as unknown as {
      httpNodeMiddleware?: Middleware | Middleware[]
      httpNodeRoot?: string
    }
    this.#middleware = httpNodeMiddleware === undefined ? [] : [httpNodeMiddleware].flat()
    this.#root = (httpNodeRoot ?? '/').replace(/\/+$/, '')
    ;(RED.httpNode as unknown as { use(layer: Middleware): void }).use((request, response, next) => {
      this.#dispatch(request as RoutedRequest, response, next)
    })
  }

  /** @returns takes the path out again. @throws `CONFIG_INVALID` for a path that is taken. */
  add(path: string, route: Route): () => void {
    const key = keyOf(path)
    const taken = this.#routes.get(key)
    if (taken)
      throw configError('path', `Property \`path\`: \`${path}\` is taken by ${taken.owner}: choose another`)
    if (this.#routes.size === 0) this.#server?.prependListener('request', this.#keepBody)
    this.#routes.set(key, route)
    return () => {
      if (this.#routes.get(key) !== route) return
      this.#routes.delete(key)
      if (this.#routes.size === 0) this.#server?.off('request', this.#keepBody)
    }
  }

  get #server(): Server | undefined {
    const { server } = this.#RED as unknown as { server?: Partial<Server> | null }
    return server?.prependListener ? (server as Server) : undefined
  }

  #find(path: string): Route | undefined {
    return this.#routes.get(path) ?? this.#routes.get(keyOf(path))
  }

  // Node-RED's admin app may stand before its HTTP nodes, and would parse bodies in its own way. It leaves alone those that are
  // marked as parsed (the convention of body-parser).
  readonly #keepBody = (request: IncomingRequest): void => {
    const { url = '' } = request
    const query = url.indexOf('?')
    const path = query < 0 ? url : url.slice(0, query)
    if (path.startsWith(this.#root) && this.#find(path.slice(this.#root.length)))
      Object.assign(request, { _body: true })
  }

  #dispatch(request: RoutedRequest, response: OutgoingResponse, next: Next): void {
    const route = this.#find(request.path)
    if (route) this.#pass(0, request, response, next, route)
    else next()
  }

  #pass(at: number, request: RoutedRequest, response: OutgoingResponse, next: Next, route: Route): void {
    const middleware = this.#middleware[at]
    if (!middleware) {
      route.serve(request, response, request.baseUrl)
      return
    }
    middleware(request, response, (error) => {
      if (error === undefined || error === null) this.#pass(at + 1, request, response, next, route)
      else next(error)
    })
  }
}

// As Express compares paths: in any case, with or without a slash at the end.
const keyOf = (path: string): string => path.replace(/(?<=.)\/$/, '').toLowerCase()

const known = new WeakMap<object, HttpRoutes>()

/** The routes of this runtime. */
export function httpRoutesOf(RED: NodeAPI): HttpRoutes {
  const app = RED.httpNode as unknown as object
  const routes = known.get(app) ?? new HttpRoutes(RED)
  known.set(app, routes)
  return routes
}
