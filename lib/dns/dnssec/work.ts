import { bogus, EDE, type Flaw } from './verdict.ts'

/** What one resolution may spend (against CVE-2023-50387 and CVE-2023-50868), far above what real zones need. */
const LIMITS = { checks: 160, queries: 80, hashes: 40 }

/** Signatures that are tried for one RRset. */
export const MAX_CHECKS_PER_SET = 8
/** Keys of one tag and algorithm that are tried. */
export const MAX_KEYS_PER_TAG = 4
/** NSEC3 iterations (RFC 9276); above them a zone counts as unsigned. */
export const MAX_ITERATIONS = 150

/** Thrown when the work for a resolution is used up. */
export class WorkExceeded extends Error {
  readonly flaw: Flaw

  constructor(what: string) {
    super(`validation needs more than ${what}`)
    this.flaw = bogus(
      EDE.OTHER,
      `the answer needs more than ${what} to be validated, which no honest zone does`,
    )
  }
}

/** Counts the work of one resolution. */
export class Work {
  readonly #left = { ...LIMITS }

  /** @throws WorkExceeded */
  spend(what: keyof typeof LIMITS): void {
    this.#left[what] -= 1
    if (this.#left[what] < 0) throw new WorkExceeded(`${LIMITS[what]} ${NAMES[what]}`)
  }
}

const NAMES = { checks: 'signature checks', queries: 'queries', hashes: 'NSEC3 hashes' }
