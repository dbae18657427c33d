import type { Answer } from './answer.ts'
import { dnsFault, withChain } from './faults.ts'
import { absolute } from './names.ts'
import type { Question } from './query.ts'

/** An answer with its place in time. */
export interface Found {
  readonly answer: Answer
  /** Unix milliseconds. */
  readonly expiresAt: number
  readonly cached: boolean
}

/** What the walk along the aliases of a name found for one record type. */
export interface Walked {
  /** The asked name and each alias target; of length 1 when the name is no alias. */
  readonly chain: readonly string[]
  readonly values: readonly unknown[]
  /** The answers that it took, in order. */
  readonly links: readonly Found[]
}

/**
 * Looks a record type up and follows aliases: those that an answer holds, and by asking on where it stops. A question for
 * CNAME gives the alias of the name itself, and its chain is walked to the end all the same.
 *
 * @throws `DNS_NXDOMAIN`, `DNS_CNAME_LOOP`, `DNS_CNAME_TOO_LONG`, and what `ask` throws; all with the chain so far.
 */
export async function walk(
  question: Question,
  maxHops: number,
  ask: (question: Question) => Found | Promise<Found>,
): Promise<Walked> {
  const chain = [question.name]
  const links: Found[] = []
  try {
    for (;;) {
      const asked = { name: chain.at(-1) ?? '', type: question.type }
      const found = await ask(asked)
      links.push(found)
      if (found.answer.isWithheld) {
        // Where it claims to lead may help to find the fault, but is not worth a check.
        chain.push(...found.answer.path.slice(1, maxHops + 1))
        return { chain, links, values: [] }
      }
      for (const target of targets(found.answer, asked)) extend(chain, target, maxHops)
      if (!found.answer.exists) throw nxdomain(chain, found.answer)
      if (isEnd(found.answer, asked))
        return { chain, links, values: links[0] ? valuesOf(links, question) : [] }
    }
  } catch (error) {
    throw withChain(error, question.name || '.', chainText(chain))
  }
}

/** A chain as results show it: absolute names, nothing for a name without an alias. */
export const chainText = (chain: readonly string[]): string[] => (chain.length > 1 ? chain.map(absolute) : [])

const valuesOf = (links: readonly Found[], { type }: Question): readonly unknown[] =>
  (type === 'CNAME' ? links[0] : links.at(-1))?.answer.values ?? []

function targets(answer: Answer, { type }: Question): readonly string[] {
  if (type !== 'CNAME') return answer.path.slice(1)
  const [alias] = answer.values
  return typeof alias === 'string' ? [alias === '.' ? '' : alias] : []
}

const isEnd = (answer: Answer, { type }: Question): boolean =>
  type === 'CNAME' ? answer.values.length === 0 : answer.final

function extend(chain: string[], target: string, maxHops: number): void {
  const known = chain.includes(target)
  chain.push(target)
  if (known) {
    throw dnsFault(
      'DNS_CNAME_LOOP',
      `The aliases of \`${absolute(chain[0] ?? '')}\` form a loop at \`${absolute(target)}\``,
    )
  }
  if (chain.length - 1 > maxHops) {
    throw dnsFault(
      'DNS_CNAME_TOO_LONG',
      `\`${absolute(chain[0] ?? '')}\` has more than ${maxHops} aliases in a row (\`maxCnameHops\`)`,
    )
  }
}

function nxdomain(chain: readonly string[], answer: Answer): Error {
  const [first = '', ...more] = chain
  const missing = absolute(more.at(-1) ?? first)
  const via = more.length > 0 ? `, to which \`${absolute(first)}\` is an alias,` : ''
  return dnsFault('DNS_NXDOMAIN', `The name \`${missing}\`${via} does not exist`, {
    ede: answer.ede,
    server: answer.server,
    dnssec: answer.security,
  })
}
