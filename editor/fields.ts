import type { TypedField, TypedKind } from '../lib/config/typed.ts'

/** Turns the rows of a form into TypedInputs with the kinds that the runtime accepts. */
export function typedInputs(
  fields: Readonly<Record<string, TypedField>>,
  choices: Readonly<Record<string, object>> = {},
): void {
  for (const [name, field] of Object.entries(fields)) typedInput(name, field, `${name}Type`, choices[name])
}

/** Turns one row into a TypedInput. @param text what stands for the kind `str`. */
export function typedInput(name: string, field: TypedField, typeName: string, text?: object): void {
  const own = (kind: TypedKind): object | undefined => (kind === 'str' ? text : undefined)
  const types = field.kinds.map((kind) => (kind === 'off' ? offChoice(name) : (own(kind) ?? kind)))
  $(`#node-input-${name}`).typedInput({
    default: field.default.type,
    types,
    typeField: `#node-input-${typeName}`,
  })
}

/** The choice that has no value, in the words of the palette for this property. */
const offChoice = (name: string): object => ({
  value: 'off',
  label: RED._(`@cxone-flows/node-red-data-actions/cxone-flows:${name}.off`),
  hasValue: false,
})

/** Shows the rows `.cxone-when-<name>-<value>` only while the select `name` has that value. */
export function showFor(name: string, prefix: 'input' | 'config-input' = 'input'): void {
  const select = $(`#node-${prefix}-${name}`)
  const update = (): void => {
    const chosen = select.val()
    $(`[data-when="${name}"]`).each(function () {
      $(this).toggle((this.dataset['values'] ?? '').split(' ').includes(chosen))
    })
  }
  select.on('change', update)
  update()
}

/** Shows the rows `[data-checked="<name>"]` only while the check box `name` is ticked. */
export function showWhenChecked(name: string): void {
  const box = $(`#node-input-${name}`)
  const update = (): void => {
    $(`[data-checked="${name}"]`).toggle(box.prop('checked') === true)
  }
  box.on('change', update)
  update()
}

/**
 * Shows the default of each property that the flow file leaves out, as the runtime takes it. Call it first in
 * `oneditprepare`; Node-RED itself leaves such fields blank.
 */
export function showDefaults(node: EditorNode, prefix: 'input' | 'config-input' = 'input'): void {
  for (const [name, { value }] of Object.entries(node._def.defaults)) {
    if (node[name] !== undefined || value === undefined) continue
    const input = $(`#node-${prefix}-${name}`)
    if (typeof value === 'boolean') input.prop('checked', value)
    else input.val(typeof value === 'object' ? JSON.stringify(value) : value)
  }
}
