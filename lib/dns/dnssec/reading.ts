import type { StrictMessage, StrictRecord } from './message.ts'
import { graft, isBelow, isName, type WireName } from './name.ts'
import { groupSets, TYPE, type RrSet } from './records.ts'

/** What is asked, in wire form. */
export interface WireQuestion {
  readonly name: WireName
  readonly type: number
}

/** What an answer says, believed or not. */
export interface Reading {
  /** The asked name and each alias of it; a loop ends with the repeated name. */
  readonly path: readonly WireName[]
  /** The RRsets that the path and the records rest on, in order. */
  readonly used: readonly RrSet[]
  /** Records of the asked type at the last name; undefined where the answer has none. */
  readonly records: readonly StrictRecord[] | undefined
  readonly authority: readonly RrSet[]
  readonly saysNxdomain: boolean
  /** Nothing is said about the last name of the path: it is to be asked for. */
  readonly stopsAtAlias: boolean
  readonly loops: boolean
  /** A name with two aliases, or an alias that is no name: nobody can follow it. */
  readonly isAmbiguous: boolean
}

/** Longer paths in one answer are not followed. */
const MAX_PATH = 128
const NXDOMAIN = 3

interface Alias {
  readonly set: RrSet
  readonly target: WireName | undefined
}

/** Reads the way from the question through aliases to records out of an answer. */
export function readAnswer(question: WireQuestion, message: StrictMessage): Reading {
  const sets = groupSets(message.answers)
  const authority = groupSets(message.authorities)
  const path = [question.name]
  const used: RrSet[] = []
  const saysNxdomain = message.rcode === NXDOMAIN
  const base = { path, used, authority, saysNxdomain, stopsAtAlias: false, loops: false, isAmbiguous: false }
  for (let at = question.name; ;) {
    const alias = aliasAt(at, sets)
    const found = sets.find(({ owner, type }) => owner === at && type === question.type)
    if (found) {
      // A question for CNAME below a DNAME: the alias is made from it, unsigned.
      const isMade = question.type === TYPE.CNAME && alias?.set.type === TYPE.DNAME
      used.push(isMade ? alias.set : found)
      const isAmbiguous = isMade && alias.target !== onlyTarget(found)
      return { ...base, records: found.records, isAmbiguous }
    }
    if (!alias || question.type === TYPE.CNAME || path.length >= MAX_PATH) {
      const denies = saysNxdomain || authority.some(({ type }) => isDenying(type))
      return { ...base, records: undefined, stopsAtAlias: path.length > 1 && !denies }
    }
    used.push(alias.set)
    if (alias.target === undefined) return { ...base, records: undefined, isAmbiguous: true }
    const loops = path.includes(alias.target)
    path.push(alias.target)
    if (loops) return { ...base, records: undefined, loops }
    at = alias.target
  }
}

const isDenying = (type: number): boolean => type === TYPE.SOA || type === TYPE.NSEC || type === TYPE.NSEC3

/** The alias of a name: its CNAME record, or the one that follows from a DNAME record above (RFC 6672). */
function aliasAt(name: WireName, sets: readonly RrSet[]): Alias | undefined {
  const dname = sets.find(({ owner, type }) => type === TYPE.DNAME && isBelow(name, owner))
  if (dname) {
    const to = onlyTarget(dname)
    return { set: dname, target: to === undefined ? undefined : graft(name, dname.owner, to) }
  }
  const cname = sets.find(({ owner, type }) => type === TYPE.CNAME && owner === name)
  return cname && { set: cname, target: onlyTarget(cname) }
}

/** A name has one alias at most (RFC 2181, section 10.1). */
function onlyTarget({ records }: RrSet): WireName | undefined {
  const [first, ...more] = records
  if (!first || more.some(({ canonical }) => !canonical.equals(first.canonical))) return undefined
  const target = first.canonical.toString('latin1')
  return isName(target) ? target : undefined
}
