/** A rewritten layer as ranges of the old plain tar with a few headers between: nothing that stays is encoded again. */
import { MemorySource, type ByteSource, type Bytes } from '../bytes/source'
import { bodyAtOf, contentOf, headerAtOf, pathBytesOf } from '../layer/rows'
import { entryAt } from '../rootfs/entry'
import { BLOCK, padded, TYPE } from '../tar/entry'
import { encodeHeader, END, paddingOf } from '../tar/write'
import { asItIs, dated, type Clamp } from './layer'
import type { RewrittenLayer } from './rewrite'

/** A run of the new tar. */
export type Run =
  | { readonly kind: 'copy'; readonly at: number; readonly length: number }
  /** A row whose header is written anew; its contents stay where they are. */
  | { readonly kind: 'row'; readonly row: number }

/** Rows in their old order; neighbours that stay are one run. Without the end of the tar. */
export function runsOf({ table, gone, changed }: RewrittenLayer): Run[] {
  const runs: Run[] = []
  for (let row = 0; row < table.length; row++) {
    if (changed.has(row)) runs.push({ kind: 'row', row })
    if (changed.has(row) || gone.has(row)) continue
    const at = headerAtOf(table, row)
    const end = row + 1 < table.length ? headerAtOf(table, row + 1) : table.endsAt
    const last = runs.at(-1)
    if (last?.kind === 'copy' && last.at + last.length === at)
      runs[runs.length - 1] = { ...last, length: end - last.at }
    else runs.push({ kind: 'copy', at, length: end - at })
  }
  return runs
}

/** The new plain tar; `clamp` dates the headers that are written anew. */
export async function rewrittenParts(
  plain: ByteSource,
  rewritten: RewrittenLayer,
  clamp: Clamp = asItIs,
): Promise<ByteSource[]> {
  const globals = await globalHeaders(plain, rewritten)
  const parts: ByteSource[] = globals.map((header) => new MemorySource(header))
  for (const run of runsOf(rewritten))
    if (run.kind === 'copy') parts.push(plain.slice(run.at, run.length))
    else parts.push(...rowParts(plain, rewritten, run.row, clamp))
  parts.push(new MemorySource(END))
  return parts
}

function rowParts(plain: ByteSource, { table }: RewrittenLayer, row: number, clamp: Clamp): ByteSource[] {
  const { content: _, ...entry } = entryAt([table], 0, row)
  const content = contentOf(plain, table, row)
  const mtime = clamp(entry.mtime)
  const isLink = entry.type === TYPE.hardlink
  const header = encodeHeader({
    ...entry,
    path: pathBytesOf(table, row),
    size: content.size,
    mtime,
    pax: isLink ? [] : dated(entry.pax, mtime === entry.mtime),
  })
  return [new MemorySource(header), content, new MemorySource(paddingOf(content.size))]
}

/**
 * Global PAX headers that stand before a row which is not copied: they speak of rows behind it too. They are put
 * first: what comes before them is rare, and git, which writes them, puts them first itself.
 */
async function globalHeaders(plain: ByteSource, { table, gone, changed }: RewrittenLayer): Promise<Bytes[]> {
  const headers: Bytes[] = []
  for (const row of [...gone, ...changed].sort((a, b) => a - b)) {
    const from = headerAtOf(table, row)
    const to = headerEnd(plain, from, row, table)
    if (to - from <= BLOCK) continue
    headers.push(...(await globalsIn(plain, from, to)))
  }
  return headers
}

/** A gone row's body offset is still its own; that of a row which took another's data is not, so its neighbour's header ends the search. */
function headerEnd(plain: ByteSource, from: number, row: number, table: RewrittenLayer['table']): number {
  const next = row + 1 < table.length ? headerAtOf(table, row + 1) : table.endsAt
  const body = bodyAtOf(table, row)
  return Math.min(plain.size, body > from && body <= next ? body : next)
}

async function globalsIn(plain: ByteSource, from: number, to: number): Promise<Bytes[]> {
  const found: Bytes[] = []
  for (let at = from; at + BLOCK < to;) {
    const block = await plain.read(at, BLOCK)
    const flag = String.fromCharCode(block[156])
    if (!'gxLKX'.includes(flag)) break
    const size = parseInt(String.fromCharCode(...block.subarray(124, 136)), 8) || 0
    const length = BLOCK + padded(size)
    if (flag === 'g' && at + length <= to) found.push(await plain.read(at, length))
    at += length
  }
  return found
}
