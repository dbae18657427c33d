import type { Route } from './http-types.ts'

/** Placeholder */
export function pageRoutes(): Route[] {
  return []
}
