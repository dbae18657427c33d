import { tally, type CaseResult, type RunResult } from '../results.ts'
import { escapeXml } from './escape.ts'

/** A run in the XML that CI servers read ("JUnit"). One `testsuite` a case file. */
export function toJunit({ cases, durationMs }: RunResult): string {
  const suites = [...Map.groupBy(cases, ({ file }) => file)]
  const { failed, skipped } = tally(cases)
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="cxone-flows" tests="${cases.length}" failures="${failed}" skipped="${skipped}" time="${seconds(durationMs)}">`,
    ...suites.map(([file, list]) => suiteOf(file, list)),
    '</testsuites>',
    '',
  ].join('\n')
}

const seconds = (ms: number): string => (ms / 1000).toFixed(3)

function suiteOf(file: string, cases: readonly CaseResult[]): string {
  const { failed, skipped } = tally(cases)
  const time = seconds(cases.reduce((sum, { durationMs }) => sum + durationMs, 0))
  return [
    `  <testsuite name="${escapeXml(file)}" tests="${cases.length}" failures="${failed}" errors="0" skipped="${skipped}" time="${time}">`,
    ...cases.map(caseOf),
    '  </testsuite>',
  ].join('\n')
}

function caseOf({ name, file, line, status, problems, durationMs, log, blocked }: CaseResult): string {
  const head = `    <testcase name="${escapeXml(name)}" classname="${escapeXml(file)}" file="${escapeXml(file)}"${line === undefined ? '' : ` line="${line}"`} time="${seconds(durationMs)}"`
  const body: string[] = []
  if (status === 'skipped') body.push(`      <skipped message="${escapeXml(problems.join('; '))}"/>`)
  if (status === 'failed') {
    const [first = ''] = problems[0]?.split('\n') ?? []
    body.push(`      <failure message="${escapeXml(first)}">${escapeXml(problems.join('\n'))}</failure>`)
  }
  const output = [...log, ...blocked.map((each) => `blocked: ${each}`)]
  if (output.length > 0) body.push(`      <system-out>${escapeXml(output.join('\n'))}</system-out>`)
  return body.length === 0 ? `${head}/>` : [`${head}>`, ...body, '    </testcase>'].join('\n')
}
