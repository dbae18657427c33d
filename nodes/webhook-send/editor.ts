import { showDefaults, showFor, typedInputs } from '../../editor/fields.ts'
import { saveList, showList } from '../../editor/list-input.ts'
import { valid, validTyped } from '../../editor/validators.ts'
import { fields } from './config.ts'

RED.nodes.registerType('webhook-send', {
  category: 'CXone',
  color: '#F2C894',
  icon: 'webhook-send.svg',
  inputs: 1,
  outputs: 2,
  outputLabels: ['delivered', 'dead'],
  paletteLabel: 'webhook-send',
  defaults: {
    name: { value: '' },
    version: { value: 1 },
    url: { value: '', validate: validTyped('url', fields.url) },
    urlType: { value: 'str' },
    eventType: { value: 'cxone.data-action.completed', validate: validTyped('eventType', fields.eventType) },
    eventTypeType: { value: 'str' },
    envelope: { value: 'cloudevents', validate: valid(fields.envelope) },
    signature: { value: 'standard-webhooks', validate: valid(fields.signature) },
    auth: { value: '', type: 'cxone-auth', required: false },
    durable: { value: true, validate: valid(fields.durable) },
    schedule: { value: [0, 5, 30, 300, 1800, 7200], validate: valid(fields.schedule) },
    timeoutMs: { value: 10000, validate: valid(fields.timeoutMs) },
    concurrency: { value: 8, validate: valid(fields.concurrency) },
    connectTo: { value: '', validate: validTyped('connectTo', fields.connectTo) },
    connectToType: { value: 'off' },
    allowPrivate: { value: false, validate: valid(fields.allowPrivate) },
    allowHosts: { value: [], validate: valid(fields.allowHosts) },
    audit: { value: '', type: 'audit-trail', required: false },
  },
  credentials: { secret: { type: 'password' }, previousSecret: { type: 'password' } },
  label() {
    return this.name || 'webhook-send'
  },
  labelStyle() {
    return this.name ? 'node_label_italic' : ''
  },
  oneditprepare() {
    showDefaults(this)
    const { url, eventType, connectTo } = fields
    typedInputs({ url, eventType, connectTo })
    showList(this, 'schedule')
    showList(this, 'allowHosts')
    for (const name of ['envelope', 'signature']) showFor(name)
  },
  oneditsave() {
    // What is no number stays text, and the validator says so.
    saveList(this, 'schedule', (item) => (Number.isNaN(Number(item)) ? item : Number(item)))
    saveList(this, 'allowHosts')
  },
})
