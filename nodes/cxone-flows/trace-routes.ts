import { inputError } from '../../lib/errors.ts'
import { adminRoute } from '../adapter/admin-route.ts'
import type { NodeAPI } from '../adapter/types.ts'
import type { LiveTraces } from './live-traces.ts'

/** The routes of the panel. */
export function traceRoutes(RED: NodeAPI, traces: LiveTraces): void {
  // Those who ask again with the version that they have are told `{version}` alone while nothing has changed.
  adminRoute(RED, 'get', '/cxone/traces', 'cxone.read', ({ query }) => {
    const report = traces.report()
    return Promise.resolve(report.version === query['version'] ? { version: report.version } : report)
  })
  adminRoute(RED, 'get', '/cxone/traces/:id', 'cxone.read', ({ params }) => {
    const found = traces.find(String(params['id']))
    if (found) return Promise.resolve(found)
    return Promise.reject(inputError('id', 'This trace is not kept any more: newer ones took its place'))
  })
  adminRoute(RED, 'post', '/cxone/traces/start', 'cxone.write', async ({ body }) => {
    await traces.start(body)
    return traces.report()
  })
  adminRoute(RED, 'post', '/cxone/traces/stop', 'cxone.write', () => {
    traces.stop()
    return Promise.resolve(traces.report())
  })
  adminRoute(RED, 'post', '/cxone/traces/clear', 'cxone.write', () => {
    traces.clear()
    return Promise.resolve(traces.report())
  })
}
