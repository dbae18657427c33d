import { showDefaults } from '../../editor/fields.ts'
import { valid } from '../../editor/validators.ts'
import { fields } from './config.ts'

RED.nodes.registerType('action-out', {
  category: 'CXone',
  color: '#8ECAE6',
  icon: 'action-out.svg',
  inputs: 1,
  outputs: 0,
  paletteLabel: 'action-out',
  defaults: {
    name: { value: '' },
    version: { value: 1 },
    maxResponseBytes: { value: 32768, label: 'largest answer', validate: valid(fields.maxResponseBytes) },
    onTooLarge: { value: 'fail', label: 'when larger', validate: valid(fields.onTooLarge) },
    errorStatus: { value: 'http', label: 'failures', validate: valid(fields.errorStatus) },
  },
  label() {
    return this.name || 'action-out'
  },
  labelStyle() {
    return this.name ? 'node_label_italic' : ''
  },
  oneditprepare() {
    showDefaults(this)
  },
})
