import { isPaletteError, PaletteError } from '../../errors.ts'

/** The same failure with its place in the SQL counted otherwise, in details and message. */
export function moved(error: unknown, move: (position: number) => number): unknown {
  if (!isPaletteError(error)) return error
  const { position } = error.details
  if (typeof position !== 'number') return error
  const target = move(position)
  const message = error.message.replace(` at character ${position}`, ` at character ${target}`)
  return new PaletteError(error.code, message, {
    details: { ...error.details, position: target },
    cause: error.cause,
  })
}
