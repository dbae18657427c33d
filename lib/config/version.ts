import { show } from '../errors.ts'
import type { Field } from './fields.ts'

/** Brings the stored properties of one version to the next. Must not change what it is given. */
export type Migration = (stored: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>

/** The property `version` of a node, with the way from each older version to the present one. */
export interface VersionField extends Field<number> {
  readonly migrations: readonly Migration[]
}

/**
 * The field of a node's `version`. The first entry of `migrations` leads from version 1 to 2, and so on; without
 * any, 1 is the present version. A flow file without a version is taken as version 1.
 */
export function version(migrations: readonly Migration[] = []): VersionField {
  const present = migrations.length + 1
  return {
    migrations,
    default: 1,
    check: (value) => {
      if (value === undefined || value === null || value === '') return undefined
      const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value
      if (typeof number !== 'number' || !Number.isInteger(number) || number < 1)
        return `expected an integer from 1 to ${present}, got ${show(value)}`
      if (number > present)
        return `the node was stored by a newer palette (version ${number}, this one knows ${present}): update the palette`
      return undefined
    },
    parse: (value) => Number(value || 1),
  }
}

/**
 * The stored properties as the present version has them. `stored` stays as it is. A version that is wrong is left
 * for the field's own check.
 */
export function migrate(
  field: VersionField,
  stored: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  if (field.check(stored['version']) !== undefined) return stored
  const steps = field.migrations.slice(field.parse(stored['version']) - 1)
  if (steps.length === 0) return stored
  const migrated = steps.reduce((values, step) => step(values), stored)
  return { ...migrated, version: field.migrations.length + 1 }
}

/** True for the field of a node's version. */
export const isVersion = (field: Field<unknown> | undefined): field is VersionField =>
  field !== undefined && 'migrations' in field
