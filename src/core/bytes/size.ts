/** Sizes in the words of docker: one way of writing them, wherever they are read. */
const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']

/** "7.8MB": decimal units, three significant digits, as `docker images` and `docker history` print them. */
export function sizeWords(bytes: number): string {
  let value = bytes
  let unit = 0
  // 999.5 would round to "1000": one unit further, as people write it.
  while (value >= (unit === 0 ? 1000 : 999.5) && unit < units.length - 1) {
    value /= 1000
    unit += 1
  }
  const digits = value >= 100 || unit === 0 ? 0 : value >= 10 ? 1 : 2
  return `${Number(value.toFixed(digits))}${units[unit]}`
}
