/** A code editor in a form. */
export interface CodeEditor {
  resize(): void
  /** Call it in `oneditsave`, `oneditcancel` and `oneditdelete`. */
  close(): void
}

/**
 * Opens Node-RED's own code editor on a text property. The text itself stays in the property's hidden input, where Node-RED
 * reads it.
 *
 * @param options.onChange also called once at the start.
 */
export function openCodeEditor(options: {
  /** Selector of the hidden input. */
  readonly input: string
  /** Id of the element that becomes the editor. */
  readonly id: string
  readonly mode: 'sql' | 'json'
  /** Selector of a button that opens the text in the full width. */
  readonly expand?: string
  readonly onChange: (text: string) => void
}): CodeEditor {
  const input = $(options.input)
  const mode = `ace/mode/${options.mode}`
  const editor = RED.editor.createEditor({
    id: options.id,
    mode,
    value: input.val(),
    minimap: { enabled: false }, // forms are narrow
    wordWrap: 'on',
    inlineSuggest: { enabled: false }, // Node-RED 4.1's Monaco would look for some in a text that is closed
  })
  const update = (): void => {
    input.val(editor.getValue()).trigger('change')
    options.onChange(editor.getValue())
  }
  editor.getSession().on('change', update)
  if (options.expand !== undefined)
    $(options.expand).on('click', (event) => {
      event.preventDefault()
      const complete = (text: string): void => {
        editor.setValue(text, -1)
      }
      RED.editor.editText({ mode, value: editor.getValue(), width: 'Infinity', focus: true, complete })
    })
  update()
  return {
    resize: () => {
      editor.resize()
    },
    close: () => {
      editor.destroy()
    },
  }
}
