/** What is tried with mutated bytes, and what must come of it. */
import { gunzipSync } from 'node:zlib'
import { MemorySource, type Bytes, type ByteSource } from '../../src/core/bytes/source'
import { sniffCompression } from '../../src/core/compress/compression'
import { gzipBlocks } from '../../src/core/compress/gzip-blocks'
import { gzipDeterministic, type PackedBytes } from '../../src/core/compress/gzip-write'
import { inflate } from '../../src/core/compress/inflate'
import { applyOperation, editOn } from '../../src/core/edit/apply'
import type { Operation } from '../../src/core/edit/operation'
import { ImageError } from '../../src/core/fault/fault'
import { Notices } from '../../src/core/fault/notice'
import { bodyAtOf, contentOf, pathBytesOf, sizeOf } from '../../src/core/layer/rows'
import { scanLayer } from '../../src/core/layer/scan'
import type { EntryTable } from '../../src/core/layer/table'
import { layerBytes } from '../../src/core/rebuild/layer'
import { difference } from '../../src/core/rebuild/plan'
import type { Content } from '../../src/core/rootfs/entry'
import { lintLayer } from '../../src/core/rootfs/lint'
import { firstDifference } from '../../src/core/rootfs/same'
import { storedTree, treeFrom } from '../../src/core/rootfs/stored-tree'
import { Tree } from '../../src/core/rootfs/tree'
import { applyLayer, unite } from '../../src/core/rootfs/union'
import { SourceInput, StreamInput, type TarInput } from '../../src/core/tar/input'
import { openArchiveIn, openSource } from '../../src/jobs/open'
import { scanStored } from '../../src/jobs/scan'
import { chance, type Chance } from './chance'
import { header, joined, mutate, withDocument } from './mutations'
import type { Seeds } from './seeds'

export interface Try {
  readonly bytes: Bytes
  readonly run: () => Promise<string>
}

/** The n-th try of a seed: half of them archives, the rest by turns. */
export function tryFor(all: Seeds, seed: number, n: number): Try {
  const pick = chance(seed * 1_000_003 + n)
  const one = (list: readonly Bytes[]): Bytes => list[pick(list.length)]
  switch (n % 8) {
    case 1: {
      let bytes: Bytes = one(all.tars).slice()
      for (let times = 1 + pick(3); times > 0; times--) bytes = header(bytes, pick)
      return { bytes, run: () => readTwice(bytes, pick) }
    }
    case 3: {
      const bytes = mutate(one(all.streams), pick)
      return { bytes, run: () => inflated(bytes, pick) }
    }
    case 5: {
      const bytes = withDocument(one(all.drawn), pick)
      return { bytes, run: () => readWhole(bytes) }
    }
    case 7: {
      const bytes = one(all.drawn)
      return { bytes, run: () => recipe(bytes, pick) }
    }
    default: {
      const bytes = mutate(one(all.archives), pick)
      return { bytes, run: () => readWhole(bytes) }
    }
  }
}

/** The fault's code, or what it came to. Throws what is neither. */
export async function settled(job: () => Promise<string>): Promise<string> {
  try {
    return await job()
  } catch (thrown) {
    if (thrown instanceof ImageError && thrown.fault.code !== 'internal') return thrown.fault.code
    throw thrown
  }
}

/** All layers of all images of an archive, scanned and united; a broken layer is a fault of that layer. */
async function readWhole(bytes: Bytes): Promise<string> {
  const { tar } = await openSource(new MemorySource(bytes))
  const archive = await openArchiveIn(tar)
  for (const image of archive.images) {
    const tables: EntryTable[] = []
    for (const { source, compression } of image.layers)
      if (source)
        await settled(async () => {
          tables.push((await scanStored(source, compression)).table)
          return ''
        })
    const tree = new Tree()
    const notices = new Notices()
    tables.forEach((_, layer) => {
      lintLayer(tree, tables, layer, notices)
      applyLayer(tree, tables, layer, notices)
    })
    const paths = pathsOf(tree)
    tree.seal(tables)
    if (pathsOf(tree) !== paths) throw new Error('the sealed tree has other paths')
    if (!treeFrom(storedTree(tree), tables)) throw new Error('the tree as it is stored is refused')
  }
  return 'image'
}

function pathsOf(tree: Tree): string {
  return Array.from({ length: tree.length }, (_, node) => `${tree.parent[node]} ${tree.name(node)}`).join()
}

