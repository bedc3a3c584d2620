/** Search through the contents of an image: its files grouped by where they lie, a piece of each layer a job. */
import type { SearchBatch, SearchHit, SearchRequest } from '../../workers/api'
import { BlobSource, type ByteSource } from '../core/bytes/source'
import { bodyAtOf, contentOf, pathBytesOf, sizeOf } from '../core/layer/rows'
import { entryOf, type Sources } from '../core/rootfs/entry'
import { furtherNames } from '../core/rootfs/sums'
import type { Tree } from '../core/rootfs/tree'
import { absolute } from '../core/rootfs/union'
import { TYPE } from '../core/tar/entry'
import { finderOf, type GrepFile } from './grep'
import { handedOut, type LayerPool } from './pool'
import { blobOf } from './segments'
import type { Task } from './tasks'

export interface Searched {
  /** The final root filesystem, with the pending edits. */
  readonly tree: Tree
  readonly sources: Sources
  /** Throws where a layer cannot be read: its files are left out. */
  readonly plainOf: (layer: number) => ByteSource
  readonly stored: (id: string) => Promise<ByteSource>
  readonly pool: LayerPool
}

/** One run of files that a worker reads in one go. */
interface Job {
  readonly source: ByteSource
  readonly files: (GrepFile & { readonly path: string; readonly layer: number; readonly hidden: boolean })[]
  readonly bytes: number
}

/** Much enough to be worth a message, little enough that hits come as they are found. */
const JOB = 24 * 1024 * 1024
/** Hits sent at most: nobody reads more, and counts go on. */
export const MOST_HITS = 1000

/** Calls `tell` as jobs end; resolves with the last state. Cancelling ends the workers, whatever a pattern does to them. */
export async function searchContents(
  searched: Searched,
  request: SearchRequest,
  task: Task,
  tell: (batch: SearchBatch) => void,
): Promise<void> {
  finderOf(request) // A pattern that is none is said at once.
  const jobs = await jobsOf(searched, request.hidden)
  const total = jobs.reduce((sum, { bytes }) => sum + bytes, 0)
  task.total(total)
  const state = { found: 0, files: 0, searched: 0, told: 0 }
  tell({ hits: [], found: 0, files: 0, searched: 0, total })
  await handedOut(searched.pool, jobs, async ({ source, files, bytes }) => {
    const { hits, found } = await searched.pool.grep(source, files, request, { signal: task.signal })
    state.found += found
    state.files += new Set(hits.map(({ file }) => file)).size
    state.searched += bytes
    task.progress(state.searched)
    const shown = hits.slice(0, Math.max(0, MOST_HITS - state.told)).map(({ file, ...hit }): SearchHit => {
      const { path, layer, hidden } = files[file]
      return { path, layer, hidden, ...hit }
    })
    state.told += shown.length
    tell({ hits: shown, found: state.found, files: state.files, searched: state.searched, total })
  })
}

async function jobsOf(searched: Searched, hidden: boolean): Promise<Job[]> {
  const { tree, sources } = searched
  const { tables } = sources
  const jobs: Job[] = []
  const live = tables.map((table) => new Uint8Array(table.length))
  const byLayer = tables.map((): { row: number; path: string; hidden: boolean }[] => [])
  const further = furtherNames(tree)
  for (let node = 1; node < tree.length; node++) {
    if (tree.alive[node] === 0 || tree.type[node] !== TYPE.file) continue
    const { content, size } = entryOf(tree, sources, node)
    if (content?.from === 'layer') live[content.layer][content.row] = 1
    if (further.has(node) || content === null || size === 0) continue
    if (content.from === 'layer')
      byLayer[content.layer].push({ row: content.row, path: tree.path(node), hidden: false })
    else {
      const source = new BlobSource(await blobOf(await searched.stored(content.id)))
      const file = { at: 0, size, path: tree.path(node), layer: -1, hidden: false }
      jobs.push({ source, files: [file], bytes: size })
    }
  }
  tables.forEach((table, layer) => {
    for (let row = 0; hidden && row < table.length; row++)
      if (table.type[row] === TYPE.file && live[layer][row] === 0 && sizeOf(table, row) > 0)
        byLayer[layer].push({ row, path: absolute(pathBytesOf(table, row)), hidden: true })
    jobs.push(...jobsOfLayer(searched, layer, byLayer[layer]))
  })
  return jobs
}

function jobsOfLayer(
  { sources, plainOf }: Searched,
  layer: number,
  files: { row: number; path: string; hidden: boolean }[],
): Job[] {
  const table = sources.tables[layer]
  let plain: ByteSource
  try {
    plain = plainOf(layer)
  } catch {
    return [] // Said already, as the fault of the layer.
  }
  const jobs: Job[] = []
  files.sort((a, b) => bodyAtOf(table, a.row) - bodyAtOf(table, b.row))
  let run: typeof files = []
  const close = (): void => {
    if (run.length === 0) return
    const from = bodyAtOf(table, run[0].row)
    const last = run[run.length - 1].row
    const to = bodyAtOf(table, last) + sizeOf(table, last)
    jobs.push({
      source: plain.slice(from, to - from),
      files: run.map(({ row, path, hidden }) => ({
        at: bodyAtOf(table, row) - from,
        size: sizeOf(table, row),
        path,
        layer,
        hidden,
      })),
      bytes: run.reduce((sum, { row }) => sum + sizeOf(table, row), 0),
    })
    run = []
  }
  for (const file of files) {
    const { row, path, hidden } = file
    if (table.sparse.has(row)) {
      const size = sizeOf(table, row)
      jobs.push({
        source: contentOf(plain, table, row),
        files: [{ at: 0, size, path, layer, hidden }],
        bytes: size,
      })
      continue
    }
    if (run.length > 0 && bodyAtOf(table, row) + sizeOf(table, row) - bodyAtOf(table, run[0].row) > JOB)
      close()
    run.push(file)
  }
  close()
  return jobs
}
