/** Blocks of the treemap: what is shown, what is put together, and that nothing is lost on the way. */
import { describe, expect, test } from 'vitest'
import type { Block, Treemap, ViewRequest } from '../../workers/api'
import { MemorySource } from '../core/bytes/source'
import { Notices } from '../core/fault/notice'
import { scanLayer } from '../core/layer/scan'
import { unite } from '../core/rootfs/union'
import { SourceInput } from '../core/tar/input'
import { buildLayer } from '../testkit/archive'
import { parseNotation } from '../testkit/notation'
import { blocksOf } from './blocks'
import { View } from './view'

async function viewOf(drawing: string, request: Partial<ViewRequest> = {}): Promise<View> {
  const tables = await Promise.all(
    parseNotation(drawing).images[0].layers.map((layer) =>
      scanLayer(new SourceInput(new MemorySource(buildLayer(layer))), new Notices()),
    ),
  )
  return new View(
    { tree: unite(tables), sources: { tables, upper: [] }, ghosts: false, onlyTouched: false },
    { view: { kind: 'rootfs' }, filter: '', sort: 'name', descending: false, ...request },
    new Set(),
  )
}

/** A line a block, indented by depth: "lib 1500 layer 0 library". */
function drawn({ blocks }: Treemap): string[] {
  const depth = (block: Block): number => (block.parent < 0 ? 0 : 1 + depth(blocks[block.parent]))
  return blocks.map((block) => {
    const name = block.rest > 0 ? `${block.rest} more` : block.name
    return `${'  '.repeat(depth(block))}${name} ${block.bytes} ${block.layer} ${block.kind}`
  })
}

const drawing = `image t:1
layer
  f 755 usr/bin/app 4000 bytes
  f usr/lib/a.so 3000 bytes
  f usr/lib/b.so 1000 bytes
  f etc/motd 500 bytes
  s bin -> usr/bin
layer
  f usr/lib/b.so 2000 bytes`

describe('what is shown', () => {
  test('the biggest first, with the layer, kind and place of each; what has no bytes has no block', async () => {
    expect(drawn(blocksOf(await viewOf(drawing), '/', 100))).toEqual([
      '/ 9500 0 library',
      '  usr 9000 0 library',
      '  etc 500 0 other',
      '    lib 5000 0 library',
      '    bin 4000 0 program',
      '      a.so 3000 0 library',
      '      b.so 2000 1 library',
      '      app 4000 0 program',
      '    motd 500 0 other',
    ])
  })

  test('below a directory, and only what the filter lets through', async () => {
    expect(drawn(blocksOf(await viewOf(drawing, { filter: '*.so' }), '/usr', 100))).toEqual([
      'usr 5000 0 library',
      '  lib 5000 0 library',
      '    a.so 3000 0 library',
      '    b.so 2000 1 library',
    ])
  })

  test('a directory that the filter names is a block of all that is in it', async () => {
    const { blocks, bytes } = blocksOf(await viewOf(drawing, { filter: 'lib' }), '/', 100)
    expect(bytes).toBe(5000)
    expect(blocks.at(-1)).toMatchObject({ path: '/usr/lib', bytes: 5000, files: 2, opened: false })
  })

  test('of what is not there, a fault', async () => {
    const view = await viewOf(drawing)
    expect(() => blocksOf(view, '/nowhere', 100)).toThrow('no /nowhere')
  })
})

describe('of many', () => {
  const many = async (): Promise<View> => {
    const files = Array.from({ length: 5000 }, (_, i) => `  f d${i % 50}/f${i} ${1 + (i % 97)} bytes`)
    return viewOf(`image t:1\nlayer\n${files.join('\n')}\n  f big 200000 bytes`)
  }

  test('never more than were asked for, and every byte in one of them', async () => {
    const view = await many()
    for (const most of [1, 10, 100, 400]) {
      const { blocks, bytes } = blocksOf(view, '/', most)
      // The children of the first block are always shown: without them there would be nothing to see.
      expect(blocks.length).toBeLessThanOrEqual(Math.max(most, 61))
      const inside = blocks.map(() => 0)
      for (const block of blocks) if (block.parent >= 0) inside[block.parent] += block.bytes
      blocks.forEach((block, i) => block.opened && expect(inside[i]).toBe(block.bytes))
      expect(bytes).toBe(view.summary(1, true).bytes)
    }
  })

  test('small ones are one block together, which says how many', async () => {
    const { blocks } = blocksOf(await many(), '/', 400)
    expect(blocks[1]).toMatchObject({ path: '/big', bytes: 200_000 })
    const together = blocks.filter(({ rest }) => rest > 0)
    expect(together.length).toBeGreaterThan(0)
    for (const block of together) expect(block.files).toBe(block.rest)
  })
})
