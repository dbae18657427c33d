import { showDefaults, showFor, typedInputs } from '../../editor/fields.ts'
import { saveList, showList } from '../../editor/list-input.ts'
import { valid, validSource, validTyped } from '../../editor/validators.ts'
import { RECORD_TYPES } from '../../lib/dns/record-types.ts'
import { fields } from './config.ts'

RED.nodes.registerType('dns-resolve', {
  category: 'CXone',
  color: '#B7DDB0',
  icon: 'dns-resolve.svg',
  inputs: 1,
  outputs: 1,
  paletteLabel: 'dns-resolve',
  defaults: {
    name: { value: '' },
    version: { value: 1 },
    source: { value: 'domain', validate: validSource(fields.source, 'dns-resolve.authMissing') },
    domain: { value: 'payload', validate: validTyped('domain', fields.domain) },
    domainType: { value: 'msg' },
    actionId: { value: 'dataActionId', validate: validTyped('actionId', fields.actionId) },
    actionIdType: { value: 'msg' },
    auth: { value: '', type: 'cxone-auth', required: false },
    recordTypes: { value: ['A', 'AAAA'], validate: valid(fields.recordTypes) },
    dnssec: { value: 'validate', validate: valid(fields.dnssec) },
    dnssecRequired: { value: true, validate: valid(fields.dnssecRequired) },
    servers: { value: [], validate: valid(fields.servers) },
    transport: { value: 'udp', validate: valid(fields.transport) },
    cache: { value: true, validate: valid(fields.cache) },
    ttlOverrideS: { value: '', validate: valid(fields.ttlOverrideS) },
    maxQueriesPerMinute: { value: 60, validate: valid(fields.maxQueriesPerMinute) },
    onLimit: { value: 'fail', validate: valid(fields.onLimit) },
    timeoutMs: { value: 5000, validate: valid(fields.timeoutMs) },
    lifetimeMs: { value: 10000, validate: valid(fields.lifetimeMs) },
    maxCnameHops: { value: 10, validate: valid(fields.maxCnameHops) },
    trustAnchors: { value: '', validate: valid(fields.trustAnchors) },
    serveStaleS: { value: 0, validate: valid(fields.serveStaleS) },
    audit: { value: '', type: 'audit-trail', required: false },
  },
  label() {
    return this.name || 'dns-resolve'
  },
  labelStyle() {
    return this.name ? 'node_label_italic' : ''
  },
  oneditprepare() {
    showDefaults(this)
    typedInputs({ domain: fields.domain, actionId: fields.actionId })
    const types = $('#node-input-recordTypes')
    for (const type of RECORD_TYPES) types.append($('<option>', { value: type }).text(type))
    types.val(this['recordTypes'] ?? ['A', 'AAAA'])
    showList(this, 'servers')
    for (const name of ['source', 'dnssec']) showFor(name)
  },
  oneditsave() {
    saveList(this, 'servers')
  },
})
