/** What was built, opened again with our own reader: nothing is offered that is not what was to be built. */
import type { ByteSource } from '../core/bytes/source'
import { ImageError } from '../core/fault/fault'
import { Notices, type Notice } from '../core/fault/notice'
import type { Archive, Image } from '../core/image/image'
import { pathBytesOf } from '../core/layer/rows'
import type { EntryTable } from '../core/layer/table'
import { copiesAt } from '../core/rebuild/copies'
import { blobName, type Described, type Documents } from '../core/rebuild/document'
import { notAfter } from '../core/rebuild/layer'
import type { Slot, StackPlan } from '../core/rebuild/stack'
import { firstDifference } from '../core/rootfs/same'
import type { Tree } from '../core/rootfs/tree'
import { absolute, applyLayer, unite } from '../core/rootfs/union'
import { openArchiveIn } from './open'
import type { BuiltLayer } from './layer-maker'
import type { RebuildInput } from './rebuild'

function unproved(what: string, path?: string): ImageError {
  const words = `The archive that was built ${what}. It is not offered; please report this.`
  return new ImageError('internal', words, path === undefined ? {} : { path })
}

/**
 * The documents name each other, and our reader finds the images that were to be built, and no other. What it finds
 * fault with that was there before (a history that is too long, say) is said, and no reason to hold the archive back.
 */
export async function proveDocuments(
  archive: ByteSource,
  documents: Documents,
  { image, company, signal }: RebuildInput,
): Promise<{ readonly opened: Archive; readonly notices: readonly Notice[] }> {
  const opened = await openArchiveIn(archive, signal)
  const { before = [], after = [] } = company?.images ?? {}
  const platforms = (company?.platforms ?? []).map(({ id, manifest }) => ({
    configDigest: id,
    manifestDigest: manifest!.digest,
  }))
  const due = new Map(
    [...before, documents, ...after, ...platforms].map(({ configDigest, manifestDigest }) => [
      `${configDigest} ${manifestDigest}`,
      configDigest,
    ]),
  )
  const found = opened.images.map(({ id, manifest }) => `${id} ${manifest?.digest}`)
  if (!found.every((key) => due.has(key)) || ![...due.keys()].every((key) => found.includes(key)))
    throw unproved('does not read back as the image it should be')
  for (const companion of [...before, ...after]) proveCompanion(opened.images, companion)
  const built = opened.images.find(({ id }) => id === documents.configDigest)!
  const known = new Set(image.notices.map(({ code }) => code))
  // manifest.json knows one platform of a name; the others are in the index alone, as they should be.
  const inIndexes = new Set(platforms.map(({ manifestDigest }) => blobName(manifestDigest)))
  const isMeant = ({ code, where }: Notice): boolean =>
    code === 'only-in-index' && inIndexes.has(where.member ?? '')
  const notices = [...opened.notices.filter((notice) => !isMeant(notice)), ...built.notices].map((notice) =>
    notice.severity === 'error' && known.has(notice.code)
      ? {
          ...notice,
          severity: 'warning' as const,
          message: `As in the archive that was opened: ${notice.message}`,
        }
      : notice,
  )
  return { opened, notices }
}

/** Layer by layer the stored bytes that the other image had. */
function proveCompanion(images: readonly Image[], { configDigest, manifestDigest, layers }: Described): void {
  const image = images.find(({ id, manifest }) => id === configDigest && manifest?.digest === manifestDigest)
  const same =
    image?.layers.length === layers.length &&
    layers.every(({ diffId, digest, size, absent }, i) => {
      const layer = image.layers[i]
      return layer.diffId === diffId && layer.digest === digest && (absent || layer.storedBytes === size)
    })
  if (!same) throw unproved(`does not hold the image ${configDigest.slice(7, 19)} as it was`)
}

/**
 * Layers that stay as they are must be what they are called: no engine loads an image with one that is not. What nobody has
 * looked at yet is not looked at now: no untouched byte is read for an export, and the page says that verification goes on.
 * Throws `digest-mismatch`.
 */
export function proveKept(
  layers: readonly BuiltLayer[],
  { verified = () => null }: Pick<RebuildInput, 'verified'>,
): void {
  for (const { slot, stored, plain: written } of layers) {
    if (written !== null || stored === null) continue
    const { layer } = slot as Extract<Slot, { kind: 'layer' }>
    if (verified(layer) === false)
      throw new ImageError(
        'digest-mismatch',
        `Layer ${layer} is not what its diff_id and digest say: engines refuse an image with it. Save the image again where it came from; or take the build flatten, or squash from this layer on, which write anew what can be read of it.`,
        { layer },
      )
  }
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
  const now = { tree: united(tables, input), sources: { tables, upper: [] } }
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

/** The union of what was built. Where it stands on all layers as they were opened, what those come to is known. */
function united(tables: readonly EntryTable[], { union, tables: opened, image }: RebuildInput): Tree {
  const { length } = image.layers
  const known = union && length > 0 && image.layers.every((_, i) => tables[i] === opened[i])
  if (!known) return unite(tables)
  const tree = union.clone()
  for (let layer = length; layer < tables.length; layer++) applyLayer(tree, tables, layer)
  return tree
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
  const left = copiesAt(tables, plan.scrubbed).find(({ layer, what }) => !isTop(layer) || what !== 'entry')
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
