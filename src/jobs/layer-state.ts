/** What is known of one layer while it is read, verified and kept; and what of that the page is told. */
import type { LayerView } from '../../workers/api'
import type { ByteSource } from '../core/bytes/source'
import type { Fault } from '../core/fault/fault'
import type { Layer } from '../core/image/image'
import { sizeOf } from '../core/layer/rows'
import type { EntryTable } from '../core/layer/table'
import type { LayerCounts } from '../core/rootfs/union'
import { TYPE } from '../core/tar/entry'
import type { Spill } from './spill'

export interface LayerState {
  readonly layer: Layer
  table: EntryTable | null
  /** The scanner found fault with it: its words are not kept with the table, so it is scanned anew. */
  remarked: boolean
  plain: ByteSource | null
  /** The same through the cache of windows. */
  reading: ByteSource | null
  plainBytes: number | null
  state: LayerView['state']
  fault: Fault | null
  verified: boolean | null
  kept: boolean
  /** Where the plain form of a compressed layer was put while it was read. */
  spill: Spill | null
  counts: LayerCounts
}

/** The same bytes by the archive's own word: a diff_id alone is a claim, and two members may make the same one. */
export function sameLayer(a: Layer, b: Layer): boolean {
  return a.diffId === b.diffId && a.memberIndex === b.memberIndex && a.memberIndex >= 0
}

export function viewOf({
  layer,
  state,
  fault,
  verified,
  kept,
  counts,
  table,
  plainBytes,
}: LayerState): LayerView {
  return {
    index: layer.index,
    diffId: layer.diffId,
    chainId: layer.chainId,
    digest: layer.digest ?? '',
    mediaType: layer.mediaType,
    compression: layer.compression,
    storedBytes: layer.storedBytes,
    plainBytes,
    member: layer.member ?? '',
    state,
    fault,
    verified,
    kept,
    entries: table?.length ?? 0,
    fileBytes: table ? fileBytes(table) : 0,
    ...counts,
  }
}

const sums = new WeakMap<EntryTable, number>()
function fileBytes(table: EntryTable): number {
  let sum = sums.get(table)
  if (sum === undefined) {
    sum = 0
    for (let row = 0; row < table.length; row++) if (table.type[row] === TYPE.file) sum += sizeOf(table, row)
    sums.set(table, sum)
  }
  return sum
}
