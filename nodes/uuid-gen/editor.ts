import { showDefaults, showFor, typedInputs } from '../../editor/fields.ts'
import { valid, validTyped } from '../../editor/validators.ts'
import { fields } from './config.ts'

const NAMESPACES = ['DNS', 'URL', 'OID', 'X500']

/** Text with the names that RFC 9562 knows as suggestions; any UUID is right as well. */
const namespaceText = {
  value: 'str',
  label: 'string',
  icon: 'red/images/typedInput/az.svg',
  autoComplete: (typed: string) =>
    NAMESPACES.filter((name) => name.startsWith(typed.toUpperCase())).map((name) => ({
      value: name,
      label: name,
    })),
}

const isNameBased = (node: EditorNode): boolean =>
  node['mode'] === 'generate' && ['3', '5'].includes(String(node['uuidVersion']))

RED.nodes.registerType('uuid-gen', {
  category: 'CXone',
  color: '#B7DDB0',
  icon: 'uuid-gen.svg',
  inputs: 1,
  outputs: 1,
  paletteLabel: 'uuid-gen',
  defaults: {
    name: { value: '', validate: validTyped('name', fields.name) },
    nameType: { value: 'str' },
    version: { value: 1 },
    mode: { value: 'generate', validate: valid(fields.mode) },
    uuidVersion: { value: '4', validate: valid(fields.uuidVersion) },
    namespace: {
      value: '',
      validate(value, options) {
        if (isNameBased(this) && value === '') return this._('uuid-gen.namespaceMissing')
        return validTyped('namespace', fields.namespace).call(this, value, options)
      },
    },
    namespaceType: { value: 'str' },
    count: { value: '1', validate: validTyped('count', fields.count) },
    countType: { value: 'num' },
    format: { value: 'canonical', validate: valid(fields.format) },
    output: { value: 'payload', validate: validTyped('output', fields.output) },
    outputType: { value: 'msg' },
    registry: { value: 'memory', validate: valid(fields.registry) },
    registryCapacity: { value: 1000000, validate: valid(fields.registryCapacity) },
    maxDuplicates: { value: 100, validate: valid(fields.maxDuplicates) },
    audit: { value: '', type: 'audit-trail', required: false },
  },
  label() {
    const isText = (this['nameType'] ?? 'str') === 'str'
    return (isText && this.name) || 'uuid-gen'
  },
  labelStyle() {
    return this.name && (this['nameType'] ?? 'str') === 'str' ? 'node_label_italic' : ''
  },
  oneditprepare() {
    showDefaults(this)
    const { name, namespace, count, output } = fields
    typedInputs({ name, namespace, count, output }, { namespace: namespaceText })
    for (const select of ['mode', 'uuidVersion', 'registry']) showFor(select)
  },
})
