/** What an entry costs while its image is on screen: its row in a table, its node in the tree, its place in the view. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { FileSource } from '../../src/cli/file-source'
import { Notices } from '../../src/core/fault/notice'
import { scanLayer } from '../../src/core/layer/scan'
import { unite } from '../../src/core/rootfs/union'
import { SourceInput } from '../../src/core/tar/input'
import { View } from '../../src/jobs/view'
import { layersOf, SIZES } from './images'
import { row, type BenchRow } from './table'

export async function entryRows(key: keyof typeof SIZES): Promise<BenchRow[]> {
  const size = SIZES[key]
  const paths = layersOf(key, size)
  await held(paths.slice(0, 1)) // Code and tables of numbers that stand by themselves.
  const { bytes, entries } = await held(paths)
  return [
    row(
      `memory of an entry, of ${entries.toLocaleString('en')} in tables, tree and view`,
      bytes / entries,
      'B',
      {
        peer: '60 bytes',
        value: 60,
        bar: 1,
      },
    ),
  ]
}

async function held(paths: readonly string[]): Promise<{ bytes: number; entries: number }> {
  const before = used()
  const tables = []
  for (const path of paths)
    tables.push(await scanLayer(new SourceInput(FileSource.open(path)), new Notices()))
  const tree = unite(tables)
  tree.seal(tables) // As once the last layer is there.
  const view = new View(
    { tree, sources: { tables, upper: [] }, ghosts: false, onlyTouched: false },
    { view: { kind: 'rootfs' }, filter: '', sort: 'name', descending: false },
    new Set(),
  )
  view.summary(1, true)
  const bytes = used() - before
  view.rows(0, 0) // Used once more: until here nothing of it is garbage.
  return { bytes, entries: tables.reduce((sum, { length }) => sum + length, 0) }
}

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Heap and array buffers, once garbage is gone. */
function used(): number {
  for (let i = 0; i < 4; i++) collect()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}
