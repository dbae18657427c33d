import { showDefaults, showFor } from '../../editor/fields.ts'
import { closeJsonEditor, openJsonEditor, resizeJsonEditor } from '../../editor/json-editor.ts'
import { valid } from '../../editor/validators.ts'
import { simulatePathOf } from '../../lib/endpoint/path.ts'
import { fields } from './config.ts'

/** The address of a path of this Node-RED: its HTTP nodes may be served below a root of their own. */
function urlOf(path: string): string {
  const { httpNodeRoot } = RED.settings
  const root = typeof httpNodeRoot === 'string' ? httpNodeRoot.replace(/\/+$/, '') : ''
  return `${location.origin}${root}${path}`
}

function showUrls(): void {
  const path = $('#node-input-path').val().trim() || fields.path.default
  const isRight = fields.path.check(path) === undefined
  const simulates = $('#node-input-simulate').prop('checked') === true
  $('#cxone-action-in-url').val(isRight ? urlOf(path) : '')
  $('#cxone-action-in-simulate-url').val(isRight && simulates ? urlOf(simulatePathOf(path)) : '')
  $('#cxone-action-in-simulate-row').toggle(simulates)
}

const typed = (name: 'user' | 'secret'): boolean => {
  const value = $(`#node-input-${name}`).val()
  return value !== ''
}

/** A mode without its credential would never answer anything but 503. */
const validMode: Validator = function (value, options) {
  const basic = valid(fields.authMode).call(this, value, options)
  if (basic !== true || value === 'none' || value === undefined || value === '') return basic
  const isOpen =
    document.activeElement?.closest('.red-ui-tray') && document.querySelector('#node-input-secret')
  const stored = (this['credentials'] ?? {}) as { has_secret?: boolean; secret?: string; user?: string }
  const hasSecret = isOpen ? typed('secret') : (stored.has_secret ?? stored.secret) !== undefined
  const hasUser = value !== 'basic' || (isOpen ? typed('user') : Boolean(stored.user))
  const isKnown = isOpen || this['credentials'] !== undefined // they are loaded with the form
  return !isKnown || (hasSecret && hasUser) || this._('action-in.credentialMissing')
}

RED.nodes.registerType('action-in', {
  category: 'CXone',
  color: '#8ECAE6',
  icon: 'action-in.svg',
  inputs: 0,
  outputs: 1,
  paletteLabel: 'action-in',
  defaults: {
    name: { value: '' },
    version: { value: 1 },
    path: { value: '/webhook/data-action', label: 'path', validate: valid(fields.path) },
    authMode: { value: 'none', label: 'authentication', validate: validMode },
    headerName: { value: '', label: 'header', validate: valid(fields.headerName) },
    contract: { value: '', label: 'contract', validate: valid(fields.contract) },
    coerce: { value: true, validate: valid(fields.coerce) },
    deadlineMs: { value: 8000, label: 'deadline', validate: valid(fields.deadlineMs) },
    idempotency: { value: 'auto', label: 'repeats', validate: valid(fields.idempotency) },
    idempotencyTtlS: { value: 30, label: 'keep answers for', validate: valid(fields.idempotencyTtlS) },
    simulate: { value: true, validate: valid(fields.simulate) },
    maxInFlight: { value: 100, label: 'at the same time', validate: valid(fields.maxInFlight) },
    rateLimitPerMinute: { value: 0, label: 'requests a minute', validate: valid(fields.rateLimitPerMinute) },
    maxBodyBytes: { value: 262144, label: 'largest body', validate: valid(fields.maxBodyBytes) },
    audit: { value: '', type: 'audit-trail', required: false, label: 'audit trail' },
  },
  credentials: { user: { type: 'text' }, secret: { type: 'password' } },
  label() {
    return this.name || `POST ${(this['path'] as string | undefined) ?? fields.path.default}`
  },
  labelStyle() {
    return this.name ? 'node_label_italic' : ''
  },
  oneditprepare() {
    showDefaults(this)
    for (const name of ['authMode', 'idempotency']) showFor(name)
    $('#node-input-path').on('input', showUrls)
    $('#node-input-simulate').on('change', showUrls)
    showUrls()
    for (const name of ['authMode', 'user', 'secret'])
      $(`#node-input-${name}`).on('change', () => {
        if (name !== 'authMode') $('#node-input-authMode').trigger('change') // judged anew
      })
    openJsonEditor({
      name: 'contract',
      element: 'cxone-action-in-contract',
      why: (text) => fields.contract.check(text),
    })
  },
  oneditsave() {
    closeJsonEditor()
  },
  oneditcancel() {
    closeJsonEditor()
  },
  oneditresize() {
    resizeJsonEditor()
  },
})
