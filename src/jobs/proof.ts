/** What was built, opened again with our own reader: nothing is offered that is not what was to be built. */
import type { ByteSource } from '../core/bytes/source'
import { ImageError } from '../core/fault/fault'
import { Notices, type Notice } from '../core/fault/notice'
import { pathBytesOf } from '../core/layer/rows'
import type { EntryTable } from '../core/layer/table'
import { copiesOf } from '../core/rebuild/copies'
import type { Documents, LayerDescriptor } from '../core/rebuild/document'
import { notAfter } from '../core/rebuild/layer'
import type { Slot, StackPlan } from '../core/rebuild/stack'
import { firstDifference } from '../core/rootfs/same'
import { absolute, unite } from '../core/rootfs/union'
import { openArchiveIn } from './open'
import type { RebuildInput } from './rebuild'

export interface BuiltLayer {
  /** Null for the one layer of a flattened image. */
  readonly slot: Slot | null
  readonly descriptor: LayerDescriptor
  /** Null for a foreign layer that is not in the archive. */
  readonly stored: ByteSource | null
  /** The plain tar of a layer that was written; null for one that stays as it was. */
  readonly plain: ByteSource | null
}

function unproved(what: string, path?: string): ImageError {
  const words = `The archive that was built ${what}. It is not offered; please report this.`
  return new ImageError('internal', words, path === undefined ? {} : { path })
}

/** The documents name each other, and our reader finds the image that was to be built. */
export async function proveDocuments(
  archive: ByteSource,
  documents: Documents,
  signal: AbortSignal | undefined,
): Promise<readonly Notice[]> {
  const opened = await openArchiveIn(archive, signal)
  const image = opened.images[0]
  const isIt =
    opened.images.length === 1 &&
    image.id === documents.configDigest &&
    image.manifest?.digest === documents.manifestDigest
  if (!isIt) throw unproved('does not read back as the image it should be')
  return [...opened.notices, ...image.notices]
}

/** The layers, those that were written read anew, give the tree that was on screen; what was scrubbed is in none of them. */
export async function proveTree(
  layers: readonly BuiltLayer[],
  plan: StackPlan | null,
  input: RebuildInput,
): Promise<readonly Notice[]> {
  const notices = new Notices()
  const tables: EntryTable[] = []
  for (const layer of layers) tables.push(await tableOf(layer, input, notices))
  const now = { tree: unite(tables), sources: { tables, upper: [] } }
  const clamp = notAfter(input.epoch)
  const found = firstDifference(
    input.edited,
    now,
    (asked, built) => built === asked || built === clamp(asked),
  )
  if (found) throw unproved(`differs from what is on screen at ${found.path}: ${found.what}`, found.path)
  proveScrubbed(layers, tables, plan)
  return notices.list
}

async function tableOf(
  { slot, plain }: BuiltLayer,
  { tables, pool, signal }: RebuildInput,
  notices: Notices,
): Promise<EntryTable> {
  if (plain === null) return tables[(slot as Extract<Slot, { kind: 'layer' }>).layer]
  const scanned = await pool.scan(plain, 'none', { signal })
  notices.addAll(scanned.notices)
  return scanned.table
}

/** A path may be scrubbed below and written anew on top. Asked twice: by what rows mean, and by how they are spelt. */
function proveScrubbed(
  layers: readonly BuiltLayer[],
  tables: readonly EntryTable[],
  plan: StackPlan | null,
): void {
  if (!plan || plan.scrubbed.length === 0) return
  const isTop = (layer: number): boolean => layers[layer].slot?.kind === 'top'
  const left = copiesOf(tables, plan.scrubbed).find(({ layer, what }) => !isTop(layer) || what !== 'entry')
  if (left) throw unproved(`still holds ${left.path} in layer ${left.layer}`, left.path)
  const scrubbed = new Set(plan.scrubbed)
  tables.forEach((table, layer) => {
    if (isTop(layer)) return
    for (let row = 0; row < table.length; row++) {
      const path = absolute(pathBytesOf(table, row)).replace(/\/\.wh\.(?=[^/]*$)/, '/')
      if (isAtOrBelow(path, scrubbed)) throw unproved(`still names ${path} in layer ${layer}`, path)
    }
  })
}

function isAtOrBelow(path: string, tops: ReadonlySet<string>): boolean {
  for (let end = path.length; end > 0; end = path.lastIndexOf('/', end - 1))
    if (tops.has(path.slice(0, end))) return true
  return false
}
