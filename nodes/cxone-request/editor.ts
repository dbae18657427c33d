import { showDefaults, showFor, showWhenChecked, typedInputs } from '../../editor/fields.ts'
import { shownValue } from '../../editor/open-form.ts'
import { valid, validTyped } from '../../editor/validators.ts'
import { fields } from './config.ts'

const { path, params, query, headers, body, items, connectTo } = fields

/** Only GET reads pages; while the form is open, the method that is chosen there counts. */
function validPaginate(): Validator {
  const inner = valid(fields.paginate)
  return function (value, options) {
    const checked = inner.call(this, value, options)
    if (checked !== true) return checked
    const method = shownValue(this, 'method') ?? this['method'] ?? 'GET'
    return value === 'none' || value === undefined || method === 'GET' || 'only GET reads pages'
  }
}

RED.nodes.registerType('cxone-request', {
  category: 'CXone',
  color: '#8ECAE6',
  icon: 'cxone-request.svg',
  inputs: 1,
  outputs: 1,
  paletteLabel: 'cxone-request',
  defaults: {
    name: { value: '' },
    version: { value: 1 },
    auth: { value: '', type: 'cxone-auth', required: true, label: 'CXone access' },
    method: { value: 'GET', label: 'method', validate: valid(fields.method) },
    path: { value: '', label: 'path', validate: validTyped('path', path) },
    pathType: { value: 'str' },
    params: { value: '{}', label: 'path values', validate: validTyped('params', params) },
    paramsType: { value: 'json' },
    query: { value: '{}', label: 'query', validate: validTyped('query', query) },
    queryType: { value: 'json' },
    body: { value: 'payload', label: 'body', validate: validTyped('body', body) },
    bodyType: { value: 'msg' },
    headers: { value: '{}', label: 'headers', validate: validTyped('headers', headers) },
    headersType: { value: 'json' },
    paginate: { value: 'none', label: 'pages', validate: validPaginate() },
    timeoutMs: { value: 10000, label: 'time-out', validate: valid(fields.timeoutMs) },
    connectTo: { value: '', label: 'connect to', validate: validTyped('connectTo', connectTo) },
    connectToType: { value: 'off' },
    bulk: { value: false, label: 'one request an item', validate: valid(fields.bulk) },
    items: { value: 'payload', label: 'items', validate: validTyped('items', items) },
    itemsType: { value: 'msg' },
    concurrency: { value: 8, label: 'at the same time', validate: valid(fields.concurrency) },
    stopOnError: { value: false, label: 'stop on error', validate: valid(fields.stopOnError) },
    progress: { value: 0, label: 'progress each', validate: valid(fields.progress) },
    journal: { value: false, label: 'resume', validate: valid(fields.journal) },
    audit: { value: '', type: 'audit-trail', required: false, label: 'audit trail' },
  },
  label() {
    return this.name || 'cxone-request'
  },
  labelStyle() {
    return this.name ? 'node_label_italic' : ''
  },
  oneditprepare() {
    showDefaults(this)
    typedInputs({ path, params, query, body, headers, items, connectTo })
    showFor('method')
    showWhenChecked('bulk')
  },
  oneditsave() {
    // The row is hidden for other methods, with which a choice of pages is wrong.
    if ($('#node-input-method').val() !== 'GET') $('#node-input-paginate').val('none')
  },
})
