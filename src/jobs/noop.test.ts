/** Every archive of the corpus, opened and exported without an edit: the same bytes. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { corpusFile, expectedOf, unzstd } from '../testkit/corpus'
import { Engine } from './engine'
import { freeClaims, memoryStores } from './memory-stores'
import { inlinePool } from './pool'

const archives = [...expectedOf()]
  .filter(
    ([, { images, oci }]) =>
      (images as unknown[] | undefined)?.length || (oci as unknown[] | undefined)?.length,
  )
  .map(([name]) => name)

describe.each(archives)('%s', (name) => {
  test('comes back as it was', async () => {
    const bytes = readFileSync(/\.zst$/.test(name) ? unzstd(name) : corpusFile(name))
    const engine = new Engine({
      stores: memoryStores(),
      persistent: false,
      claims: freeClaims(),
      pool: inlinePool,
      sample: () => Promise.reject(new Error('no sample here')),
      probeNetwork: async () => true,
      now: () => 0,
      newId: () => 'id',
    })
    const { images } = await engine.open([{ path: '', file: new File([bytes], name) }])
    const out = await engine.export({ build: 'append', format: 'docker', tag: images[0].tags[0] ?? '' })
    expect(out.identical).toBe(true)
    expect(Buffer.from(await out.blob.arrayBuffer()).equals(bytes)).toBe(true)
  })
})
