import { showDefaults, showFor, typedInputs } from '../../editor/fields.ts'
import { shownValue } from '../../editor/open-form.ts'
import { valid, validSource, validTyped } from '../../editor/validators.ts'
import { fields, whyNoFile, whyNoInlineSchema } from './config.ts'

/** The source as the open form shows it; it is stored only on Done. */
const sourceOf = (node: EditorNode): unknown => shownValue(node, 'source') ?? node['source'] ?? 'inline'

/** The code editor of the open form; the text itself is in the hidden input, where Node-RED reads it. */
let codeEditor: ReturnType<typeof RED.editor.createEditor> | undefined

function openCodeEditor(): void {
  const input = $('#node-input-schema')
  const editor = RED.editor.createEditor({
    id: 'cxone-schema-validate-editor',
    mode: 'ace/mode/json',
    value: input.val(),
  })
  const update = (): void => {
    input.val(editor.getValue()).trigger('change')
    const reason = whyNoInlineSchema(editor.getValue())
    $('#cxone-schema-validate-problem')
      .text(reason ?? '')
      .toggle(reason !== undefined)
  }
  editor.getSession().on('change', update)
  update()
  codeEditor = editor
}

function closeCodeEditor(): void {
  codeEditor?.destroy()
  codeEditor = undefined
}

RED.nodes.registerType('schema-validate', {
  category: 'CXone',
  color: '#B7DDB0',
  icon: 'schema-validate.svg',
  inputs: 1,
  outputs: 2,
  outputLabels: ['valid', 'invalid'],
  paletteLabel: 'schema-validate',
  defaults: {
    name: { value: '' },
    version: { value: 1 },
    property: { value: 'payload', label: 'value', validate: validTyped('property', fields.property) },
    propertyType: { value: 'msg' },
    source: { value: 'inline', validate: validSource(fields.source, 'schema-validate.authMissing') },
    schema: {
      value: '{\n  "type": "object"\n}',
      label: 'schema',
      validate(value, options) {
        if (sourceOf(this) !== 'inline') return valid(fields.schema).call(this, value, options)
        return whyNoInlineSchema(value) ?? true
      },
    },
    schemaProperty: {
      value: 'schema',
      label: 'place of the schema',
      validate: validTyped('schemaProperty', fields.schemaProperty),
    },
    schemaPropertyType: { value: 'msg' },
    file: {
      value: '',
      label: 'file',
      validate(value, options) {
        if (sourceOf(this) !== 'file') return valid(fields.file).call(this, value, options)
        return whyNoFile(value) ?? true
      },
    },
    auth: { value: '', type: 'cxone-auth', required: false, label: 'CXone access' },
    actionId: {
      value: 'dataActionId',
      label: 'data action id',
      validate: validTyped('actionId', fields.actionId),
    },
    actionIdType: { value: 'msg' },
    part: { value: 'output', validate: valid(fields.part) },
    cacheTtlS: { value: 3600, label: 'keep for', validate: valid(fields.cacheTtlS) },
    coerce: { value: false, validate: valid(fields.coerce) },
    useDefaults: { value: false, validate: valid(fields.useDefaults) },
    strip: { value: false, validate: valid(fields.strip) },
    draft: { value: 'auto', validate: valid(fields.draft) },
    formats: { value: true, validate: valid(fields.formats) },
    maxErrors: { value: 100, label: 'most errors', validate: valid(fields.maxErrors) },
    audit: { value: '', type: 'audit-trail', required: false, label: 'audit trail' },
  },
  label() {
    return this.name || 'schema-validate'
  },
  labelStyle() {
    return this.name ? 'node_label_italic' : ''
  },
  oneditprepare() {
    showDefaults(this)
    const { property, schemaProperty, actionId } = fields
    typedInputs({ property, schemaProperty, actionId })
    openCodeEditor()
    showFor('source')
  },
  oneditsave() {
    closeCodeEditor()
  },
  oneditcancel() {
    closeCodeEditor()
  },
  oneditresize() {
    codeEditor?.resize()
  },
})
