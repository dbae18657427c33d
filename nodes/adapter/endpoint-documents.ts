import { HEALTH_PATH, OPENAPI_PATH } from '../../lib/endpoint/path.ts'
import type { EndpointDescription } from '../../lib/endpoint/openapi.ts'
import { processHealth } from '../../lib/health/health.ts'
import { httpRoutesOf, type HttpRoutes, type Route } from './http-routes.ts'
import type { NodeAPI } from './types.ts'

/** What is served about the endpoints of a runtime, while there is one. */
class EndpointDocuments {
  readonly #routes: HttpRoutes
  readonly #endpoints = new Set<EndpointDescription>()
  #frees: readonly (() => void)[] = []

  constructor(routes: HttpRoutes) {
    this.#routes = routes
  }

  add(endpoint: EndpointDescription): () => void {
    if (this.#endpoints.size === 0)
      this.#frees = [this.#add(OPENAPI_PATH, this.#describe), this.#add(HEALTH_PATH, health)]
    this.#endpoints.add(endpoint)
    return () => {
      this.#endpoints.delete(endpoint)
      if (this.#endpoints.size === 0) for (const free of this.#frees) free()
    }
  }

  #add(path: string, serve: AsyncServe): () => void {
    const owner = 'this palette'
    return this.#routes.add(path, { owner, serve: (...call) => void serve(...call) })
  }

  readonly #describe: AsyncServe = async (request, response, root) => {
    const { openApiOf } = await import('../../lib/endpoint/openapi.ts')
    const { sendDocument } = await import('../../lib/endpoint/document.ts')
    sendDocument(request, response, 200, openApiOf([...this.#endpoints], root === '' ? '/' : root))
  }
}

type AsyncServe = (...call: Parameters<Route['serve']>) => Promise<void>

const health: AsyncServe = async (request, response) => {
  const { sendHealth } = await import('../../lib/endpoint/document.ts')
  sendHealth(request, response, await processHealth.report())
}

const known = new WeakMap<HttpRoutes, EndpointDocuments>()

/** Puts an endpoint into what is served about them. @returns takes it out again. */
export function documentEndpoint(RED: NodeAPI, endpoint: EndpointDescription): () => void {
  const routes = httpRoutesOf(RED)
  const documents = known.get(routes) ?? new EndpointDocuments(routes)
  known.set(routes, documents)
  return documents.add(endpoint)
}
