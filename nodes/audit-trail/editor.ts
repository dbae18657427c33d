import { showDefaults, showFor } from '../../editor/fields.ts'
import { valid } from '../../editor/validators.ts'
import { fields } from './config.ts'

RED.nodes.registerType('audit-trail', {
  category: 'config',
  defaults: {
    name: { value: '' },
    version: { value: 1 },
    sink: { value: 'file', label: 'sink', validate: valid(fields.sink) },
    path: { value: 'cxone/audit/audit.jsonl', label: 'path', validate: valid(fields.path) },
    format: { value: 'jsonl', label: 'format', validate: valid(fields.format) },
    chain: { value: true, label: 'chain', validate: valid(fields.chain) },
    durability: { value: 'fsync', label: 'durability', validate: valid(fields.durability) },
    rotateBytes: { value: '67108864', label: 'rotateBytes', validate: valid(fields.rotateBytes) },
    rotateDaily: { value: false, label: 'rotateDaily', validate: valid(fields.rotateDaily) },
    retainDays: { value: '0', label: 'retainDays', validate: valid(fields.retainDays) },
    redact: { value: [], label: 'redact', validate: valid(fields.redact) },
    onFailure: { value: 'fail', label: 'onFailure', validate: valid(fields.onFailure) },
  },
  icon: 'audit-trail.svg',
  label() {
    return this.name || 'audit-trail'
  },
  labelStyle() {
    return this.name ? 'node_label_italic' : ''
  },
  oneditprepare() {
    showDefaults(this, 'config-input')
    showFor('sink', 'config-input')
    $('#cxone-audit-trail-redact').val((this['redact'] as string[] | undefined)?.join('\n') ?? '')
  },
  oneditsave() {
    const lines = $('#cxone-audit-trail-redact').val().split('\n')
    this['redact'] = lines.map((line) => line.trim()).filter((line) => line !== '')
  },
})
