/** Large exports: their layers are put away while they are built, and let go of once they are saved. */
import { expect, test } from 'vitest'
import type { ExportRequest } from '../../workers/api'
import { buildArchive } from '../testkit/archive'
import { dropped, engineOn } from './engine.fixture'
import { memoryStores } from './memory-stores'

const drawing = `
image big:1
layer ADD big
  f big 66000000 bytes
layer ADD small
  f small "small"`

/** Stores that tell what is written under export/, and what of it is taken away. */
function watchedStores() {
  const stores = memoryStores()
  const said: string[] = []
  const write = stores.blobs.write.bind(stores.blobs)
  stores.blobs.write = async (key) => {
    const writer = await write(key)
    if (!key.startsWith('export/')) return writer
    said.push('begun')
    return {
      append: (segment) => writer.append(segment),
      commit: () => writer.commit(),
      abandon: async () => {
        said.push('let go')
        await writer.abandon()
      },
    }
  }
  return { stores, said }
}

test('a large build is put away, stays while it is saved whatever is built next, and goes then', async () => {
  const { stores, said } = watchedStores()
  const { engine } = engineOn({ stores })
  await engine.open(dropped(buildArchive(drawing), 'big.tar'))
  const small: ExportRequest = { build: 'append', format: 'docker', tag: 'big:2' }
  const large: ExportRequest = { build: 'flatten', format: 'docker', tag: 'big:2' }
  const forecast = await engine.foretell(large)
  await engine.export(small)
  expect(said).toEqual([])
  const result = await engine.export(large)
  expect(said).toEqual(['begun'])
  expect(result).toMatchObject(forecast)
  engine.takeExport()
  await engine.export(small)
  expect(said).toEqual(['begun'])
  expect(result.blob.size).toBe(result.bytes)
  engine.releaseExport()
  await engine.export(large)
  await engine.export(small)
  expect(said).toEqual(['begun', 'let go', 'begun', 'let go'])
  engine.close()
}, 60_000)
