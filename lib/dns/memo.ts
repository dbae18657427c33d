import type { Link, LinkMemo } from './dnssec/chain.ts'

const MAX_LINKS = 20_000

/** Keeps proven delegations and keys, the least recently used go first. Scopes (servers and anchors) do not mix. */
export async function createMemo(max = MAX_LINKS): Promise<(scope: string) => LinkMemo> {
  const { LRUCache } = await import('lru-cache')
  const links = new LRUCache<string, Link>({ max })
  return (scope) => ({
    get: (name) => links.get(`${name} ${scope}`),
    set: (name, link) => {
      links.set(`${name} ${scope}`, link)
    },
  })
}

let shared: Promise<(scope: string) => LinkMemo> | undefined

/** The memory of this process, made on first use. */
export const sharedMemo = (): Promise<(scope: string) => LinkMemo> => (shared ??= createMemo())
