import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { ERROR_TABLE } from '../../../lib/errors.ts'
import { codesInHelp, looksOf } from '../../../lib/flowtest/node-looks.ts'

/** What the nodes promise to fail with, beside what the calls of CXone share. */
const PROMISED: Readonly<Record<string, readonly string[]>> = {
  'dns-resolve': [
    'DNS_NXDOMAIN',
    'DNS_TIMEOUT',
    'DNS_SERVFAIL',
    'DNS_REFUSED',
    'DNS_MALFORMED',
    'DNS_CNAME_LOOP',
    'DNS_CNAME_TOO_LONG',
    'DNS_DNSSEC_BOGUS',
    'DNS_DNSSEC_INSECURE',
    'DNS_DNSSEC_INDETERMINATE',
    'DNS_RATE_LIMITED',
    'INPUT_INVALID',
  ],
  'schema-validate': ['SCHEMA_INVALID', 'SCHEMA_UNAVAILABLE'],
  'uuid-gen': ['UUID_INVALID', 'UUID_COLLISIONS'],
  'webhook-send': ['WEBHOOK_BLOCKED_ADDRESS', 'WEBHOOK_REJECTED', 'WEBHOOK_DEAD'],
  'action-execute': [
    'AUTH_REJECTED',
    'AUTH_UNAVAILABLE',
    'CXONE_UNAUTHORIZED',
    'CXONE_FORBIDDEN',
    'CXONE_NOT_FOUND',
    'CXONE_BAD_REQUEST',
    'CXONE_CONFLICT',
    'CXONE_RATE_LIMITED',
    'CXONE_SERVER_ERROR',
    'CXONE_UNREACHABLE',
    'CXONE_UNEXPECTED_RESPONSE',
    'TIMEOUT',
  ],
  'audit-log': ['AUDIT_UNAVAILABLE'],
}

const helpOf = (type: string): string => `nodes/${type}/locales/en-US/${type}.html`
const types = (await readdir('nodes')).filter((type) => existsSync(helpOf(type)))

describe('the failure modes of a node', () => {
  it('are the codes in the first column of a table, or before the colon of a list, in the section Errors', () => {
    const help = `### Outputs
- \`NOT_THIS\`: no
### Errors
text about \`NEITHER_THIS\`
| code | meaning |
| --- | --- |
| \`ONE_CODE\`, \`TWO_CODES\` | see \`details.path\` and \`NOT_THIS_ONE\` |
- \`TIMEOUT\`: not \`HERE\`
### Example
- \`NOR_THIS\`: no`
    assert.deepEqual(codesInHelp(help), ['ONE_CODE', 'TWO_CODES', 'TIMEOUT'])
    assert.deepEqual(codesInHelp('no such section'), [])
    assert.deepEqual(codesInHelp('### Errors\n- `LAST`: at the end'), ['LAST'])
  })

  for (const type of types) {
    it(`of ${type} are known codes, and the help lists them`, async () => {
      const codes = codesInHelp(await readFile(helpOf(type), 'utf8'))
      assert.ok(codes.length > 0, 'the help has a section Errors with codes')
      assert.deepEqual(
        codes.filter((code) => !Object.hasOwn(ERROR_TABLE, code)),
        [],
      )
      assert.deepEqual(
        (PROMISED[type] ?? []).filter((code) => !codes.includes(code)),
        [],
      )
    })
  }
})

describe('the looks of a node', () => {
  it('are read from the editor html with its help', () => {
    const html = `<script>RED.nodes.registerType('a-node', { category: 'x', color: "#ABCDEF", inputs:0, outputs: 2 })
RED.nodes.registerType("other", {defaults:{}, inputs:1})
RED.nodes.registerType('third', { color: 'red"><script>' })</script>
<script type="text/markdown" data-help-name="a-node">
### Errors
- \`X_Y\`: no
</script>`
    const looks = looksOf(html)
    assert.deepEqual(looks.get('a-node'), { color: '#ABCDEF', inputs: 0, failureModes: ['X_Y'] })
    assert.deepEqual(looks.get('other'), { color: '#DDDDDD', inputs: 1, failureModes: [] })
    assert.equal(looks.get('third')?.color, '#DDDDDD', 'a colour that is none is not put into a page')
  })
})
