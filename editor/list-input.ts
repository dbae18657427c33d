/**
 * A list property as comma-separated text. The row's input is `cxone-<name>`, not `node-input-<name>`, because Node-RED
 * would store the text itself.
 */
export function showList(node: EditorNode, name: string): void {
  const stored = node[name] ?? node._def.defaults[name]?.value
  $(`#cxone-${name}`).val(Array.isArray(stored) ? stored.join(', ') : stored)
}

/** Takes the edited list over into the node; call it in `oneditsave`. `read` makes an item of its text. */
export function saveList(
  node: EditorNode,
  name: string,
  read: (item: string) => unknown = (item) => item,
): void {
  const items = $(`#cxone-${name}`)
    .val()
    .split(/[\s,]+/)
  node[name] = items.filter((item) => item !== '').map(read)
}
