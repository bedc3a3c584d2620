/** Drawn images rebuilt, for tests: a drawing, lines of a recipe and a build; what comes out as text. */
import { MemorySource, readAll, type ByteSource, type Bytes } from '../core/bytes/source'
import { utf8 } from '../core/bytes/text'
import { Ground } from '../core/edit/ground'
import { added, EMPTY_JOURNAL } from '../core/edit/journal'
import type { Operation } from '../core/edit/operation'
import type { Archive, Image } from '../core/image/image'
import { pathBytesOf, linkTextOf } from '../core/layer/rows'
import type { EntryTable } from '../core/layer/table'
import { absolute } from '../core/rootfs/union'
import { TYPE } from '../core/tar/entry'
import { buildArchive, type ArchiveOptions } from '../testkit/archive'
import { rebuildInputOf } from './edited-image'
import { replay, tagsInForce } from './edits'
import { Layers } from './layers'
import { memoryStores } from './memory-stores'
import { openArchiveIn, openSource } from './open'
import { inlinePool } from './pool'
import { rebuild, type Rebuilt, type RebuildInput } from './rebuild'
import { unseenTask } from './tasks'

export interface OpenedImage {
  readonly archive: Archive
  readonly image: Image
  readonly layers: Layers
}

export async function openedImage(bytes: Bytes): Promise<OpenedImage> {
  const { tar } = await openSource(new MemorySource(bytes))
  const archive = await openArchiveIn(tar)
  const [image] = archive.images
  const layers = new Layers({
    image,
    pool: inlinePool,
    stores: memoryStores(),
  })
  await layers.scan(unseenTask())
  await layers.verify(unseenTask())
  return { archive, image, layers }
}

export type RebuildOptions = Partial<
  Pick<RebuildInput, 'build' | 'format' | 'squashFrom' | 'gzip' | 'epoch' | 'tags'>
> & {
  readonly source?: ArchiveOptions
  /** An image that the recipe puts it onto. */
  readonly onto?: OpenedImage
}

/** Contents of `write` operations are their content id. */
export async function rebuiltBytes(
  bytes: Bytes,
  operations: readonly Operation[],
  { onto, ...options }: RebuildOptions = {},
): Promise<Rebuilt & { readonly before: OpenedImage }> {
  const before = await openedImage(bytes)
  const ground = new Ground(before.layers.union, before.layers.tables, onto?.layers.tables)
  const { edited, stack } = replay(ground, added(EMPTY_JOURNAL, operations))
  const rebuilt = await rebuild({
    ...rebuildInputOf({ ...before, onto: onto ?? null, operations, edited, stack }),
    tags: tagsInForce(operations, before.image.tags),
    build: 'rewrite',
    format: 'docker',
    stored: async (id) => new MemorySource(utf8(id)),
    pool: inlinePool,
    ...options,
  })
  return { ...rebuilt, before }
}

export function rebuiltDrawing(
  drawing: string,
  operations: readonly Operation[],
  options: RebuildOptions = {},
): ReturnType<typeof rebuiltBytes> {
  return rebuiltBytes(buildArchive(drawing, options.source), operations, options)
}

export const bytesIn = (source: ByteSource): Promise<Bytes> => readAll(source, 1e9)

/** The rows of each layer, in the order of the tar: "etc/motd", "bin/sh => bin/busybox". */
export function rowsIn({ layers }: OpenedImage): string[][] {
  return layers.tables.map(rowsOf)
}

function rowsOf(table: EntryTable): string[] {
  return Array.from({ length: table.length }, (_, row) => {
    const type = table.type[row]
    const arrow = type === TYPE.hardlink ? ' => ' : type === TYPE.symlink ? ' -> ' : ''
    return `${absolute(pathBytesOf(table, row)).slice(1)}${arrow}${arrow ? linkTextOf(table, row) : ''}`
  })
}
