import { showDefaults, typedInput, typedInputs } from '../../editor/fields.ts'
import { valid, validTyped } from '../../editor/validators.ts'
import { fields } from './config.ts'
import { adoptInputs } from './stored-inputs.ts'

RED.nodes.registerType('action-execute', {
  category: 'CXone',
  color: '#8ECAE6',
  icon: 'action-execute.svg',
  inputs: 1,
  outputs: 1,
  paletteLabel: 'action-execute',
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
    // Node-RED's own: the number of input ports. What a flow file says there goes to `inputsValue`.
    inputs: { value: 1 },
    inputsValue: { value: 'payload', label: 'inputs', validate: validTyped('inputs', fields.inputs) },
    inputsType: { value: 'msg' },
    timeoutMs: { value: 10000, label: 'time-out', validate: valid(fields.timeoutMs) },
    connectTo: { value: '', label: 'connect to', validate: validTyped('connectTo', fields.connectTo) },
    connectToType: { value: 'off' },
    concurrency: { value: 8, label: 'at the same time', validate: valid(fields.concurrency) },
    stopOnError: { value: false, label: 'stop on error', validate: valid(fields.stopOnError) },
    progress: { value: 0, label: 'progress each', validate: valid(fields.progress) },
    journal: { value: false, label: 'resume', validate: valid(fields.journal) },
    audit: { value: '', type: 'audit-trail', required: false, label: 'audit trail' },
  },
  label() {
    return this.name || 'action-execute'
  },
  labelStyle() {
    return this.name ? 'node_label_italic' : ''
  },
  oneditprepare() {
    showDefaults(this)
    const { actionId, inputs, connectTo } = fields
    typedInputs({ actionId, connectTo })
    typedInput('inputsValue', inputs, 'inputsType')
  },
})

RED.events.on('nodes:add', (node) => {
  if (node.type === 'action-execute') adoptInputs(node)
})
