/** A message of the runtime. */
export type RuntimeMessage = object & { readonly _msgid?: string; readonly error?: unknown }

/** The `code` of an error, where it has one. */
export const codeOf = (error: unknown): string | undefined => {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? code : undefined
}

/** The text of an error, whatever was thrown. */
export const textOf = (error: unknown): string => {
  if (typeof error === 'object' && error !== null && 'message' in error) return String(error.message)
  return String(error)
}

const isMessage = (value: unknown): value is RuntimeMessage => typeof value === 'object' && value !== null

/** The messages of one `send`, by output, exactly as the runtime reads them. */
export function outputsOf(out: unknown): readonly { output: number; messages: readonly RuntimeMessage[] }[] {
  if (!Array.isArray(out)) return isMessage(out) ? [{ output: 0, messages: [out] }] : []
  const lists: readonly unknown[] = out
  return lists.flatMap((list, output) => {
    const all: readonly unknown[] = Array.isArray(list) ? list : [list]
    const messages = all.filter(isMessage)
    return messages.length === 0 ? [] : [{ output, messages }]
  })
}
