import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import type { Examination, HostReport } from '../../../lib/doctor/examination.ts'
import { finding, FINDINGS, verdictOf, worstFirst } from '../../../lib/doctor/findings.ts'
import { reportText, wrap } from '../../../lib/doctor/report.ts'
import { ansi, plain, treeText } from '../../../lib/doctor/tree.ts'

const blocked = finding(
  'HOST_TIMEOUT',
  'No TCP connection to acme.example:443',
  'Ask the network team to allow it',
)
const soon = finding('TLS_CERTIFICATE_EXPIRES_SOON', 'It expires on 2026-12-01', 'Ask NICE')
const note = finding('TLS_INSPECTED', 'A proxy opens it', 'Keep it in mind')

const host = (more: Partial<HostReport>): HostReport => ({
  id: 'acme.example:443',
  roles: ['token', 'api'],
  host: 'acme.example',
  port: 443,
  caller: 'machine',
  proxy: null,
  steps: [],
  verdict: 'ok',
  ...more,
})
const examination: Examination = {
  startedAt: '2026-11-21T18:30:05.123Z',
  durationMs: 5210,
  origin: {
    machine: 'build-7',
    software: 'cxone-flows 0.1.0, Node.js v24.0.0 on linux',
    subject: 'profile tenant (acme)',
    dnsServers: ['10.0.0.2'],
    proxy: 'none',
  },
  verdict: 'failed',
  hosts: [
    host({
      verdict: 'failed',
      steps: [
        {
          name: 'name',
          mark: 'ok',
          text: 'acme.example, DNSSEC secure',
          latencyMs: 12.3,
          findings: [note],
          facts: {},
        },
        {
          name: 'tcp',
          mark: 'failed',
          text: '192.0.2.7: no answer within 5000 ms',
          latencyMs: 5000,
          findings: [blocked],
          facts: { attempts: [{ localAddress: '10.0.0.9' }, { localAddress: null }] },
        },
        { name: 'tls', mark: 'skipped', text: 'not tried', latencyMs: null, findings: [], facts: {} },
      ],
    }),
    host({ id: 'crm.example:443', roles: ['action'], caller: 'cxone', proxy: 'proxy:3128' }),
  ],
}

describe('the report of the doctor', () => {
  it('tells who tried what from where, when, with which result, and what is asked for', () => {
    const text = reportText(examination)
    for (const part of [
      'Result   FAILED: 1 of 2 hosts',
      'When     2026-11-21 18:30:05 UTC, 5.2 s',
      'From     build-7 (10.0.0.9)',
      'By       cxone-flows 0.1.0, Node.js v24.0.0 on linux',
      'Checked  profile tenant (acme)',
      'DNS      10.0.0.2',
      ' 1. No TCP connection to acme.example:443 [HOST_TIMEOUT, failed]',
      '    -> Ask the network team to allow it.',
      ' 2. A proxy opens it [TLS_INSPECTED, note]',
      'acme.example:443 (token, API): FAILED',
      '  name     ok         12.3 ms  acme.example, DNSSEC secure',
      '  TCP      FAILED   5000.0 ms  192.0.2.7: no answer within 5000 ms',
      '  TLS      -                   not tried',
      'crm.example:443 (data action): ok; CXone will call it, here it was tried from this machine; through',
    ]) {
      assert.ok(text.includes(`${part}\n`), `${part}\n\n${text}`)
    }
    assert.doesNotMatch(text, /[^\x20-\x7e\n]/, 'plain ASCII passes every mail system')
    assert.ok(text.split('\n').every((line) => line.length <= 100))
  })

  it('says so when all is well', () => {
    const text = reportText({ ...examination, verdict: 'ok', hosts: [host({})] })
    assert.match(text, /^Result {3}all well: 1 host$/m)
    assert.doesNotMatch(text, /asked for/)
  })

  it('is a tree with marks on a terminal', () => {
    const text = treeText(examination, plain)
    assert.match(text, /^✖ acme\.example:443 token, API$/m)
    assert.match(text, /^ {2}✖ TCP {6}5000 ms {2}192\.0\.2\.7: no answer/m)
    assert.match(text, /^ {2}HOST_TIMEOUT\n {6}No TCP connection/m)
    assert.match(text, /^✔ crm\.example:443 data action, called by CXone$/m)
    assert.ok(treeText(examination, ansi).includes('\u001b[31m✖\u001b[0m'))
  })

  it('breaks lines between words, never within', () => {
    assert.deepEqual(wrap('aa bb cc', '> ', 7), ['> aa bb', '  cc'])
    assert.deepEqual(wrap('a-very-long-word x', '', 5), ['a-very-long-word', 'x'])
  })
})

describe('the findings of the doctor', () => {
  it('come the worst first, equal ones in their order', () => {
    assert.deepEqual(worstFirst([note, soon, blocked]), [blocked, soon, note])
    assert.deepEqual(
      [verdictOf([]), verdictOf([note]), verdictOf([note, soon]), verdictOf([soon, blocked])],
      ['ok', 'ok', 'warning', 'failed'],
    )
  })

  it('are all in the documentation, with their level', async () => {
    const text = await readFile('docs/doctor.md', 'utf8')
    const rows = new Set(
      [...text.matchAll(/^\| `([A-Z0-9_]+)` +\| (\w+)/gm)].map(([, code, level]) => `${code} ${level}`),
    )
    assert.deepEqual(rows, new Set(Object.entries(FINDINGS).map(([code, { level }]) => `${code} ${level}`)))
  })
})
