import { integer, oneOf, parseFields, type Parsed } from '../../lib/config/fields.ts'
import { version } from '../../lib/config/version.ts'

/** The properties of `action-out`. */
export const fields = {
  version: version(),
  maxResponseBytes: integer({ min: 512, max: 64 * 1024 * 1024, default: 32_768 }),
  onTooLarge: oneOf(['fail', 'truncate'], 'fail'),
  errorStatus: oneOf(['http', 'ok'], 'http'),
}

/** What an `action-out` node is set to. */
export type ActionOutConfig = Parsed<typeof fields>

/** Reads the stored properties. @throws `CONFIG_INVALID` with `details.field`. */
export const parseConfig = (stored: object): ActionOutConfig => parseFields(fields, stored)
