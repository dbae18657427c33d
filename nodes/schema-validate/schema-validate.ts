import type { CxoneAccess } from '../../lib/cxone/access.ts'
import type { SchemaCache } from '../../lib/schema/schema-cache.ts'
import type { SchemaSource } from '../../lib/schema/source.ts'
import { systemClock, systemFiles } from '../../lib/system.ts'
import { useConfig } from '../adapter/config-node.ts'
import { onInput, type Handler } from '../adapter/on-input.ts'
import { writeStep } from '../adapter/step.ts'
import { placeOf, typedReader, typedWriter } from '../adapter/typed-input.ts'
import type { Node, NodeAPI, NodeDef } from '../adapter/types.ts'
import { isChanging, parseConfig, type SchemaValidateConfig } from './config.ts'

/** `schema-validate`: does a value match a JSON Schema? */
export default function register(RED: NodeAPI): void {
  function SchemaValidate(this: Node, def: NodeDef) {
    RED.nodes.createNode(this, def)
    onInput(RED, this, def, () => prepare(RED, this, def))
  }
  RED.nodes.registerType('schema-validate', SchemaValidate)
}

async function prepare(RED: NodeAPI, node: Node, def: NodeDef): Promise<Handler> {
  const config = parseConfig(def)
  const { property } = config
  const reference = REFERENCES[config.source]
  const read = typedReader<string>(RED, node, {
    property,
    ...(reference && { [reference]: config[reference] }),
  })
  const write = isChanging(config) ? typedWriter(RED, node, 'property', property) : undefined
  const { SchemaCache } = await import('../../lib/schema/schema-cache.ts')
  const { createSchemaCheck, describeValidation, factsOf } = await import('../../lib/schema/check.ts')
  const check = createSchemaCheck(await openSource(RED, config, new SchemaCache(config)), systemClock)
  const place = placeOf(property, 'property')
  return async (msg, context) => {
    const { signal, correlationId } = context
    const { property: given, [reference ?? '']: found } = await read(msg)
    const call = { value: given, place, reference: found, signal, correlationId }
    const { validation, value } = await check(call)
    context.summary(...describeValidation(validation))
    context.audit(factsOf(validation))
    if (validation.valid) await write?.(msg, value)
    writeStep(msg, 'validation', validation)
    return validation.valid ? [msg, null] : [null, msg]
  }
}

/** The property that says where a message names its schema, or the data action that has it. */
const REFERENCES = {
  inline: undefined,
  file: undefined,
  msg: 'schemaProperty',
  dataAction: 'actionId',
} as const

async function openSource(
  RED: NodeAPI,
  { source, ...config }: SchemaValidateConfig,
  cache: SchemaCache,
): Promise<SchemaSource> {
  const sources = await import('../../lib/schema/source.ts')
  switch (source) {
    case 'inline':
      return sources.inlineSource(cache, config.schema)
    case 'msg':
      return sources.messageSource(cache, placeOf(config.schemaProperty, 'schemaProperty'))
    case 'file': {
      const { file } = config
      return sources.fileSource(cache, systemFiles, { file, folder: RED.settings.userDir ?? '.' })
    }
    case 'dataAction': {
      const { lookup } = await useConfig<CxoneAccess>(RED, config.auth, 'cxone-auth', 'auth')
      const place = placeOf(config.actionId, 'actionId')
      return sources.dataActionSource(cache, lookup, { ...config, place })
    }
  }
}
