import { PaletteError } from '../../errors.ts'
import type { JsonSchema } from '../../schema/json-schema.ts'
import type { Verdict } from '../../schema/validator.ts'
import type { ResultSet, Row } from '../driver.ts'

/** What a result may be. */
export interface Limits {
  /** Rows that a result may have. */
  readonly maxRows: number
  /** Rows that a change may reach; 0 = any. */
  readonly maxAffected: number
  /** JSON Schema of a row. */
  readonly resultSchema: JsonSchema | undefined
}

/** Checks rows against a schema. `first` is the index of the first of them. @throws `PG_RESULT_INVALID` */
export type CheckRows = (rows: readonly Row[], first?: number) => void

/** @throws `PG_TOO_MANY_ROWS` */
export function checkCount(result: ResultSet, { maxRows, maxAffected }: Limits, isChange: boolean): void {
  if (result.isCut) {
    const message = `The statement gives more than \`maxRows\` ${maxRows} rows; narrow it, raise the limit, or stream`
    throw new PaletteError('PG_TOO_MANY_ROWS', message, { details: { sqlstate: LIMIT, maxRows } })
  }
  if (!isChange || maxAffected === 0 || result.rowCount <= maxAffected) return
  throw new PaletteError(
    'PG_TOO_MANY_ROWS',
    `The statement would change ${result.rowCount} rows, more than \`maxAffected\` ${maxAffected}; it was rolled back`,
    { details: { sqlstate: LIMIT, maxAffected, affected: result.rowCount } },
  )
}

/** program_limit_exceeded, data_exception: the states that PostgreSQL has for such faults. */
const LIMIT = '54000'
const DATA = '22000'

/**
 * Compiles the schema of a row. Without one, all rows are right.
 *
 * @throws `SCHEMA_INVALID`
 */
export async function createRowCheck(schema: JsonSchema | undefined): Promise<CheckRows> {
  if (schema === undefined) return () => undefined
  const { CHECK_ONLY, compileSchema } = await import('../../schema/compile.ts')
  const validator = await compileSchema('resultSchema', schema, CHECK_ONLY)
  return (rows, first = 0) => {
    for (const [index, row] of rows.entries()) {
      const verdict = validator.validate(row, 'row')
      if (!verdict.valid) throw wrongRow(first + index, verdict)
    }
  }
}

// Neither the message nor the details hold anything of the row.
function wrongRow(row: number, { errors }: Extract<Verdict, { valid: false }>): PaletteError {
  const [first] = errors
  const place = first === undefined || first.path === '' ? '' : ` at \`${first.path}\``
  const rule = first === undefined ? '' : `: \`${first.keyword}\``
  return new PaletteError('PG_RESULT_INVALID', `Row ${row} does not match \`resultSchema\`${place}${rule}`, {
    details: {
      sqlstate: DATA,
      row,
      errors: errors.map(({ path, keyword, expected, schemaPath, property }) => ({
        path,
        keyword,
        expected,
        schemaPath,
        ...(property === undefined ? {} : { property }),
      })),
    },
  })
}
