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

/** Calls back for each message of one `send`, with its output from 0, exactly as the runtime reads them. */
export function eachSent(out: unknown, each: (message: RuntimeMessage, output: number) => void): void {
  if (!Array.isArray(out)) {
    if (isMessage(out)) each(out, 0)
    return
  }
  for (let output = 0; output < out.length; output += 1) {
    const list: unknown = out[output]
    if (!Array.isArray(list)) {
      if (isMessage(list)) each(list, output)
      continue
    }
    for (const message of list as readonly unknown[]) if (isMessage(message)) each(message, output)
  }
}
