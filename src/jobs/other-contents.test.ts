/** Reading the other images of an archive for what engines stumble on: once, what is shared not again, and only as long as somebody waits. */
import { expect, test } from 'vitest'
import type { TaskView } from '../../workers/api'
import { MemorySource } from '../core/bytes/source'
import type { Archive } from '../core/image/image'
import { buildArchive } from '../testkit/archive'
import { Layers } from './layers'
import { memoryStores } from './memory-stores'
import { openArchiveIn } from './open'
import { OtherContents } from './other-contents'
import { inlinePool, type LayerPool } from './pool'
import { Tasks, unseenTask } from './tasks'

const DRAWING = `
image one:1
layer ADD base
  f etc/motd "hello"
image two:1
layer ADD base
  f etc/motd "hello"
layer RUN more
  f etc/.wh.nothing ""
image three:1
layer ADD third
  f third "third"
`

async function readFirst(counts: { scans: number }): Promise<{
  archive: Archive
  layers: Layers
  pool: LayerPool
}> {
  const archive = await openArchiveIn(new MemorySource(buildArchive(DRAWING)))
  const pool: LayerPool = {
    ...inlinePool,
    scan: (...all) => {
      counts.scans++
      return inlinePool.scan(...all)
    },
  }
  const layers = new Layers({ image: archive.images[0], pool, stores: memoryStores() })
  await layers.scan(unseenTask())
  return { archive, layers, pool }
}

test('a layer that the image on screen has too is not read again, nor anything twice', async () => {
  const counts = { scans: 0 }
  const { archive, layers, pool } = await readFirst(counts)
  expect(counts.scans).toBe(1)
  const tasks = new Tasks(() => {})
  const others = new OtherContents({ archive, pool, stores: memoryStores(), tasks })
  const [one, two, three] = archive.images
  const [found] = await Promise.all([others.besides(one, layers), others.besides(one, layers)])
  expect(counts.scans).toBe(3)
  expect([...found.keys()]).toEqual([two.id, three.id])
  expect(found.get(two.id)).toMatchObject([{ code: 'whiteout-of-nothing', layer: 1 }])
  expect(found.get(three.id)).toEqual([])
  await others.besides(one, layers)
  expect(counts.scans).toBe(3)
})

test('whoever does not wait for it gets what is there, and is not asked again', async () => {
  const counts = { scans: 0 }
  const { archive, layers, pool } = await readFirst(counts)
  const seen: string[] = []
  const tasks = new Tasks((views: readonly TaskView[]) => {
    for (const { id, label, done } of views) {
      seen.push(label)
      if (done > 0) tasks.cancel(id)
    }
  })
  const others = new OtherContents({ archive, pool, stores: memoryStores(), tasks })
  const found = await others.besides(archive.images[0], layers)
  expect(seen).toContain('reading the layers of the other images')
  expect(found.has(archive.images[2].id)).toBe(false)
  const { scans } = counts
  await others.besides(archive.images[0], layers)
  expect(counts.scans).toBe(scans)
})
