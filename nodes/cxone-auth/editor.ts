import { openCheck } from '../../editor/doctor/check.ts'
import { showDefaults, showFor } from '../../editor/fields.ts'
import { shownValue } from '../../editor/open-form.ts'
import { valid } from '../../editor/validators.ts'
import { PLACES, type Place, type Profile } from '../../lib/auth/endpoints.ts'
import { DEFAULT_PATHS, fields, placeReason } from './config.ts'

const PATHS = Object.keys(DEFAULT_PATHS) as (keyof typeof DEFAULT_PATHS)[]

/** A place is judged together with the profile; while the form is open, with the one that is chosen there. */
function validPlace(name: Place): Validator {
  return function (value, _options) {
    if (typeof value === 'string' && /^\$\{[^}]+\}$/.test(value)) return true
    const open = shownValue(this, 'profile', 'config-input')
    const profile = (open ?? this['profile'] ?? 'sandbox') as Profile
    return fields.profile.check(profile) !== undefined || (placeReason(profile, name, value) ?? true)
  }
}

RED.nodes.registerType('cxone-auth', {
  category: 'config',
  icon: 'cxone-auth.svg',
  paletteLabel: 'cxone-auth',
  defaults: {
    name: { value: '' },
    version: { value: 1 },
    profile: { value: 'sandbox', label: 'profile', validate: valid(fields.profile) },
    tenant: { value: '', label: 'tenant', validate: validPlace('tenant') },
    baseUrl: { value: 'https://api.cxone.com', label: 'base URL', validate: validPlace('baseUrl') },
    environment: { value: 'api.nicecxone.com', label: 'environment', validate: validPlace('environment') },
    org: { value: '', label: 'organisation', validate: validPlace('org') },
    region: { value: 'api-us-1.cxone.com', label: 'region', validate: validPlace('region') },
    area: { value: 'na1', label: 'area', validate: validPlace('area') },
    issuer: { value: 'https://cxone.niceincontact.com', label: 'issuer', validate: validPlace('issuer') },
    tokenUrl: { value: '', label: 'token URL', validate: validPlace('tokenUrl') },
    apiBaseUrl: { value: '', label: 'API base URL', validate: validPlace('apiBaseUrl') },
    clientAuth: { value: 'body', label: 'client credentials in', validate: valid(fields.clientAuth) },
    scopes: { value: '', label: 'scopes', validate: valid(fields.scopes) },
    refreshBufferS: { value: 30, label: 'renew before the end', validate: valid(fields.refreshBufferS) },
    timeoutMs: { value: 10000, label: 'time-out', validate: valid(fields.timeoutMs) },
    maxRetries: { value: 3, label: 'repeats', validate: valid(fields.maxRetries) },
    baseDelayMs: { value: 500, label: 'first wait', validate: valid(fields.baseDelayMs) },
    maxDelayMs: { value: 30000, label: 'longest wait', validate: valid(fields.maxDelayMs) },
    paths: {
      value: {
        dataAction: '/api/v2/data-actions/{id}',
        execute: '/api/v2/data-actions/{id}/execute',
        connector: '/api/v1/integrations/connectors/{id}',
      },
      label: 'paths',
      validate: valid(fields.paths),
    },
    tls: { value: '', type: 'tls-config', required: false, label: 'TLS' },
    proxy: { value: '', type: 'http proxy', required: false, label: 'proxy' },
    state: { value: '', validate: valid(fields.state) },
  },
  credentials: {
    clientId: { type: 'text' },
    clientSecret: { type: 'password' },
    accessKeyId: { type: 'text' },
    accessKeySecret: { type: 'password' },
  },
  label() {
    return this.name || `CXone ${(this['profile'] as string | undefined) ?? 'sandbox'}`
  },
  labelStyle() {
    return this.name ? 'node_label_italic' : ''
  },
  oneditprepare() {
    showDefaults(this, 'config-input')
    showFor('profile', 'config-input')
    $('#node-config-input-profile').on('change', () => {
      for (const name of PLACES) $(`#node-config-input-${name}`).trigger('change') // judged anew
    })
    const stored = (this['paths'] ?? {}) as Record<string, unknown>
    for (const name of PATHS) $(`#cxone-auth-path-${name}`).val(stored[name] ?? DEFAULT_PATHS[name])
    $('#cxone-auth-test').on('click', (event) => {
      event.preventDefault()
      test(this)
    })
    stopCheck = openCheck({ stored: () => storedForm(this), words: (key) => this._(`cxone-auth.${key}`) })
  },
  oneditcancel() {
    stopCheck()
  },
  oneditsave() {
    stopCheck()
    this['paths'] = shownPaths()
  },
})

let stopCheck = (): void => undefined

function shownPaths(): Record<string, string> {
  const entries = PATHS.map((name) => [name, $(`#cxone-auth-path-${name}`).val().trim()] as const)
  return Object.fromEntries(entries.filter(([, path]) => path !== ''))
}

/** Node-RED shows this in place of a password that it keeps. */
const KEPT = '__PWRD__'
const CREDENTIALS = ['clientId', 'clientSecret', 'accessKeyId', 'accessKeySecret'] as const

/** The form as Done would store it. Secrets that the editor does not have stay where they are. */
function storedForm(node: EditorNode): Record<string, unknown> {
  const shown = (name: string): string => $(`#node-config-input-${name}`).val()
  const names = Object.keys(node._def.defaults).filter((name) => name in fields && name !== 'paths')
  const typed = CREDENTIALS.map((name) => [name, shown(name)] as const).filter(([, value]) => value !== KEPT)
  return {
    ...Object.fromEntries(names.map((name) => [name, chosen(shown(name), node[name])])),
    paths: shownPaths(),
    id: node.id,
    action: $('#cxone-auth-check-action').val(),
    credentials: Object.fromEntries(typed),
  }
}

// A property without a field in the form keeps its value; `_ADD_` is the choice of no config node.
const chosen = (shown: string | undefined, stored: unknown): unknown =>
  shown === undefined ? stored : shown === '_ADD_' ? '' : shown

interface Connection {
  tokenHost: string
  apiBase: string
  expiresAt: string
  scopes: string[]
  claims: Record<string, string>
}

function test(node: EditorNode): void {
  showLines(node, 'testing', [])
  $.ajax({ url: `cxone/auth/${encodeURIComponent(node.id)}/test`, type: 'POST' }).then(
    (answer) => {
      const { tokenHost, apiBase, expiresAt, scopes, claims } = answer as Connection
      const told: [string, string][] = [
        ['tokenHost', tokenHost],
        ['apiBase', apiBase],
        ['expiresAt', `${expiresAt.slice(0, 19).replace('T', ' ')} UTC`],
        ['scopes', scopes.join(' ')],
        ...Object.entries(claims),
      ]
      showLines(node, 'connected', told)
    },
    (failure: unknown) => {
      const { responseJSON, status } = failure as { responseJSON?: Record<string, string>; status: number }
      const { code = `HTTP ${status}`, message = '' } = responseJSON ?? {}
      showLines(node, 'failed', [[code, message]])
    },
  )
}

function showLines(node: EditorNode, title: string, lines: readonly [string, string][]): void {
  const result = $('#cxone-auth-result').empty()
  $('<strong>')
    .text(node._(`cxone-auth.${title}`))
    .appendTo(result)
  for (const [name, value] of lines) {
    if (value === '') continue
    const key = `cxone-auth.result.${name}`
    const label = node._(key)
    $('<div>')
      .text(`${label === key ? name : label}: ${value}`)
      .appendTo(result)
  }
}
