import { nameText } from '../bytes/text'
import { ImageError } from '../fault/fault'
import type { Notices } from '../fault/notice'
import type { ScannedEntry } from '../tar/entry'
import type { TarInput } from '../tar/input'
import { scanTar } from '../tar/scan'
import { TableBuilder } from './builder'
import type { EntryTable } from './table'

/** More entries than any engine could unpack in a day; a guard for the browser's memory, not a limit of the format. */
const MOST_ENTRIES = 20_000_000

/** A builder that has grown to its size is used again: of a hundred small layers each would begin with twenty columns. */
const spare: TableBuilder[] = []
const MOST_SPARE = 4
/** Larger ones are let go: their columns would be held for nothing. */
const SMALL = 20_000

/** Reads one layer's plain tar into a table. Throws as scanTar does; `too-large` beyond 20 million entries. */
export async function scanLayer(
  input: TarInput,
  notices: Notices,
  signal?: AbortSignal,
): Promise<EntryTable> {
  const builder = spare.pop() ?? new TableBuilder()
  const onEntry = (entry: ScannedEntry): void => {
    if (builder.length >= MOST_ENTRIES)
      throw new ImageError('too-large', `More than ${MOST_ENTRIES} entries in one layer.`, {
        at: entry.headerAt,
        path: nameText(entry.path),
      })
    builder.add(entry)
  }
  try {
    const { endsAt } = await scanTar(input, onEntry, notices, signal)
    const { length } = builder
    const table = builder.finish(endsAt)
    if (length <= SMALL && spare.length < MOST_SPARE) spare.push(builder)
    return table
  } finally {
    input.close()
  }
}

/** A layer of no bytes at all: some writers store one for a step that changed nothing. */
export function emptyTable(): EntryTable {
  return new TableBuilder().finish(0)
}
