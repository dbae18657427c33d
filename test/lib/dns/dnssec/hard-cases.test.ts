import assert from 'node:assert/strict'
import { typeName } from '../../../../lib/dns/dnssec/type-names.ts'
import { HARD_CASES, hardTree } from '../../../support/dns-hard-cases.ts'
import { judgeOf } from './judge.ts'

describe('the validator', () => {
  const tree = hardTree()

  for (const { name, type = 1, status, ede, exists } of HARD_CASES) {
    it(`finds ${name} ${typeName(type)} ${status}${exists === false ? ', not existing' : ''}`, async () => {
      const { judge } = await judgeOf(tree)
      const { security, exists: found, isWithheld } = await judge(name, type)
      assert.equal(security.status, status, security.reason)
      if (ede)
        assert.ok(ede.includes(security.ede?.code ?? -1), `EDE ${security.ede?.code}: ${security.reason}`)
      if (exists !== undefined) assert.equal(found, exists)
      assert.equal(isWithheld, status === 'bogus')
      assert.ok(security.reason.length > 10)
    })
  }
})
