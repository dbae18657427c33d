import { bulkFields } from '../../lib/config/bulk-fields.ts'
import { boolean, integer, nodeId, oneOf, parseFields, type Parsed } from '../../lib/config/fields.ts'
import { version } from '../../lib/config/version.ts'
import { optionalTyped, typed, type TypedKind } from '../../lib/config/typed.ts'
import { METHODS, PAGINATIONS } from '../../lib/cxone/request-choices.ts'
import { configError } from '../../lib/errors.ts'

const TEXT: readonly TypedKind[] = ['str', 'msg', 'flow', 'global', 'env', 'jsonata']
const OBJECT: readonly TypedKind[] = ['json', 'msg', 'flow', 'global', 'jsonata']

const checkPath = (path: string): string | undefined =>
  path.trim() === '' ? 'expected a path, like /api/v2/users/{id}' : undefined

/** The properties of `cxone-request`. */
export const fields = {
  version: version(),
  auth: nodeId(),
  method: oneOf(METHODS, 'GET'),
  path: typed('str:', TEXT, checkPath),
  params: typed('json:{}', OBJECT),
  query: typed('json:{}', OBJECT),
  headers: typed('json:{}', OBJECT),
  body: typed('msg:payload', ['msg', 'json', 'str', 'num', 'bool', 'flow', 'global', 'jsonata']),
  paginate: oneOf(PAGINATIONS, 'none'),
  timeoutMs: integer({ min: 1, max: 600_000, default: 10_000 }),
  connectTo: optionalTyped(['msg', 'json', 'flow', 'global', 'jsonata']),
  bulk: boolean(false),
  items: typed('msg:payload', OBJECT),
  ...bulkFields({ concurrency: 8, journal: false }),
  audit: nodeId(),
}

/** What a `cxone-request` node is set to. */
export type CxoneRequestConfig = Parsed<typeof fields>

/** Reads the stored properties. @throws `CONFIG_INVALID` with `details.field`. */
export function parseConfig(stored: object): CxoneRequestConfig {
  const config = parseFields(fields, stored)
  if (config.paginate !== 'none' && config.method !== 'GET')
    throw configError('paginate', 'Property `paginate`: only GET reads pages; choose none, or the method GET')
  return config
}
