/**
 * What the open form shows for a property of this node: it is stored only on Done, but what depends on it is judged at once.
 * Undefined while no form of the node is open.
 */
export function shownValue(
  node: EditorNode,
  name: string,
  prefix: 'input' | 'config-input' = 'input',
): string | undefined {
  const input = document.querySelector<HTMLInputElement>(`#node-${prefix}-${name}`)
  return input && RED.editor.getEditStack().includes(node) ? input.value : undefined
}

/** The properties of the open form that plain inputs hold, as it shows them. */
export function shownValues(node: EditorNode): Readonly<Record<string, unknown>> {
  const names = Object.keys(node._def.defaults).filter((name) => $(`#node-input-${name}`).length > 0)
  const values = names.map((name) => [name, $(`#node-input-${name}`).val()] as const)
  return Object.fromEntries(values.map(([name, value]) => [name, value === '_ADD_' ? '' : value]))
}
