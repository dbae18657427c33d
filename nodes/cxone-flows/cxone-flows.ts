import { processMetrics } from '../../lib/metrics/metrics.ts'
import { adminRoute } from '../adapter/admin-route.ts'
import type { NodeAPI } from '../adapter/types.ts'
import { LiveTraces } from './live-traces.ts'
import { traceRoutes } from './trace-routes.ts'

/** The palette's plugin: shared labels of the editor, the metrics of all nodes as Prometheus text, and traces of live flows. */
export default function register(RED: NodeAPI): void {
  adminRoute(RED, 'get', '/cxone/metrics', 'cxone.read', () => processMetrics.text())
  const traces = new LiveTraces(RED)
  traceRoutes(RED, traces)
  void traces.open()
}
