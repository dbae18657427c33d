/** The reports that there are. */
export const REPORTERS = ['spec', 'json', 'junit', 'html', 'lcov'] as const

/** A report, and the file that it goes to. */
export interface ReporterChoice {
  readonly name: (typeof REPORTERS)[number]
  readonly file?: string
}

/** Files that a report goes to where the user names none; the others go to standard output. */
const DEFAULT_FILES: Readonly<Record<string, string>> = { html: 'flow-tests.html', lcov: 'lcov.info' }

/** Reads `name` or `name=file`; undefined where there is no such report. */
export function parseReporter(text: string): ReporterChoice | undefined {
  const [name = '', ...rest] = text.split('=')
  const known = REPORTERS.find((each) => each === name)
  const file = rest.join('=') || DEFAULT_FILES[name]
  if (!known) return undefined
  return file === undefined ? { name: known } : { name: known, file }
}
