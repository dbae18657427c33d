import type { TypedField } from '../lib/config/typed.ts'

/** Turns the rows of a form into TypedInputs with the kinds that the runtime accepts. */
export function typedInputs(
  fields: Readonly<Record<string, TypedField>>,
  choices: Readonly<Record<string, object>> = {},
): void {
  for (const [name, field] of Object.entries(fields)) {
    const types = field.kinds.map((kind) => (kind === 'str' && choices[name] ? choices[name] : kind))
    $(`#node-input-${name}`).typedInput({
      default: field.default.type,
      types,
      typeField: `#node-input-${name}Type`,
    })
  }
}

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
