import { ROOT, wireName } from '../../../../lib/dns/dnssec/name.ts'
import { readStrict } from '../../../../lib/dns/dnssec/message.ts'
import { Validator, type Validated } from '../../../../lib/dns/dnssec/validator.ts'
import { Work } from '../../../../lib/dns/dnssec/work.ts'
import { createMemo } from '../../../../lib/dns/memo.ts'
import { anchorsOf } from '../../../../lib/dns/trust-anchors.ts'
import { encodeStrictQuery } from '../../../../lib/dns/validating.ts'
import type { DnsTree, Tamper } from '../../../support/dns-tree.ts'

/** Counts what is spent of the limits. */
class CountedWork extends Work {
  readonly spent = { checks: 0, queries: 0, hashes: 0 }

  override spend(what: 'checks' | 'queries' | 'hashes'): void {
    this.spent[what] += 1
    super.spend(what)
  }
}

/** A validator over a tree in memory. */
export async function judgeOf(
  tree: DnsTree,
  options: { now?: () => number; anchors?: string } = {},
): Promise<{
  asked: number
  /** What the last verdict cost. */
  spent: { readonly checks: number; readonly queries: number; readonly hashes: number }
  judge(name: string, type?: number, tamper?: Tamper): Promise<Validated>
}> {
  const clock = { now: options.now ?? (() => Date.now()) }
  const memo = (await createMemo(1000))('')
  const validator = new Validator({ clock, anchors: anchorsOf(options.anchors ?? tree.anchor), memo })
  const self = {
    asked: 0,
    spent: { checks: 0, queries: 0, hashes: 0 },
    judge: (name: string, type = 1, tamper?: Tamper): Promise<Validated> => {
      const fetch = (at: string, of: number) => {
        self.asked += 1
        return Promise.resolve(readStrict(tree.answer(encodeStrictQuery(at, of), tamper)))
      }
      const question = { name: name === '' ? ROOT : wireName(name), type }
      const message = readStrict(tree.answer(encodeStrictQuery(question.name, type), tamper))
      const work = new CountedWork()
      self.spent = work.spent
      return validator.validate(question, message, { work, signal: undefined, fetch })
    },
  }
  return self
}
