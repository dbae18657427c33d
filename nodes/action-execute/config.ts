import { bulkFields } from '../../lib/config/bulk-fields.ts'
import { integer, nodeId, parseFields, type Parsed } from '../../lib/config/fields.ts'
import { version } from '../../lib/config/version.ts'
import { optionalTyped, typed } from '../../lib/config/typed.ts'
import { checkActionId } from '../../lib/cxone/action-id.ts'
import { withInputs } from './stored-inputs.ts'

/** The properties of `action-execute`. */
export const fields = {
  version: version(),
  auth: nodeId(),
  actionId: typed('msg:dataActionId', ['msg', 'str', 'flow', 'global', 'env', 'jsonata'], checkActionId),
  inputs: typed('msg:payload', ['msg', 'json', 'flow', 'global', 'jsonata']),
  timeoutMs: integer({ min: 1, max: 600_000, default: 10_000 }),
  connectTo: optionalTyped(['msg', 'json', 'flow', 'global', 'jsonata']),
  ...bulkFields({ concurrency: 8, journal: false }),
  audit: nodeId(),
}

/** Reads the stored properties. @throws `CONFIG_INVALID` with `details.field`. */
export const parseConfig = (stored: object): Parsed<typeof fields> => parseFields(fields, withInputs(stored))
