import { integer, nodeId, parseFields, type Parsed } from '../../lib/config/fields.ts'
import { version } from '../../lib/config/version.ts'
import { typed } from '../../lib/config/typed.ts'
import { checkActionId } from '../../lib/cxone/action-id.ts'

/** The properties of `action-lookup`. */
export const fields = {
  version: version(),
  auth: nodeId(),
  actionId: typed('msg:dataActionId', ['msg', 'str', 'flow', 'global', 'env', 'jsonata'], checkActionId),
  cacheTtlS: integer({ min: 0, max: 31_536_000, default: 3600 }),
  refresh: typed('msg:refresh', ['msg', 'bool', 'flow', 'global', 'env', 'jsonata']),
  audit: nodeId(),
}

/** Reads the stored properties. @throws `CONFIG_INVALID` with `details.field`. */
export const parseConfig = (stored: object): Parsed<typeof fields> => parseFields(fields, stored)
