import assert from 'node:assert/strict'
import { wireName } from '../../../lib/dns/dnssec/name.ts'
import { readStrict } from '../../../lib/dns/dnssec/message.ts'
import { typeName } from '../../../lib/dns/dnssec/type-names.ts'
import { encodeQuestion } from '../../../lib/dns/query.ts'
import {
  askDelv,
  exchange,
  missingPrograms,
  serveTree,
  startUnbound,
  type Opinion,
} from '../../support/dns-lab.ts'
import { HARD_CASES, hardTree } from '../../support/dns-hard-cases.ts'

/** RD and AD. */
const FLAGS = 0x0120
const AD = 0x0020
const SERVFAIL = 2

async function askUnbound(port: number, name: string, type: number): Promise<Opinion> {
  const query = encodeQuestion({ name: wireName(name), type, flags: FLAGS, edns: { dnssecOk: true } })
  const message = await exchange(port, query, 10_000)
  assert.ok(message, `unbound does not answer for ${name}`)
  const { rcode, flags } = readStrict(message)
  if (rcode === SERVFAIL) return 'bogus'
  return (flags & AD) !== 0 ? 'secure' : 'insecure'
}

const missing = missingPrograms('unbound', 'delv')

describe('the verdicts on the hard cases, beside unbound and delv', () => {
  if (missing.length > 0) {
    it(`are not compared: ${missing.join(', ')} not installed`)
    return
  }
  const tree = hardTree()
  let server: Awaited<ReturnType<typeof serveTree>>
  let unbound: Awaited<ReturnType<typeof startUnbound>>

  before(async function () {
    this.timeout(60_000)
    server = await serveTree(tree)
    unbound = await startUnbound(server.port, tree.anchor)
  })
  after(async () => {
    await unbound.close()
    server.close()
  })

  for (const { name, type = 1, status, differs } of HARD_CASES) {
    it(`${name} ${typeName(type)} is ${status}${differs === undefined ? '' : ` (${differs})`}`, async function () {
      this.timeout(30_000)
      const opinions = {
        unbound: await askUnbound(unbound.port, name, type),
        delv: await askDelv(server.port, tree.anchor, name, typeName(type)),
      }
      const isAgreed = opinions.unbound === status && opinions.delv === status
      assert.equal(isAgreed, differs === undefined, JSON.stringify(opinions))
    })
  }
})
