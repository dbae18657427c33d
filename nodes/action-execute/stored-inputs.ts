/** What the editor stores beside what a flow file is documented to store. */
interface Stored {
  readonly inputs?: unknown
  readonly inputsValue?: unknown
}

/**
 * The stored properties with `inputs` as the contract has it. Node-RED's editor takes a property of that name for the number of
 * input ports, so that a node which it has saved has its value in `inputsValue`.
 */
export function withInputs<T extends Stored>(stored: T): T {
  const { inputs, inputsValue } = stored
  const isByEditor = inputs === 1 || (typeof inputs !== 'string' && inputsValue !== undefined)
  return isByEditor ? { ...stored, inputs: inputsValue } : stored
}

/** A node in the editor; `_config` has its properties as the flow file has them, each as JSON. */
interface ImportedNode {
  inputs?: unknown
  inputsValue?: unknown
  readonly _config?: Readonly<Record<string, string>>
}

/** Brings a node that the editor has just read into the form that the editor needs: one port, and the value beside it. */
export function adoptInputs(node: ImportedNode): void {
  if (node.inputs === 1 && node.inputsValue !== undefined) return
  const text = node._config?.['inputs']
  const written: unknown = text === undefined ? undefined : JSON.parse(text)
  if (typeof written === 'string') node.inputsValue = written
  node.inputs = 1
}
