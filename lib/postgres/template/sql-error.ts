import { PaletteError } from '../../errors.ts'

/**
 * SQL that is wrong before PostgreSQL sees it. `details.position` counts characters from 1, as PostgreSQL does; `line` and
 * `column` are of the same place.
 */
export function sqlError(sql: string, index: number, reason: string): PaletteError {
  const before = sql.slice(0, index)
  const line = before.split('\n').length
  const column = characters(before.slice(before.lastIndexOf('\n') + 1)) + 1
  const place = line === 1 ? `character ${column}` : `line ${line}, character ${column}`
  return new PaletteError('CONFIG_INVALID', `${PREFIX}${reason}, at ${place}`, {
    details: { field: 'sql', position: characters(before) + 1, line, column },
  })
}

/** How messages about the property begin. */
export const PREFIX = 'Property `sql`: '

// PostgreSQL counts code points, JavaScript UTF-16 units.
const characters = (text: string): number =>
  text.length - (text.match(/[\ud800-\udbff][\udc00-\udfff]/g)?.length ?? 0)
