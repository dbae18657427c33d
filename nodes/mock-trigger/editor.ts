import { ask, onClick } from '../../editor/ask.ts'
import { element } from '../../editor/element.ts'
import { showDefaults, showFor, typedInputs } from '../../editor/fields.ts'
import { shownValue, shownValues } from '../../editor/open-form.ts'
import { valid, validTyped } from '../../editor/validators.ts'
import { fields } from './config.ts'

/** Shows the first events that the node as it stands in the form would send. */
function openPreview(node: EditorNode): void {
  const show = (...lines: readonly HTMLElement[]): void => {
    $('#cxone-mock-trigger-report')
      .empty()
      .append(...lines.map((line) => $(line)))
      .toggle(true)
  }
  const words = (key: string): string => node._(`mock-trigger.${key}`)
  onClick('#cxone-mock-trigger-preview', () => {
    show(element('p', {}, words('running')))
    ask('mock-trigger/preview', shownValues(node), {
      noAnswer: words('noAnswer'),
      done: (events) => {
        show(
          ...(events as readonly unknown[]).map((event) =>
            element('pre', {}, JSON.stringify(event, null, 2)),
          ),
        )
      },
      failed: ({ code, message }) => {
        show(element('p', { className: 'cxone-mock-problem' }, `${code}: ${message}`))
      },
    })
  })
}

RED.nodes.registerType('mock-trigger', {
  category: 'CXone',
  color: '#B7DDB0',
  icon: 'mock-trigger.svg',
  inputs: 1,
  outputs: 1,
  paletteLabel: 'mock-trigger',
  defaults: {
    name: { value: '' },
    version: { value: 1 },
    source: {
      value: 'sample',
      validate(value, options) {
        const auth = shownValue(this, 'auth') ?? this['auth']
        if (value === 'schema' && (!auth || auth === '_ADD_')) return this._('mock-trigger.authMissing')
        return valid(fields.source).call(this, value, options)
      },
    },
    actionId: {
      value: 'dataActionId',
      label: 'data action id',
      validate: validTyped('actionId', fields.actionId),
    },
    actionIdType: { value: 'msg' },
    auth: { value: '', type: 'cxone-auth', required: false, label: 'CXone access' },
    cacheTtlS: { value: 3600, label: 'keep for', validate: valid(fields.cacheTtlS) },
    template: { value: '{}', label: 'template', validate: validTyped('template', fields.template) },
    templateType: { value: 'json' },
    channel: { value: 'phone', validate: valid(fields.channel) },
    overrides: { value: '{}', label: 'overrides', validate: validTyped('overrides', fields.overrides) },
    overridesType: { value: 'json' },
    count: { value: '1', label: 'how many', validate: validTyped('count', fields.count) },
    countType: { value: 'num' },
    seed: { value: '', label: 'seed', validate: validTyped('seed', fields.seed) },
    seedType: { value: 'str' },
    audit: { value: '', type: 'audit-trail', required: false, label: 'audit trail' },
  },
  label() {
    return this.name || 'mock-trigger'
  },
  labelStyle() {
    return this.name ? 'node_label_italic' : ''
  },
  oneditprepare() {
    showDefaults(this)
    const { actionId, template, overrides, count, seed } = fields
    typedInputs({ actionId, template, overrides, count, seed })
    showFor('source')
    openPreview(this)
  },
})
