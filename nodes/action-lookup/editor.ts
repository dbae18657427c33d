import { showDefaults, typedInputs } from '../../editor/fields.ts'
import { valid, validTyped } from '../../editor/validators.ts'
import { fields } from './config.ts'

RED.nodes.registerType('action-lookup', {
  category: 'CXone',
  color: '#8ECAE6',
  icon: 'action-lookup.svg',
  inputs: 1,
  outputs: 1,
  paletteLabel: 'action-lookup',
  defaults: {
    name: { value: '' },
    version: { value: 1 },
    auth: { value: '', type: 'cxone-auth', required: true, label: 'CXone access' },
    actionId: {
      value: 'dataActionId',
      label: 'data action id',
      validate: validTyped('actionId', fields.actionId),
    },
    actionIdType: { value: 'msg' },
    cacheTtlS: { value: 3600, label: 'keep for', validate: valid(fields.cacheTtlS) },
    refresh: { value: 'refresh', label: 'ask again', validate: validTyped('refresh', fields.refresh) },
    refreshType: { value: 'msg' },
    audit: { value: '', type: 'audit-trail', required: false, label: 'audit trail' },
  },
  label() {
    return this.name || 'action-lookup'
  },
  labelStyle() {
    return this.name ? 'node_label_italic' : ''
  },
  oneditprepare() {
    showDefaults(this)
    typedInputs({ actionId: fields.actionId, refresh: fields.refresh })
  },
})
