/** The code editor of the open form; the text itself is in the hidden input, where Node-RED reads it. */
let codeEditor: ReturnType<typeof RED.editor.createEditor> | undefined

/** Where a property with JSON text is edited. */
interface JsonEditorPlace {
  /** The property; its hidden input is `node-input-<name>`. */
  readonly name: string
  /** Id of the element that the editor is put into; `<id>-problem` shows what is wrong. */
  readonly element: string
  /** Why a text is wrong; undefined where it is right. */
  readonly why: (text: string) => string | undefined
}

/** Opens Node-RED's code editor for a property with JSON text. Call it in `oneditprepare`. */
export function openJsonEditor({ name, element, why }: JsonEditorPlace): void {
  const input = $(`#node-input-${name}`)
  const editor = RED.editor.createEditor({ id: element, mode: 'ace/mode/json', value: input.val() })
  const update = (): void => {
    input.val(editor.getValue()).trigger('change')
    const reason = why(editor.getValue())
    $(`#${element}-problem`)
      .text(reason ?? '')
      .toggle(reason !== undefined)
  }
  editor.getSession().on('change', update)
  update()
  codeEditor = editor
}

/** Fits the editor to the form. */
export const resizeJsonEditor = (): void => codeEditor?.resize()

/** Frees the editor. Call it in `oneditsave` and `oneditcancel`. */
export function closeJsonEditor(): void {
  codeEditor?.destroy()
  codeEditor = undefined
}
