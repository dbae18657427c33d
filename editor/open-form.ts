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
