/** Where an entry's body lies in the tar, and which file it holds: sparse maps lie before it or in it. */
import { nameText } from '../bytes/text'
import { ImageError } from '../fault/fault'
import type { Notices } from '../fault/notice'
import { BLOCK, padded, TYPE, type PaxRecord } from './entry'
import { FIELD, readNumber } from './field'
import type { WorkingEntry } from './header'
import type { TarInput } from './input'
import {
  checkedRuns,
  decodeMap10,
  extensionIsExtended,
  isExtended,
  MOST_RUNS,
  OLD_GNU_IN_EXTENSION,
  OLD_GNU_IN_HEADER,
  oldGnuEntries,
  paxSparse,
} from './sparse'

/** Where the body lies, how long it is in the tar, and how long the file is. A promise where a sparse map is to be read for it. */
export function layOut(
  entry: WorkingEntry,
  input: TarInput,
  at: number,
  o: number,
  notices: Notices,
): Promise<void> | null {
  entry.headerEndsAt = entry.bodyAt
  entry.stored = entry.bodyStored = entry.size
  if (entry.type !== TYPE.file && entry.type !== TYPE.other) {
    // A file by its flag, a directory by its name: Go and GNU tar step over its body, so its bytes are no headers.
    if (entry.flag === 0x30 || entry.flag === 0x37) {
      entry.size = 0
      return null
    }
    // Links, directories and devices have no body whatever their size says (Go: isHeaderOnly; GNU tar for hard links).
    if (entry.size !== 0)
      notices.add(
        'warning',
        'tar-size-without-body',
        `A size of ${entry.size} on an entry that has no contents; tools disagree where the next entry starts.`,
        {
          at,
          path: nameText(entry.path),
        },
      )
    entry.size = entry.stored = entry.bodyStored = 0
    return null
  }
  const old = entry.flag === 0x53
  if (!old && !(entry.pax && hasSparse(entry.pax))) return null
  // The window moves on to the map, and what the header said is still to be told.
  entry.path = entry.path.slice()
  entry.link = entry.link.slice()
  return old ? oldGnuSparse(entry, input, at, o) : paxSparseBody(entry, input, at)
}

function hasSparse(pax: readonly PaxRecord[]): boolean {
  return pax.some(({ key }) => key.startsWith('GNU.sparse.'))
}

async function oldGnuSparse(entry: WorkingEntry, input: TarInput, at: number, o: number): Promise<void> {
  const realSize = readNumber(input.window, o + FIELD.realSize[0], FIELD.realSize[1])
  const flat = oldGnuEntries(input.window, o + FIELD.sparse[0], OLD_GNU_IN_HEADER)
  let more = isExtended(input.window, o)
  while (more) {
    const block = await input.take(entry.bodyAt, BLOCK)
    if (block.length < BLOCK) throw new ImageError('truncated', 'The tar ends inside a sparse map.', { at })
    flat.push(...oldGnuEntries(block, 0, OLD_GNU_IN_EXTENSION))
    if (flat.length > 2 * MOST_RUNS)
      throw new ImageError('bad-sparse', `The map of a sparse file has more than ${MOST_RUNS} runs.`, { at })
    more = extensionIsExtended(block, 0)
    entry.bodyAt += BLOCK
  }
  if (!(realSize >= 0))
    throw new ImageError('bad-sparse', 'The real size of a sparse file is not a size.', { at })
  entry.headerEndsAt = entry.bodyAt
  entry.sparse = { runs: checkedRuns(flat, realSize, entry.stored, at), storedAt: entry.bodyAt }
  entry.size = realSize
}

async function paxSparseBody(entry: WorkingEntry, input: TarInput, at: number): Promise<void> {
  const sparse = paxSparse(entry.pax!, at)
  if (!sparse) return
  entry.pax = entry.pax!.filter(({ key }) => !key.startsWith('GNU.sparse.'))
  let flat = sparse.flat
  if (sparse.name) entry.path = sparse.name
  if (sparse.format === '1.0') {
    const map = await mapInBody(entry, input, at)
    flat = map.flat
    entry.bodyAt += map.length
    entry.stored -= map.length
    if (entry.stored < 0)
      throw new ImageError('bad-sparse', 'The map of a sparse file is longer than its body.', { at })
  }
  entry.sparse = { runs: checkedRuns(flat, sparse.realSize, entry.stored, at), storedAt: entry.bodyAt }
  entry.size = sparse.realSize
}

async function mapInBody(
  entry: WorkingEntry,
  input: TarInput,
  at: number,
): Promise<{ flat: number[]; length: number }> {
  for (let length = BLOCK; ; length *= 2) {
    const take = Math.min(length, padded(entry.stored))
    const body = await input.take(entry.bodyAt, take)
    const map = decodeMap10(body, at)
    if (map) return map
    if (body.length < length)
      throw new ImageError('bad-sparse', 'The map of a sparse file does not end.', { at })
  }
}