/** A tar read whole, and in pieces of a size that fits nothing: the same entries, or the same fault. */
async function readTwice(tar: Bytes, pick: Chance): Promise<string> {
  const piece = 1 + pick(1500)
  async function* pieces(): AsyncIterable<Bytes> {
    for (let at = 0; at < tar.length; at += piece) yield tar.slice(at, at + piece)
  }
  const seen = (input: TarInput): Promise<string> =>
    settled(async () => {
      const table = await scanLayer(input, new Notices())
      const rows = Array.from({ length: table.length }, (_, row) => {
        const path = Buffer.from(pathBytesOf(table, row)).toString('hex')
        return `${path} ${sizeOf(table, row)} ${bodyAtOf(table, row)}`
      })
      return `tar ${rows.join()}`
    })
  const [whole, cut] = [
    await seen(new SourceInput(new MemorySource(tar))),
    await seen(new StreamInput(pieces())),
  ]
  if (whole !== cut) throw new Error(`in one piece: ${whole.slice(0, 200)}; in many: ${cut.slice(0, 200)}`)
  return whole.startsWith('tar') ? 'tar' : whole
}

async function inflated(bytes: Bytes, pick: Chance): Promise<string> {
  const compression = sniffCompression(bytes)
  const plain: Bytes[] = []
  for await (const chunk of inflate(new MemorySource(bytes), compression, { limit: 256 << 20 }))
    plain.push(chunk)
  if (compression === 'gzip') await copied(bytes, joined(...plain), pick)
  return 'stream'
}

/** Whatever inflates has blocks that can be copied, any stretch of them. */
async function copied(stored: Bytes, plain: Bytes, pick: Chance): Promise<void> {
  const source = new MemorySource(stored)
  const blocks = await gzipBlocks(source)
  const [from, to] = [pick(plain.length + 1), pick(plain.length + 1)]
  const at = Math.min(from, to) * pick(2)
  const stretch = plain.subarray(at, Math.max(from, to))
  const head = plain.subarray(0, pick(2) * Math.min(1000, plain.length))
  async function* parts(): AsyncIterable<Bytes | PackedBytes> {
    yield head
    yield { plain: new MemorySource(stretch), stored: source, blocks, at }
  }
  const made: Bytes[] = []
  for await (const piece of gzipDeterministic(parts())) made.push(piece)
  const due = joined(head, stretch)
  if (blocks.plainAt.at(-1) !== plain.length || Buffer.compare(gunzipSync(joined(...made)), due) !== 0)
    throw new Error(`blocks of ${stored.length} bytes, copied from ${at} on, are not what they were`)
}

const PATHS = [
  '/etc',
  '/etc/motd',
  '/bin/sh',
  '/new',
  '/a',
  '/a/b',
  '/etc/new/file',
  '/usr',
  '/usr/lib',
  '/tmp/x',
  '/',
  '/..',
  '/caf\\xe9',
  '/.wh.x',
]

/** A recipe on a drawn image; the layer written for it, laid on the others, must give the tree that it made. */
async function recipe(archive: Bytes, pick: Chance): Promise<string> {
  const { images } = await openArchiveIn(new MemorySource(archive))
  const plain = images[0].layers.map(({ source }) => source as ByteSource)
  const tables: EntryTable[] = []
  for (const source of plain) tables.push((await scanStored(source, 'none')).table)
  const union = unite(tables)
  union.seal(tables)
  const edited = editOn(union, tables)
  const live = (): string => {
    const { tree } = edited
    const node = pick(tree.length)
    return tree.alive[node] === 1 && pick(3) > 0 ? tree.path(node) : PATHS[pick(PATHS.length)]
  }
  for (let times = 1 + pick(8); times > 0; times--) {
    const operations: Operation[] = [
      { op: 'write', path: live(), content: 'c', size: pick(2000) },
      { op: 'mkdir', path: live() },
      { op: 'symlink', path: live(), target: pick(2) ? live() : '../x' },
      { op: 'hardlink', path: live(), target: live() },
      { op: 'remove', path: live() },
      { op: 'rename', from: live(), to: live() },
      { op: 'copy', from: live(), to: live() },
      { op: 'meta', path: live(), mode: pick(0o10000), mtime: pick(2) ? -pick(1e9) : pick(1e9) / 7 },
    ]
    await settled(async () => {
      applyOperation(edited, operations[pick(operations.length)])
      return ''
    })
  }
  const planned = [...difference(edited)]
  const sizes = new Map(planned.map(({ entry }) => [entry.content, entry.size]))
  const pieces: Bytes[] = []
  const open = (content: Content): ByteSource =>
    content.from === 'layer'
      ? contentOf(plain[content.layer], tables[content.layer], content.row)
      : new MemorySource(new Uint8Array(sizes.get(content) ?? 0))
  for await (const piece of layerBytes(planned, open)) pieces.push(piece)
  const all = [
    ...tables,
    await scanLayer(new SourceInput(new MemorySource(joined(...pieces))), new Notices()),
  ]
  const wrong = firstDifference(
    { tree: edited.tree, sources: edited.sources },
    { tree: unite(all), sources: { tables: all, upper: [] } },
  )
  if (wrong) throw new Error(`the layer gives another tree: ${wrong.path}: ${wrong.what}`)
  return 'recipe'
}
