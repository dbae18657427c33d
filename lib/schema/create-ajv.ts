import type { Ajv, Options } from 'ajv'
import type { Ajv2019 } from 'ajv/dist/2019.js'
import type { Ajv2020 } from 'ajv/dist/2020.js'
import { META_SCHEMAS, type Draft } from './drafts.ts'

/** Ajv as it is made for any of the drafts. */
export type AnyAjv = Ajv | Ajv2019 | Ajv2020

/** Makes an Ajv instance for a draft. Loads Ajv on first use. */
export async function createAjv(draft: Draft, options: Options): Promise<AnyAjv> {
  switch (draft) {
    case '2020-12':
      return new (await import('ajv/dist/2020.js')).Ajv2020(options)
    case '2019-09':
      return new (await import('ajv/dist/2019.js')).Ajv2019(options)
    case 'draft-07':
      return new (await import('ajv')).Ajv(options)
    case 'draft-06': {
      const meta = await import('ajv/dist/refs/json-schema-draft-06.json', { with: { type: 'json' } })
      const uri = META_SCHEMAS[draft]
      const ajv = new (await import('ajv')).Ajv({ ...options, defaultMeta: uri })
      ajv.addMetaSchema(meta.default, uri)
      return ajv
    }
  }
}
