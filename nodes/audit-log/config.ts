import { nodeId, parseFields, type Parsed } from '../../lib/config/fields.ts'
import { version } from '../../lib/config/version.ts'
import { typed, type TypedKind } from '../../lib/config/typed.ts'

const KINDS: readonly TypedKind[] = ['str', 'msg', 'flow', 'global', 'env', 'jsonata']

/** The properties of `audit-log`. */
export const fields = {
  version: version(),
  trail: nodeId(),
  eventType: typed('str:FLOW_EVENT', KINDS),
  status: typed('str:SUCCESS', KINDS),
  subject: typed('msg:dataActionId', KINDS),
  details: typed('msg:cxone', [...KINDS, 'json']),
}

/** The parsed properties. @throws `CONFIG_INVALID` with `details.field` */
export const parseConfig = (stored: object): Parsed<typeof fields> => parseFields(fields, stored)
