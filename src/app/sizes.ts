/** Sizes as people type them: "10MB", "1.5 kB", "300". */
const units: Record<string, number> = {
  '': 1,
  b: 1,
  k: 1e3,
  m: 1e6,
  g: 1e9,
  ki: 1024,
  mi: 1024 ** 2,
  gi: 1024 ** 3,
}

/** Bytes; null for nothing typed, NaN for what is no size. kB, MB and GB as docker counts them, in thousands. */
export function bytesIn(text: string): number | null {
  const trimmed = text.trim().toLowerCase().replace(',', '.')
  if (trimmed === '') return null
  const [, number, unit] = /^(\d+(?:\.\d+)?)\s*([kmg]?i?)b?$/.exec(trimmed) ?? []
  return number === undefined ? NaN : Math.round(Number(number) * (units[unit] ?? NaN))
}
