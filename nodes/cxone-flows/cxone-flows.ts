import { processMetrics } from '../../lib/metrics/metrics.ts'
import { adminRoute } from '../adapter/admin-route.ts'
import type { NodeAPI } from '../adapter/types.ts'

/** The palette's plugin: shared labels of the editor, and the metrics of all nodes as Prometheus text. */
export default function register(RED: NodeAPI): void {
  adminRoute(RED, 'get', '/cxone/metrics', 'cxone.read', () => processMetrics.text())
}
