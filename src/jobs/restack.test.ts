/** Layers in another order, and images put onto another base: two drawings in, one image out. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { tablesOf } from '../core/edit/edit.fixture'
import type { Operation } from '../core/edit/operation'
import { unitedInOrder } from '../core/edit/order'
import { laid, stacked, UNTOUCHED } from '../core/edit/stack'
import { conflictsOf } from '../core/rebuild/conflicts'
import { previewOf } from '../core/rebuild/preview'
import { shadowedBy } from '../core/rebuild/shadowed'
import { firstDifference } from '../core/rootfs/same'
import { unite } from '../core/rootfs/union'
import { buildArchive } from '../testkit/archive'
import { ontoIn, sharedLayers, withBase } from './onto'
import { inlinePool } from './pool'
import { memoryStores } from './memory-stores'
import { MemorySource } from '../core/bytes/source'
import {
  bytesIn,
  openedImage,
  rebuiltDrawing,
  rowsIn,
  type OpenedImage,
  type RebuildOptions,
} from './rebuild.fixture'
import { unseenTask } from './tasks'

const app = `
image app:1
layer ADD base
  d etc/
  f etc/motd "base"
  d usr/
  f usr/tool "old"
step CMD ["sh"]
layer COPY app
  d srv/
  f srv/app "app"
layer COPY conf
  d etc/
  f etc/app.conf "conf"
step CMD ["/srv/app"]
`

const base = `
image base:2
layer ADD new base
  d etc/
  f etc/motd "new base"
  f etc/app.conf "of the base"
  d usr/
  f usr/tool "new"
  f usr/more "more"
layer RUN update
  d usr/
  f usr/updated "1"
step CMD ["sh"]
`

const opened = (drawing: string): Promise<OpenedImage> => openedImage(buildArchive(drawing))
const after = async (drawing: string, operations: readonly Operation[], options: RebuildOptions = {}) => {
  const { archive, before } = await rebuiltDrawing(drawing, operations, options)
  return { image: await openedImage(await bytesIn(archive)), before }
}
const linesOf = ({ image }: OpenedImage): string[] =>
  (image.config.history ?? []).map(({ created_by, empty_layer }) => `${empty_layer ? '· ' : ''}${created_by}`)
const diffIdsOf = ({ image }: OpenedImage): string[] => image.layers.map(({ diffId }) => diffId)
const side = ({ layers }: OpenedImage) => ({
  tree: layers.union,
  sources: { tables: layers.tables, upper: [] },
})

describe('a layer that moves', () => {
  test.each(['append', 'rewrite'] as const)(
    'stays what it was, with its line of history, and so does the root filesystem (%s)',
    async (build) => {
      const { image, before } = await after(app, [{ op: 'move', layer: 2, to: 1 }], { build })
      const [a, b, c] = diffIdsOf(before)
      expect(diffIdsOf(image)).toEqual([a, c, b])
      expect(linesOf(image)).toEqual([
        'ADD base',
        '· CMD ["sh"]',
        'COPY conf',
        'COPY app',
        '· CMD ["/srv/app"]',
      ])
      expect(firstDifference(side(before), side(image))).toBeNull()
    },
  )

  test('is squashed where it stands then, and edits lie on top of all', async () => {
    const { image } = await after(app, [
      { op: 'move', layer: 2, to: 0 },
      { op: 'squash', from: 2, to: 0 },
      { op: 'write', path: '/new', content: 'new', size: 3 },
    ])
    expect(rowsIn(image)).toEqual([
      ['etc', 'etc/app.conf', 'etc/motd', 'usr', 'usr/tool'],
      ['srv', 'srv/app'],
      ['new'],
    ])
  })

  const conflicts = async (drawing: string, layer: number, to: number) => {
    const tables = await tablesOf(drawing)
    const stack = stacked(UNTOUCHED, { op: 'move', layer, to }, tables.length)
    return conflictsOf(tables, layer, UNTOUCHED, stack, tables.length).map(
      ({ path, layers }) => `${path} ${layers.join(' ')}`,
    )
  }

  test('must not pass another one that writes the same path, takes it away, or holds the file of its link', async () => {
    const drawing = `layer
      f a "1"
      f b "1"
    layer
      f c "1"
    layer
      f a "2"
      w b
      f d "1"
    layer
      h e => d`
    expect(await conflicts(drawing, 2, 0)).toEqual(['/a 2 0', '/b 2 0'])
    expect(await conflicts(drawing, 2, 1)).toEqual([])
    expect(await conflicts(drawing, 3, 2)).toEqual(['/e 3 2'])
    await expect(after(drawing, [{ op: 'move', layer: 2, to: 0 }])).rejects.toThrow(
      'Layer 2 cannot move there: /a is in conflict between the layers 2 and 0 (it would be another one), and 1 further path in conflict.',
    )
  })

  test('brings its own time for a directory that others list too: that is no conflict; another mode is one', async () => {
    expect(
      await conflicts(
        `layer\n f x "1"\nlayer\n d etc/ mtime=1\n f etc/a ""\nlayer\n d etc/ mtime=2\n f etc/b ""`,
        2,
        1,
      ),
    ).toEqual([])
    expect(
      await conflicts(`layer\n d 755 0:0 etc/\n f etc/a ""\nlayer\n d 700 0:0 etc/\n f etc/b ""`, 1, 0),
    ).toEqual(['/etc 1 0'])
  })

  test('changes nothing of the root filesystem, whatever the layers hold: else it is in conflict', async () => {
    const name = fc.constantFrom('a', 'b', 'a/x', 'a/y', 'b/x', 'a/x/z')
    const line = fc.oneof(
      { weight: 4, arbitrary: fc.tuple(name, fc.nat(2)).map(([path, n]) => `f ${path} "${'1'.repeat(n)}"`) },
      {
        weight: 2,
        arbitrary: fc.tuple(name, fc.constantFrom(700, 755)).map(([path, mode]) => `d ${mode} ${path}/`),
      },
      { weight: 2, arbitrary: name.map((path) => `w ${path}`) },
      { weight: 1, arbitrary: name.map((path) => `o ${path}/`) },
      { weight: 1, arbitrary: fc.tuple(name, name).map(([path, to]) => `s ${path} -> /${to}`) },
      { weight: 2, arbitrary: fc.tuple(name, name).map(([path, to]) => `h ${path} => ${to}`) },
    )
    const layers = fc.array(fc.array(line, { maxLength: 4 }), { minLength: 2, maxLength: 4 })
    let moved = 0
    await fc.assert(
      fc.asyncProperty(layers, fc.nat(3), fc.nat(3), async (drawn, layer, to) => {
        fc.pre(layer < drawn.length && to < drawn.length && layer !== to)
        const tables = await tablesOf(drawn.map((lines) => ['layer', ...lines].join('\n')).join('\n'))
        const stack = stacked(UNTOUCHED, { op: 'move', layer, to }, tables.length)
        if (conflictsOf(tables, layer, UNTOUCHED, stack, tables.length).length > 0) return
        moved++
        const sources = { tables, upper: [] }
        const now = unitedInOrder(tables, laid(stack, tables.length))
        // But for times of directories: those go with the layer that is on top.
        const [a, b] = [
          { tree: unite(tables), sources },
          { tree: now, sources },
        ]
        expect(firstDifference(a, b, () => true)).toBeNull()
      }),
      { numRuns: 400 },
    )
    expect(moved).toBeGreaterThan(20)
  })

  test('must not come to write through a symbolic link, which overlay engines would hide', async () => {
    const drawing = `layer
      d usr/
      d usr/lib/
    layer
      d lib/
      f lib/x "1"
    layer
      s lib2 -> usr/lib
      w lib
      s lib -> usr/lib`
    expect((await conflicts(drawing, 1, 2)).length).toBeGreaterThan(0)
  })
})

describe('an image that is put onto another base', () => {
  const rebase = (replace: number, onto: OpenedImage): Operation => ({
    op: 'rebase',
    replace,
    onto: { file: 'base.tar', diffIds: diffIdsOf(onto) },
  })

  test.each(['append', 'rewrite'] as const)(
    'has its layers untouched below its own, its config, and the history of both (%s)',
    async (build) => {
      const onto = await opened(base)
      const { image, before } = await after(app, [rebase(1, onto)], { onto, build })
      expect(diffIdsOf(image)).toEqual([...diffIdsOf(onto), ...diffIdsOf(before).slice(1)])
      expect(linesOf(image)).toEqual([
        'ADD new base',
        'RUN update',
        '· CMD ["sh"]',
        'COPY app',
        'COPY conf',
        '· CMD ["/srv/app"]',
      ])
      expect(image.image.config.config).toEqual(before.image.config.config)
      expect([...rowsIn(image).flat()].filter((path) => path === 'etc/app.conf').length).toBe(2)
    },
  )

  test('can be edited, dropped from, squashed and flattened all the same', async () => {
    const onto = await opened(base)
    const operations: Operation[] = [
      rebase(1, onto),
      { op: 'drop', layer: 1 },
      { op: 'remove', path: '/usr/more' },
      { op: 'write', path: '/etc/motd', content: 'mine', size: 4 },
    ]
    const rewritten = await after(app, operations, { onto })
    expect(rowsIn(rewritten.image)).toEqual([
      ['etc', 'etc/motd', 'etc/app.conf', 'usr', 'usr/tool'],
      ['usr', 'usr/updated'],
      ['etc', 'etc/app.conf'],
      ['etc', 'etc/motd'],
    ])
    const flat = await after(app, operations, { onto, build: 'flatten' })
    expect(rowsIn(flat.image)).toEqual([
      ['etc', 'etc/app.conf', 'etc/motd', 'usr', 'usr/tool', 'usr/updated'],
    ])
    const squashed = await after(app, operations, { onto, build: 'squash', squashFrom: 2 })
    expect(rowsIn(squashed.image).at(-1)).toEqual(['etc', 'etc/app.conf', 'etc/motd', 'usr', 'usr/.wh.more'])
  })

  test('what comes, goes and changes is told beforehand, and which files of the base its own layers hide', async () => {
    const [own, onto] = [await opened(app), await opened(base)]
    const tables = [...own.layers.tables, ...onto.layers.tables]
    const stack = stacked(UNTOUCHED, rebase(1, onto), 3)
    expect(previewOf(tables, UNTOUCHED, stack)).toEqual({
      appear: ['/usr/more', '/usr/updated'],
      vanish: [],
      change: ['/etc/motd'],
      break: [],
      differ: [],
    })
    expect(shadowedBy(tables, stack, 3)).toEqual([{ path: '/etc/app.conf', layer: 2, what: 'replaced' }])
  })

  test('a layer that writes through a link of the new base is named: overlay engines would hide the link', async () => {
    const own = await opened(`layer\n d lib/\nlayer\n f lib/x "1"`)
    const onto = await opened(`layer\n d usr/\n d usr/lib/\n s lib -> usr/lib`)
    const tables = [...own.layers.tables, ...onto.layers.tables]
    const preview = previewOf(tables, UNTOUCHED, stacked(UNTOUCHED, rebase(1, onto), 2))
    expect(preview.differ.map(({ path }) => path)).toContain('/lib/x')
  })

  test('a directory of its own over a link of the new base is among what is hidden', async () => {
    const own = await opened(`layer\n d lib/\nlayer\n d lib/\n f lib/x "1"`)
    const onto = await opened(`layer\n d usr/\n d usr/lib/\n s lib -> usr/lib`)
    const tables = [...own.layers.tables, ...onto.layers.tables]
    const stack = stacked(UNTOUCHED, rebase(1, onto), 2)
    expect(shadowedBy(tables, stack, 2)).toEqual([{ path: '/lib', layer: 1, what: 'replaced' }])
  })

  test('a hard link to a file of the old base stands in the way', async () => {
    const onto = await opened(base)
    await expect(
      after(`layer\n f one "1"\nlayer\n h two => one`, [rebase(1, onto)], { onto }),
    ).rejects.toThrow(/^\/two is a hard link/)
  })

  const found = async (drawing: string, own: OpenedImage) => {
    const ports = { pool: inlinePool, stores: memoryStores(), task: unseenTask() }
    return ontoIn(
      new MemorySource(buildArchive(drawing)),
      { file: 'base.tar', diffIds: [] },
      own.image,
      ports,
    )
  }

  test('how many layers give way is what both have in common, where nobody says it', async () => {
    const own = await opened(app)
    const next = `${app.slice(0, app.indexOf('layer COPY app'))}layer RUN patch\n  f patched "1"`
    const onto = await found(next, own)
    expect(sharedLayers(own.image, onto.image)).toBe(1)
    expect(withBase([{ op: 'rebase', onto: { file: '', diffIds: [] } }], own.image, onto)).toEqual([
      {
        op: 'rebase',
        replace: 1,
        onto: { file: 'base.tar', diffIds: onto.image.layers.map(({ diffId }) => diffId) },
      },
    ])
    const other = await found(base, own)
    expect(() => withBase([{ op: 'rebase', onto: { file: '', diffIds: [] } }], own.image, other)).toThrow(
      /no layer in common with base.tar/,
    )
  })

  test('for another platform is refused', async () => {
    const own = await opened(app)
    await expect(found(`image b:1\n  platform linux/arm64\nlayer\n f x "1"`, own)).rejects.toThrow(
      /for linux\/amd64.*for linux\/arm64/,
    )
  })
})
