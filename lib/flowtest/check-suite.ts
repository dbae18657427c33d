import { PaletteError, isPaletteError } from '../errors.ts'
import { findNode, findTriggered } from './find-node.ts'
import { findEndpoint } from './http-trigger.ts'
import { triggersOf, type ParsedSuite } from './parse-suite.ts'
import type { Topology } from './topology.ts'

type Place = readonly (string | number)[]

interface Reference {
  readonly place: Place
  /** @throws `INPUT_INVALID` when the flow does not have it. */
  readonly find: (topology: Topology, path: string) => unknown
}

/**
 * Checks that each node and endpoint that a case file names is one of the flow.
 *
 * @param file name that errors show.
 * @throws `INPUT_INVALID`: all faults together, each with its line and the candidates.
 */
export function checkReferences({ suite, lineOf }: ParsedSuite, file: string, topology: Topology): void {
  const faults: string[] = []
  for (const { place, find } of references(suite)) {
    try {
      find(topology, pathOf(place))
    } catch (error) {
      if (!isPaletteError(error)) throw error
      const line = lineOf(place)
      faults.push(`${file}${line === undefined ? '' : `:${line}`}: ${error.message}`)
    }
  }
  if (faults.length > 0)
    throw new PaletteError('INPUT_INVALID', faults.join('\n'), { details: { path: file, errors: faults } })
}

const pathOf = (place: Place): string =>
  place.map((name, at) => (typeof name === 'number' ? `[${name}]` : at === 0 ? name : `.${name}`)).join('')

function references(suite: ParsedSuite['suite']): readonly Reference[] {
  const found: Reference[] = []
  const node = (place: Place, name: string | undefined): void => {
    if (name !== undefined) found.push({ place, find: (topology, path) => findNode(topology, name, path) })
  }
  suite.stubs?.forEach((stub, at) => node(['stubs', at, 'node'], stub.node))
  suite.cases.forEach((each, index) => {
    const place = ['cases', index]
    const many = Array.isArray(each.trigger)
    triggersOf(each).forEach((trigger, at) => {
      const where = [...place, 'trigger', ...(many ? [at] : [])]
      node([...where, 'after'], trigger.after)
      const find = trigger.http ? findEndpoint : findTriggered
      found.push({ place: where, find: (topology, path) => find(topology, trigger, path) })
    })
    each.stubs?.forEach((stub, at) => node([...place, 'stubs', at, 'node'], stub.node))
    each.expect.forEach((expectation, at) => {
      node([...place, 'expect', at, 'node'], expectation.node)
      expectation.order?.forEach((name, step) => node([...place, 'expect', at, 'order', step], name))
    })
  })
  return found
}
