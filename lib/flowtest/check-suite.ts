import { PaletteError, isPaletteError } from '../errors.ts'
import { findNode } from './find-node.ts'
import { triggersOf, type ParsedSuite } from './parse-suite.ts'
import type { Topology } from './topology.ts'

type Place = readonly (string | number)[]

/**
 * Checks that each node that a case file names is one of the flow.
 *
 * @param file name that errors show.
 * @throws `INPUT_INVALID`: all faults together, each with its line and the candidates.
 */
export function checkReferences({ suite, lineOf }: ParsedSuite, file: string, topology: Topology): void {
  const faults: string[] = []
  for (const [place, reference] of references(suite)) {
    try {
      findNode(topology, reference, pathOf(place))
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

function references(suite: ParsedSuite['suite']): readonly (readonly [Place, string])[] {
  const found: [Place, string][] = []
  suite.stubs?.forEach(({ node }, at) => found.push([['stubs', at, 'node'], node]))
  suite.cases.forEach((each, index) => {
    const place = ['cases', index]
    const many = Array.isArray(each.trigger)
    triggersOf(each).forEach(({ node }, at) =>
      found.push([[...place, 'trigger', ...(many ? [at] : []), 'node'], node]),
    )
    each.stubs?.forEach(({ node }, at) => found.push([[...place, 'stubs', at, 'node'], node]))
    each.expect.forEach(({ node, order }, at) => {
      if (node !== undefined) found.push([[...place, 'expect', at, 'node'], node])
      order?.forEach((name, step) => found.push([[...place, 'expect', at, 'order', step], name]))
    })
  })
  return found
}
