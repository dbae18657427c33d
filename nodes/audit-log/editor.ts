import { showDefaults, typedInputs } from '../../editor/fields.ts'
import { validTyped } from '../../editor/validators.ts'
import { fields } from './config.ts'

RED.nodes.registerType('audit-log', {
  category: 'CXone',
  color: '#F2C894',
  defaults: {
    name: { value: '' },
    version: { value: 1 },
    // No rule of its own: with one, Node-RED would not look whether the trail is there, and valid.
    trail: { value: '', type: 'audit-trail', required: true, label: 'trail' },
    eventType: {
      value: 'FLOW_EVENT',
      label: 'eventType',
      validate: validTyped('eventType', fields.eventType),
    },
    eventTypeType: { value: 'str' },
    status: { value: 'SUCCESS', label: 'status', validate: validTyped('status', fields.status) },
    statusType: { value: 'str' },
    subject: { value: 'dataActionId', label: 'subject', validate: validTyped('subject', fields.subject) },
    subjectType: { value: 'msg' },
    details: { value: 'cxone', label: 'details', validate: validTyped('details', fields.details) },
    detailsType: { value: 'msg' },
  },
  inputs: 1,
  outputs: 1,
  icon: 'audit-log.svg',
  paletteLabel: 'audit-log',
  label() {
    return this.name || 'audit-log'
  },
  labelStyle() {
    return this.name ? 'node_label_italic' : ''
  },
  oneditprepare() {
    showDefaults(this)
    const { eventType, status, subject, details } = fields
    typedInputs({ eventType, status, subject, details })
  },
})
