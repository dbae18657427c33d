import { editDistance } from '../text/edit-distance.ts'

/** The one of `words` that a misspelt word most likely means; undefined where none is near. */
export function nearest(word: string, words: readonly string[]): string | undefined {
  if (word.length > 40) return undefined
  const asked = word.toLowerCase()
  const ranked = words
    .map((known) => ({ known, off: editDistance(asked, known.toLowerCase()) }))
    .sort((a, b) => a.off - b.off)
  const best = ranked[0]
  return best && best.off <= Math.max(1, Math.floor(best.known.length / 3)) ? best.known : undefined
}
