// node scripts/error-docs.mjs: makes docs/errors.md from the table of lib/errors.ts; with --check only compares.
import { readFile, writeFile } from 'node:fs/promises'
import { ERROR_TABLE } from '../lib/errors.ts'

const AREAS = {
  AUTH: 'Signing in',
  CXONE: 'CXone API',
  DNS: 'DNS',
  PIN: 'Pinned connections',
  SCHEMA: 'JSON Schema',
  UUID: 'UUIDs',
  PG: 'PostgreSQL',
  ENDPOINT: 'Endpoints',
  CONNECTOR: 'Connectors',
  WEBHOOK: 'Webhooks',
  AUDIT: 'Audit',
  STATE: 'Shared state',
}
const COMMON = 'All nodes'

const row = ([code, { summary, fix, retryable }]) =>
  `| <a id="${code.toLowerCase()}"></a>\`${code}\` | ${summary} | ${fix} | ${retryable ? 'yes' : 'no'} |`

const areas = Map.groupBy(Object.entries(ERROR_TABLE), ([code]) => AREAS[code.split('_')[0]] ?? COMMON)
const sections = [...areas].map(
  ([area, entries]) => `## ${area}

| Code | What went wrong | What to do | May a repeat help? |
| --- | --- | --- | --- |
${entries.map(row).join('\n')}
`,
)
const text = `# Error codes

A node that fails gives its message to a Catch node with \`msg.error.code\`, \`msg.error.message\` and
\`msg.error.cause\`; \`msg.cxone.error\` has \`{code, message, details}\`. Codes are never renamed nor used again. Made from \`lib/errors.ts\` by \`scripts/error-docs.mjs\`.

${sections.join('\n')}`

const file = new URL('../docs/errors.md', import.meta.url)
if (!process.argv.includes('--check')) await writeFile(file, text)
else if ((await readFile(file, 'utf8')) !== text) {
  console.error('docs/errors.md is not in step with lib/errors.ts: run node scripts/error-docs.mjs')
  process.exitCode = 1
}
