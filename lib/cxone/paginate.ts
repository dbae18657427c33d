import { abortReason } from '../concurrency/abort.ts'
import { inputError, PaletteError, show } from '../errors.ts'
import { safeUrl } from '../http/safe-url.ts'
import type { CxoneAnswer, CxoneCall, CxoneClient } from './access.ts'
import { isTooDeep } from './depth.ts'
import { readPage, type Page } from './records.ts'
import type { Pagination } from './request-choices.ts'

/** All records of a list, and what it took. `answer` is the last page's, with the sums of all pages. */
export interface Pages {
  readonly records: readonly unknown[]
  readonly pages: number
  readonly answer: CxoneAnswer
}

const DEFAULT_TOP = 100 // the most that CXone's lists are known to give at a time
const MAX_PAGES = 10_000

/**
 * Reads all pages of a list into one flat array.
 *
 * `skip-top` counts on by the records it got until `totalRecords` are there, or a page is empty or shorter than the
 * first. `next-link` follows `_links.next`, `next` or a `Link` header, on the same API base only.
 *
 * @throws `INPUT_INVALID` for a `skip` or `top` that is no whole number; `CXONE_UNEXPECTED_RESPONSE` for a page
 * without records, pages that repeat, or a link to another place; and the codes of the client.
 */
export function readPages(
  client: CxoneClient,
  call: CxoneCall,
  pagination: Exclude<Pagination, 'none'>,
): Promise<Pages> {
  const reader = new PageReader(client, call)
  return pagination === 'skip-top' ? reader.skipTop() : reader.nextLink()
}

class PageReader {
  readonly #client: CxoneClient
  readonly #call: CxoneCall
  readonly #resource: string
  readonly #records: unknown[] = []
  #pages = 0
  #answer: CxoneAnswer | undefined

  constructor(client: CxoneClient, call: CxoneCall) {
    this.#client = client
    this.#call = call
    this.#resource = call.path.split('?')[0]?.split('/').findLast(Boolean) ?? ''
  }

  async skipTop(): Promise<Pages> {
    const { query = {} } = this.#call
    const top = wholeNumber(query, 'top', DEFAULT_TOP, 1)
    const begin = wholeNumber(query, 'skip', 0, 0)
    let before = ''
    let first = 0
    for (;;) {
      const skip = begin + this.#records.length
      const page = await this.#read({ ...this.#call, query: { ...query, skip, top } })
      const text = JSON.stringify(page.records)
      if (page.records.length > 0 && text === before) {
        // A server that knows no `skip` repeats its only page for ever.
        if (this.#pages === 2 && first < top) return this.#done()
        throw this.#fault('the server gives the same page again and again')
      }
      before = text
      first ||= page.records.length
      this.#take(page)
      const end =
        page.total === undefined ? page.records.length < first : skip + page.records.length >= page.total
      if (page.records.length === 0 || end) return this.#done()
    }
  }

  async nextLink(): Promise<Pages> {
    const seen = new Set<string>()
    let call = this.#call
    for (;;) {
      const page = await this.#read(call)
      this.#take(page)
      if (page.next === undefined) return this.#done()
      const path = this.#pathOf(page.next)
      if (seen.has(path)) throw this.#fault('the links to the next page run in a circle')
      seen.add(path)
      call = { ...this.#call, path, query: {} } // the link brings its own query
    }
  }

  async #read(call: CxoneCall): Promise<Page> {
    if (call.signal?.aborted) throw abortReason(call.signal)
    if (this.#pages >= MAX_PAGES) throw this.#fault(`there are more than ${MAX_PAGES} pages`)
    const answer = await this.#client.call(call)
    this.#pages += 1
    const sum = this.#answer
    this.#answer = {
      ...answer,
      attempts: answer.attempts + (sum?.attempts ?? 0),
      latencyMs: answer.latencyMs + (sum?.latencyMs ?? 0),
      elapsedMs: answer.elapsedMs + (sum?.elapsedMs ?? 0),
    }
    if (isTooDeep(answer.json)) throw this.#fault('a page is nested too deeply')
    const page = answer.json === null ? EMPTY : readPage(answer.json, this.#resource, answer.headers['link'])
    if (!page)
      throw this.#fault(`no list of records is in the answer; set \`paginate\` to none to get it as it is`)
    return page
  }

  #take(page: Page): void {
    for (const record of page.records) this.#records.push(record)
  }

  #done(): Pages {
    return { records: this.#records, pages: this.#pages, answer: this.#answer as CxoneAnswer }
  }

  // The link as a path below the API base: the token must not follow it elsewhere.
  #pathOf(link: string): string {
    const answered = this.#answer as CxoneAnswer
    const base = safeUrl(answered.base).replace(/\/$/, '') // spelt as the link is
    const url = URL.parse(link, answered.url)
    const below = url && `${url.origin}${url.pathname}`.startsWith(`${base}/`)
    if (!below)
      throw this.#fault(`the link to the next page leads elsewhere, to ${show(safeUrl(url?.href ?? link))}`)
    const path = `${url.origin}${url.pathname}`.slice(base.length) + url.search
    return path.replace(/[{}]/g, encodeURIComponent) // braces of a link are no path values
  }

  #fault(why: string): PaletteError {
    const { url, status, attempts } = this.#answer ?? { url: '', status: 0, attempts: 0 }
    return new PaletteError('CXONE_UNEXPECTED_RESPONSE', `Reading the pages of ${url} failed: ${why}`, {
      details: { url, status, attempts, pages: this.#pages },
    })
  }
}

function wholeNumber(
  query: NonNullable<CxoneCall['query']>,
  name: 'skip' | 'top',
  fallback: number,
  min: number,
): number {
  const given: unknown = query[name]
  if (given === undefined || given === null || given === '') return fallback
  const number = typeof given === 'string' && /^\d+$/.test(given) ? Number(given) : given
  if (typeof number === 'number' && Number.isSafeInteger(number) && number >= min) return number
  throw inputError(
    `query.${name}`,
    `Expected \`query.${name}\` to be a whole number from ${min}, got ${show(given)}`,
  )
}

const EMPTY: Page = { records: [], total: undefined, next: undefined }
