import { openCodeEditor, type CodeEditor } from '../../editor/code-editor.ts'
import { showDefaults, showFor } from '../../editor/fields.ts'
import { shownValue } from '../../editor/open-form.ts'
import { valid } from '../../editor/validators.ts'
import { simulatePathOf } from '../../lib/endpoint/path.ts'
import { fields, HEADER_NAMES } from './config.ts'

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

/** The words and the header of the chosen authentication. */
function showAuth(node: EditorNode): void {
  const mode = $('#node-input-authMode').val()
  $('#cxone-action-in-secret-label').text(mode === 'none' ? '' : node._(`action-in.secrets.${mode}`))
  $('#node-input-headerName').attr('placeholder', mode === 'hmac' ? HEADER_NAMES.hmac : HEADER_NAMES.header)
}

/** The buttons that copy an address. */
function openCopyButtons(): void {
  $('[data-copies]').on('click', function (event) {
    event.preventDefault()
    RED.clipboard.copyText($(`#${this.dataset['copies']}`).val(), $(this), 'clipboard.copyMessageValue')
  })
}

let contractEditor: CodeEditor | undefined

function showProblem(contract: string): void {
  const reason = fields.contract.check(contract)
  $('#cxone-action-in-contract-problem')
    .text(reason ?? '')
    .toggle(reason !== undefined)
}

/** A mode without its credential would never answer anything but 503. */
const validMode: Validator = function (value, options) {
  const basic = valid(fields.authMode).call(this, value, options)
  if (basic !== true || value === 'none' || value === undefined || value === '') return basic
  const secret = shownValue(this, 'secret')
  const stored = (this['credentials'] ?? {}) as { has_secret?: boolean; secret?: string; user?: string }
  const hasSecret = secret === undefined ? (stored.has_secret ?? Boolean(stored.secret)) : secret !== ''
  const hasUser = value !== 'basic' || Boolean(shownValue(this, 'user') ?? stored.user)
  const isKnown = secret !== undefined || this['credentials'] !== undefined // they are loaded with the form
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
    openCopyButtons()
    $('#node-input-authMode').on('change', () => {
      showAuth(this)
    })
    showAuth(this)
    $('#node-input-path').on('input', showUrls)
    $('#node-input-simulate').on('change', showUrls)
    showUrls()
    contractEditor = openCodeEditor({
      input: '#node-input-contract',
      id: 'cxone-action-in-contract',
      mode: 'json',
      onChange: showProblem,
    })
  },
  oneditsave() {
    contractEditor?.close()
  },
  oneditcancel() {
    contractEditor?.close()
  },
  oneditresize() {
    contractEditor?.resize()
  },
})
