/** Where all endpoints of a runtime are described (OpenAPI). */
export const OPENAPI_PATH = '/cxone/openapi.json'
/** Where a runtime tells whether it is ready. */
export const HEALTH_PATH = '/cxone/health'

/** The path below which an endpoint is rehearsed. */
export const simulatePathOf = (path: string): string => `${path}/simulate`

const RESERVED: readonly string[] = [OPENAPI_PATH, HEALTH_PATH]

/** The reason why a text is no path of an endpoint; undefined where it is one. */
export function whyNoPath(path: string): string | undefined {
  if (/[:*(]/.test(path))
    return 'expected a fixed path: parameters in paths are not supported, send them as variables'
  if (!/^(?:\/[\w.~!$&'+,;=@-]+)+$/.test(path))
    return `expected a path like /webhook/data-action, of letters, digits and - . _ ~, got \`${path.slice(0, 80)}\``
  if (/\/\.{1,2}(?:\/|$)/.test(path)) return 'expected a path without `.` and `..`'
  return RESERVED.includes(path.toLowerCase()) ? `\`${path}\` is reserved` : undefined
}
