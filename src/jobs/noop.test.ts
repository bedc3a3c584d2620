/** Every archive of the corpus, opened and exported without an edit: the same bytes. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { corpusFile, expectedOf, unzstd } from '../testkit/corpus'
import { dropped, engineOn } from './engine.fixture'

const archives = [...expectedOf()]
  .filter(
    ([, { images, oci }]) =>
      (images as unknown[] | undefined)?.length || (oci as unknown[] | undefined)?.length,
  )
  .map(([name]) => name)

describe.each(archives)('%s', (name) => {
  test('comes back as it was', async () => {
    const bytes = readFileSync(/\.zst$/.test(name) ? unzstd(name) : corpusFile(name))
    const { engine } = engineOn({ persistent: false })
    const { images } = await engine.open(dropped(bytes, name))
    const out = await engine.export({ build: 'append', format: 'docker', tag: images[0].tags[0] ?? '' })
    expect(out.identical).toBe(true)
    expect(Buffer.from(await out.blob.arrayBuffer()).equals(bytes)).toBe(true)
  })
})
