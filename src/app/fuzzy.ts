/** Words of our own (commands, fields, steps) that fit what was typed: parts first, then letters in order. */

/** In a long text, letters in order are found anywhere and mean nothing. */
const longest = 64

/** How well `text` fits: 0 and up, smaller is better; -1 where it does not. */
export function fuzzy(text: string, query: string): number {
  const [hay, needle] = [text.toLowerCase(), query.trim().toLowerCase()]
  if (needle === '') return 0
  const at = hay.indexOf(needle)
  if (at >= 0) return at === 0 ? 0 : /[^a-z0-9]/.test(hay[at - 1]) ? 1 : 2
  if (hay.length > longest) return -1
  let next = 0
  for (const letter of hay) if (letter === needle[next]) next++
  return next === needle.length ? 3 + hay.length / 1000 : -1
}

/** Those that fit, best first, at most `limit`. */
export function fitting<T>(
  items: readonly T[],
  query: string,
  textOf: (item: T) => string,
  limit: number,
): T[] {
  return items
    .map((item) => ({ item, fit: fuzzy(textOf(item), query) }))
    .filter(({ fit }) => fit >= 0)
    .sort((a, b) => a.fit - b.fit)
    .slice(0, limit)
    .map(({ item }) => item)
}
