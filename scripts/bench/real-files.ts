/**
 * Files as machines have them, for an image whose sizes are not ours to choose: of this machine's /usr, every so many in
 * the order of their paths. In /usr of a Debian half of the bytes of such files lie in files over a megabyte; generated images
 * have none of more than six times the mean.
 */
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

export interface RealFile {
  readonly path: string
  readonly size: number
}

const TOP = '/usr'
/** Bytes. A browser or a language's whole library would be all of the image. */
const LARGEST = 20e6

/**
 * `count` files in the order of their paths, fewer where this machine has not so many. Of a Debian with a browser and a
 * compiler they come to 550 MB for 20,000; never to more than half as much again as `bytes`.
 */
export function realFiles(count: number, bytes: number): RealFile[] {
  const all = [...filesBelow(TOP)].filter(({ size }) => size <= LARGEST)
  const step = Math.max(1, all.length / count)
  const some = Array.from({ length: Math.min(count, all.length) }, (_, i) => all[Math.floor(i * step)])
  let sum = 0
  return some.filter(({ size }) => (sum += size) <= bytes * 1.5)
}

function* filesBelow(folder: string): Generator<RealFile> {
  const entries = readdirSync(folder, { withFileTypes: true })
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) yield* filesBelow(path)
    else if (entry.isFile()) yield { path, size: statSync(path).size }
  }
}
