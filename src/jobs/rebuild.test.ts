import { gzipSync, gunzipSync } from 'node:zlib'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Bytes } from '../core/bytes/source'
import type { Operation } from '../core/edit/operation'
import { contentOf, mtimeOf } from '../core/layer/rows'
import { copiesOf } from '../core/rebuild/copies'
import { wasteOf } from '../core/insight/waste'
import { stacked, UNTOUCHED } from '../core/edit/stack'
import { previewOf } from '../core/rebuild/preview'
import { entryAt } from '../core/rootfs/entry'
import { tablesOf } from '../core/edit/edit.fixture'
import { buildArchive } from '../testkit/archive'
import { samples } from '../testkit/samples'
import {
  bytesIn,
  openedImage,
  type OpenedImage,
  rebuiltBytes,
  rebuiltDrawing,
  rowsIn,
  type RebuildOptions,
} from './rebuild.fixture'

const layersAfter = async (drawing: string, operations: Operation[], options: RebuildOptions = {}) => {
  const { archive, before } = await rebuiltDrawing(drawing, operations, options)
  const opened = await openedImage(await bytesIn(archive))
  return { rows: rowsIn(opened), opened, before }
}

const historyOf = ({ opened }: { opened: { image: { config: { history?: unknown } } } }): string[] =>
  (opened.image.config.history as { created_by: string; empty_layer?: boolean }[]).map(
    ({ created_by, empty_layer }) => `${empty_layer ? '· ' : ''}${created_by}`,
  )

const web = `
image web:1
layer ADD base
  d etc/
  f etc/motd "hello"
  f etc/secret "hunter2"
  d root/
layer RUN more
  d etc/
  f etc/secret "hunter3"
  f etc/more "more"
layer RUN rm
  d etc/
  w etc/secret
step CMD sh
`

describe('reclaim', () => {
  const reclaim: Operation = { op: 'reclaim' }

  test('what was overwritten or deleted goes from its layer, with markers that hide nothing then; what is seen stays', async () => {
    const { rows, opened } = await layersAfter(web, [reclaim])
    expect(rows).toEqual([['etc', 'etc/motd', 'root'], ['etc', 'etc/more'], ['etc']])
    expect(wasteOf(opened.layers.union, opened.layers.tables).reclaimable).toBe(0)
    expect(opened.image.layers.length).toBe(3)
  })

  test('layers that carry nothing unseen keep their digests', async () => {
    const { opened, before } = await layersAfter(
      `layer
        f a "1"
      layer
        f b "1"
      layer
        f b "2"`,
      [reclaim],
    )
    const kept = (layer: number) => opened.image.layers[layer].diffId === before.image.layers[layer].diffId
    expect([kept(0), kept(1), kept(2)]).toEqual([true, false, true])
  })

  test('data that another name still leads to stays', async () => {
    const { rows } = await layersAfter(
      `layer
        f a "1"
        h b => a
        f c "1"
        h d => c
      layer
        f a "2"
        w c
        w d`,
      [reclaim],
    )
    expect(rows).toEqual([['a', 'b => a'], ['a']])
  })

  test('a file that hides a directory below it goes on hiding it', async () => {
    const { rows, opened } = await layersAfter(
      `layer
        d a/
        s a/link -> x
      layer
        f a "1"
      layer
        d a/
        f a/new "2"`,
      [reclaim],
    )
    expect(rows).toEqual([['a', 'a/link -> x'], ['a'], ['a', 'a/new']])
    expect(opened.image.layers.length).toBe(3)
  })

  test('beside a dropped layer, what that one hid is seen again and stays', async () => {
    const { rows } = await layersAfter(web, [{ op: 'drop', layer: 2 }, reclaim])
    expect(rows).toEqual([
      ['etc', 'etc/motd', 'root'],
      ['etc', 'etc/secret', 'etc/more'],
    ])
  })

  test('a version that is brought back is on top, and nowhere else', async () => {
    const { rows, opened } = await layersAfter(web, [
      reclaim,
      { op: 'recover', path: '/etc/secret', layer: 0 },
    ])
    expect(rows[0]).not.toContain('etc/secret')
    expect(rows[3]).toEqual(['etc', 'etc/secret'])
    expect(wasteOf(opened.layers.union, opened.layers.tables).live).toBe(16)
  })

  test('adding a layer leaves those below as they are, and is refused', async () => {
    await expect(layersAfter(web, [reclaim], { build: 'append' })).rejects.toThrow(/choose the build rewrite/)
  })
})

describe('rewrite', () => {
  test('a removed path is gone from every layer, and so is the whiteout; other layers keep their digests', async () => {
    const { rows, opened, before } = await layersAfter(web, [{ op: 'scrub', paths: ['/etc/secret'] }])
    expect(rows).toEqual([['etc', 'etc/motd', 'root'], ['etc', 'etc/more'], ['etc']])
    expect(opened.image.layers.length).toBe(3)
    expect(historyOf({ opened })).toEqual(['ADD base', 'RUN more', 'RUN rm', '· CMD sh'])
    expect(before.image.layers[0].diffId).not.toBe(opened.image.layers[0].diffId)
  })

  test('removing a file is enough; layers that never had it stay as they are, bytes and all', async () => {
    const { rows, opened, before } = await layersAfter(web, [{ op: 'remove', path: '/etc/more' }])
    expect(rows[1]).toEqual(['etc', 'etc/secret'])
    expect(opened.image.layers.map(({ diffId }) => diffId)[0]).toBe(before.image.layers[0].diffId)
    expect(opened.image.layers.map(({ diffId }) => diffId)[2]).toBe(before.image.layers[2].diffId)
  })

  test('edits are one layer on top, as its own line of history', async () => {
    const { rows, opened } = await layersAfter(web, [
      { op: 'remove', path: '/etc/motd' },
      { op: 'write', path: '/etc/new', content: 'new', size: 3 },
    ])
    expect(rows).toEqual([
      ['etc', 'etc/secret', 'root'],
      ['etc', 'etc/secret', 'etc/more'],
      ['etc', 'etc/.wh.secret'],
      ['etc', 'etc/new'],
    ])
    expect(historyOf({ opened }).at(-1)).toBe('peel: files edited')
  })

  test('the data of a hard link moves to the first name that remains; the others point to it', async () => {
    const { rows, opened } = await layersAfter(
      `layer
        f 600 7:8 one "data" xattr:user.x=1 mtime=5
        h two => one
        h three => ./two
        f other "x"`,
      [{ op: 'remove', path: '/one' }],
    )
    expect(rows).toEqual([['two', 'three => two', 'other']])
    const [table] = opened.layers.tables
    expect(entryAt([table], 0, 0)).toMatchObject({ mode: 0o600, uid: 7, gid: 8, size: 4, mtime: 5 })
    expect(new TextDecoder().decode(await bytesIn(contentOf(opened.layers.plainOf(0), table, 0)))).toBe(
      'data',
    )
    expect(table.pax.get(0)?.map(({ key }) => key)).toEqual(['SCHILY.xattr.user.x'])
  })

  test('a link in the middle of a chain goes; what pointed to it points to the file', async () => {
    const { rows } = await layersAfter(
      `layer
        f one "data"
        h two => one
        h three => two`,
      [{ op: 'remove', path: '/two' }],
    )
    expect(rows).toEqual([['one', 'three => one']])
  })

  test('runs of untouched entries are copied with their headers, whatever wrote them', async () => {
    const drawing = `layer
      f ./a "1"
      f b "2" uname=someone
      f c "3"
      f d "4"`
    const { opened, before } = await layersAfter(drawing, [{ op: 'remove', path: '/c' }])
    const [old, now] = [await bytesIn(before.layers.plainOf(0)), await bytesIn(opened.layers.plainOf(0))]
    expect(Buffer.from(now).equals(Buffer.concat([old.subarray(0, 2048), old.subarray(3072)]))).toBe(true)
  })

  test('what was moved is gone below and stands on top', async () => {
    const { rows } = await layersAfter(web, [{ op: 'rename', from: '/etc/motd', to: '/root/motd' }])
    expect(rows[0]).toEqual(['etc', 'etc/secret', 'root'])
    expect(rows[3]).toEqual(['root', 'root/motd'])
  })

  test('a path scrubbed below and written anew on top', async () => {
    const { rows } = await layersAfter(web, [
      { op: 'scrub', paths: ['/etc/motd'] },
      { op: 'write', path: '/etc/motd', content: 'clean', size: 5 },
    ])
    expect(rows[0]).toEqual(['etc', 'etc/secret', 'root'])
    expect(rows[3]).toEqual(['etc', 'etc/motd'])
  })

  test('an entry through a link that goes gets the path it means; a copy through a link goes with it', async () => {
    const drawing = `layer
      d usr/
      d usr/lib/
      s lib -> usr/lib
    layer
      f lib/x "1"
      f lib/y "2"`
    expect((await layersAfter(drawing, [{ op: 'remove', path: '/lib' }])).rows).toEqual([
      ['usr', 'usr/lib'],
      ['usr/lib/x', 'usr/lib/y'],
    ])
    expect((await layersAfter(drawing, [{ op: 'scrub', paths: ['/usr/lib/x'] }])).rows[1]).toEqual(['lib/y'])
    expect((await layersAfter(drawing, [{ op: 'scrub', paths: ['/lib/x'] }])).rows[1]).toEqual(['lib/y'])
  })

  test('a link that a scrub uncovers may lead to what stays', async () => {
    const drawing = `layer
      s b -> /c
      h b/x => a
    layer
      h c/x => a`
    const { rows } = await layersAfter(drawing, [{ op: 'scrub', paths: ['/b/x'] }])
    expect(rows).toEqual([['b -> /c'], ['c/x => a'], ['b']])
  })

  test('markers of a directory that its own layer makes go with it (docker marks such ones opaque)', async () => {
    const drawing = `layer
      d doc/
    layer
      o doc/new/
      d doc/new/
      f doc/new/copyright "1"
      w nowhere/x`
    expect((await layersAfter(drawing, [{ op: 'scrub', paths: ['/doc'] }])).rows).toEqual([
      [],
      ['nowhere/.wh.x'],
    ])
    expect((await layersAfter(drawing, [{ op: 'scrub', paths: ['/doc/new'] }])).rows[1]).toEqual([
      'nowhere/.wh.x',
    ])
  })

  test('a directory that only its contents listed stays, listed on top', async () => {
    const { rows } = await layersAfter('layer\n f a/b/c "1"', [{ op: 'remove', path: '/a/b/c' }])
    expect(rows).toEqual([[], ['a', 'a/b']])
  })

  test('compressed layers that are untouched keep their bytes; a touched one is plain, or gzip if asked', async () => {
    const source = {
      shape: 'oci',
      compression: { suffix: '+gzip', compress: (tar: Bytes) => new Uint8Array(gzipSync(tar)) },
    } as const
    for (const gzip of [false, true]) {
      const { before, archive } = await rebuiltDrawing(web, [{ op: 'remove', path: '/etc/more' }], {
        source,
        gzip,
      })
      const now = (await openedImage(await bytesIn(archive))).image
      expect(now.layers.map(({ compression }) => compression)).toEqual([
        'gzip',
        gzip ? 'gzip' : 'none',
        'gzip',
      ])
      expect(now.layers[0].digest).toBe(before.image.layers[0].digest)
      expect(now.layers[2].digest).toBe(before.image.layers[2].digest)
      if (gzip) {
        expect(now.layers[1].digest).not.toBe(now.layers[1].diffId)
        const stored = await bytesIn(now.layers[1].source!)
        expect(gunzipSync(stored).length % 512).toBe(0)
      }
    }
  })
})

describe('drop', () => {
  test('a layer goes with its line of history; a whiteout of what it brought goes too', async () => {
    const { rows, opened } = await layersAfter(web, [
      { op: 'drop', layer: 1 },
      { op: 'drop', layer: 0 },
    ])
    expect(rows).toEqual([['etc']])
    expect(historyOf({ opened })).toEqual(['RUN rm', '· CMD sh'])
  })

  test('what would appear, vanish, change or break is told beforehand', async () => {
    const tables = await tablesOf(`layer
      f a "1"
      f b "1"
      f c "1"
    layer
      w a
      f b "22"
      f new "1"
      s link -> new
    layer
      f last "1"
      s dangling -> new
      h twin => new`)
    const stack = stacked(UNTOUCHED, { op: 'drop', layer: 1 }, tables.length)
    expect(previewOf(tables, UNTOUCHED, stack)).toEqual({
      differ: [],
      appear: ['/a'],
      vanish: ['/link', '/new'],
      change: ['/b', '/twin'],
      break: [
        { path: '/dangling', kind: 'symlink' },
        { path: '/twin', kind: 'hardlink' },
      ],
    })
  })

  test('a hard link that would have no file stands in the way, and says so', async () => {
    const drawing = `layer
      f base "1"
    layer
      f one "1"
    layer
      h two => one`
    await expect(layersAfter(drawing, [{ op: 'drop', layer: 1 }])).rejects.toThrow(/^\/two is a hard link/)
    const { rows } = await layersAfter(drawing, [
      { op: 'drop', layer: 1 },
      { op: 'remove', path: '/two' },
    ])
    expect(rows).toEqual([['base'], []])
  })
})

describe('squash', () => {
  test('layers from one on become one with the edits; their steps stay as lines without a layer', async () => {
    const { rows, opened, before } = await layersAfter(
      web,
      [{ op: 'write', path: '/etc/new', content: 'new', size: 3 }],
      { build: 'squash', squashFrom: 1 },
    )
    expect(rows[1]).toEqual(['etc', 'etc/.wh.secret', 'etc/more', 'etc/new'])
    expect(opened.image.layers[0].diffId).toBe(before.image.layers[0].diffId)
    expect(historyOf({ opened })).toEqual([
      'ADD base',
      '· RUN more',
      '· RUN rm',
      '· CMD sh',
      'peel: layers 1 to 2 squashed',
    ])
  })

  test('a range in the middle becomes one; layers above keep their bytes', async () => {
    const { rows, opened, before } = await layersAfter(web, [{ op: 'squash', from: 0, to: 1 }])
    expect(rows).toEqual([
      ['etc', 'etc/more', 'etc/motd', 'etc/secret', 'root'],
      ['etc', 'etc/.wh.secret'],
    ])
    expect(opened.image.layers[1].diffId).toBe(before.image.layers[2].diffId)
    expect(historyOf({ opened })).toEqual([
      '· ADD base',
      '· RUN more',
      'peel: layers 0 to 1 squashed',
      'RUN rm',
      '· CMD sh',
    ])
  })

  test('hard links of a range are written once; one into a lower layer takes the whole group along', async () => {
    const { rows } = await layersAfter(
      `layer
        f one "1"
      layer
        h two => one
      layer
        f three "3"
        h four => three`,
      [{ op: 'squash', from: 1, to: 2 }],
    )
    expect(rows).toEqual([['one'], ['four', 'one', 'three => four', 'two => one']])
  })

  test('a range, a dropped layer and a scrubbed path together', async () => {
    const { rows, opened } = await layersAfter(
      `${web}layer RUN last\n  f last "x"\nlayer RUN end\n  f end "x"`,
      [
        { op: 'drop', layer: 1 },
        { op: 'scrub', paths: ['/etc/secret'] },
        { op: 'squash', from: 2, to: 3 },
      ],
    )
    expect(rows).toEqual([['etc', 'etc/motd', 'root'], ['etc', 'last'], ['end']])
    expect(historyOf({ opened })).toEqual([
      'ADD base',
      '· RUN rm',
      '· CMD sh',
      '· RUN last',
      'peel: layers 2 to 3 squashed',
      'RUN end',
    ])
  })

  test('of an image without layers: the edits alone', async () => {
    const { rows } = await layersAfter(
      'image empty:1\nstep CMD sh',
      [{ op: 'write', path: '/new', content: 'new', size: 3 }],
      { build: 'squash' },
    )
    expect(rows).toEqual([['new']])
  })

  test('a start that is no layer, and a range across it', async () => {
    await expect(layersAfter(web, [], { build: 'squash', squashFrom: 3 })).rejects.toThrow(/cannot start/)
    await expect(
      layersAfter(web, [{ op: 'squash', from: 0, to: 1 }], { build: 'squash', squashFrom: 1 }),
    ).rejects.toThrow(/become one/)
  })
})

test('adding a layer refuses a recipe that it could not keep', async () => {
  await expect(
    layersAfter(web, [{ op: 'scrub', paths: ['/etc/secret'] }], { build: 'append' }),
  ).rejects.toThrow(/choose the build rewrite/)
})

test('copies are listed before anything is done, further names of a file beside them', async () => {
  const tables = await tablesOf(`layer
    d s/
    f s/key "12345"
    h public => s/key
  layer
    f s/key "1"
  layer
    w s`)
  expect(copiesOf(tables, ['/s'])).toEqual([
    { layer: 0, row: 0, path: '/s', what: 'entry', bytes: 0, alsoAt: [] },
    { layer: 0, row: 1, path: '/s/key', what: 'entry', bytes: 5, alsoAt: ['/public'] },
    { layer: 1, row: 0, path: '/s/key', what: 'entry', bytes: 1, alsoAt: [] },
    { layer: 2, row: 0, path: '/.wh.s', what: 'whiteout', bytes: 0, alsoAt: [] },
  ])
})

describe('a layer that is not what it is called', () => {
  const damaged = (): Bytes => {
    const bytes = buildArchive(web)
    bytes[Buffer.from(bytes).indexOf('hunter3')] ^= 1
    return bytes
  }

  test('is not kept: no engine would take the image', async () => {
    for (const build of ['append', 'rewrite'] as const)
      for (const format of ['docker', 'oci', 'unpacked'] as const)
        await expect(rebuiltBytes(damaged(), [], { build, format })).rejects.toMatchObject({
          fault: { code: 'digest-mismatch', where: { layer: 1 } },
        })
  })

  test('a layer that is written anew is what it is called', async () => {
    const scrub: Operation = { op: 'scrub', paths: ['/etc/more'] }
    for (const [operations, options] of [
      [[scrub], { build: 'rewrite' }],
      [[{ op: 'drop', layer: 1 }], { build: 'rewrite' }],
      [[], { build: 'squash', squashFrom: 1 }],
      [[], { build: 'flatten' }],
    ] as [Operation[], RebuildOptions][]) {
      const { notices } = await rebuiltBytes(damaged(), operations, options)
      expect(notices.filter(({ severity }) => severity === 'error')).toEqual([])
    }
  })
})

test('a name that engines do not take stands in the way of an image, and of nothing else', async () => {
  const options = { tags: ['web@sha256:00'] }
  await expect(rebuiltDrawing(web, [], { ...options, format: 'docker' })).rejects.toMatchObject({
    fault: { code: 'bad-reference' },
  })
  for (const format of ['rootfs', 'context'] as const)
    await rebuiltDrawing(web, [], { ...options, build: 'flatten', format })
})

describe('history and config', () => {
  test('a scrubbed line leaves no words behind, in no document', async () => {
    const drawing = `${web}step RUN curl -u me:hunter4`
    for (const build of ['append', 'rewrite'] as const) {
      const { archive } = await rebuiltDrawing(drawing, [{ op: 'history', index: 4 }], { build })
      expect(Buffer.from(await bytesIn(archive)).includes('hunter4')).toBe(false)
    }
  })

  test('the platform of the index is the edited one', async () => {
    const { opened } = await layersAfter(web, [
      { op: 'config', key: ['architecture'], value: 'arm64' },
      { op: 'config', key: ['variant'], value: 'v8' },
      { op: 'config', key: ['author'], value: 'me' },
    ])
    expect(opened.image.manifest?.descriptor.platform).toEqual({
      architecture: 'arm64',
      os: 'linux',
      variant: 'v8',
    })
    expect(opened.image.config.author).toBe('me')
  })

  test('layers of the config, and a history of another length, are not for editing', async () => {
    await expect(layersAfter(web, [{ op: 'config', key: ['rootfs', 'type'], value: 'x' }])).rejects.toThrow(
      /follows from the layers/,
    )
    await expect(
      layersAfter(web, [{ op: 'config', key: ['history'], value: [{ created_by: 'x' }] }]),
    ).rejects.toThrow(/speaks of 1 layers/)
  })
})

test('an epoch bounds what is written, and nothing else', async () => {
  const { opened } = await layersAfter(
    `layer
      f old "1" mtime=100
      f new "1" mtime=300.5
      f kept "1" mtime=400`,
    [
      { op: 'meta', path: '/old', mode: 0o600 },
      { op: 'meta', path: '/new', mode: 0o600 },
    ],
    { epoch: 200 },
  )
  const [, top] = opened.layers.tables
  expect([mtimeOf(top, 0), mtimeOf(top, 1), top.length]).toEqual([200, 100, 2])
  expect(mtimeOf(opened.layers.tables[0], 2)).toBe(400)
  expect(opened.image.config.created).toBe('1970-01-01T00:03:20Z')
})

test('GNU tar reads every layer of a rewritten image as it is meant', async () => {
  const sample = samples.find(({ name }) => name === 'demo')!
  const { archive } = await rebuiltDrawing(sample.drawing, [
    { op: 'scrub', paths: ['/root/.netrc', '/bin/busybox', '/var/cache'] },
  ])
  const opened = await openedImage(await bytesIn(archive))
  const folder = mkdtempSync(join(tmpdir(), 'peel-rewrite-'))
  try {
    for (const [layer, rows] of rowsIn(opened).entries()) {
      const path = join(folder, `${layer}.tar`)
      writeFileSync(path, await bytesIn(opened.layers.plainOf(layer)))
      const listed = execFileSync('tar', ['-tf', path], { encoding: 'utf8' }).split('\n').filter(Boolean)
      expect(listed.map((line) => line.replace(/\/$/, ''))).toEqual(
        rows.map((row) => row.replace(/ (=|-)> .*/, '')),
      )
    }
    expect(rowsIn(opened).flat()).not.toContain('root/.netrc')
    expect(rowsIn(opened)[0]).toContain('bin/cat')
  } finally {
    rmSync(folder, { recursive: true })
  }
})

describe('any stack of layers, any recipe', () => {
  const name = fc.constantFrom('a', 'b', 'c', 'a/x', 'a/y', 'b/x', 'b/y', 'a/x/z', 'c/x')
  const content = fc.constantFrom('"1"', '"22"', '"333"')
  const line = fc.oneof(
    { weight: 4, arbitrary: fc.tuple(name, content).map(([path, text]) => `f ${path} ${text}`) },
    { weight: 2, arbitrary: name.map((path) => `d ${path}/`) },
    { weight: 2, arbitrary: name.map((path) => `w ${path}`) },
    { weight: 1, arbitrary: name.map((path) => `o ${path}/`) },
    { weight: 1, arbitrary: fc.tuple(name, name).map(([path, to]) => `s ${path} -> /${to}`) },
    { weight: 2, arbitrary: fc.tuple(name, name).map(([path, to]) => `h ${path} => ${to}`) },
  )
  const drawing = fc
    .array(fc.array(line, { maxLength: 6 }), { minLength: 1, maxLength: 4 })
    .map((layers) => layers.map((lines) => ['layer', ...lines].join('\n')).join('\n'))
  const path = name.map((text) => `/${text}`)
  const operation: fc.Arbitrary<Operation> = fc.oneof(
    path.map((one): Operation => ({ op: 'remove', path: one })),
    path.map((one): Operation => ({ op: 'scrub', paths: [one] })),
    path.map((one): Operation => ({ op: 'write', path: one, content: 'written', size: 7 })),
    fc.tuple(path, path).map(([from, to]): Operation => ({ op: 'rename', from, to })),
    fc.tuple(path, path).map(([from, to]): Operation => ({ op: 'copy', from, to })),
    fc.tuple(path, fc.nat(3)).map(([one, layer]): Operation => ({ op: 'recover', path: one, layer })),
    fc.nat(3).map((layer): Operation => ({ op: 'drop', layer })),
    fc.constant<Operation>({ op: 'reclaim' }),
    fc.tuple(fc.nat(2), fc.nat(3)).map(([from, to]): Operation => ({ op: 'squash', from, to })),
    fc.tuple(fc.nat(3), fc.nat(3)).map(([layer, to]): Operation => ({ op: 'move', layer, to })),
    // Onto whichever base there is: its layers are put in below.
    fc.nat(2).map((replace): Operation => ({ op: 'rebase', replace, onto: { file: 'base', diffIds: [] } })),
  )

  test('is built as it was asked for, or refused with a reason', async () => {
    await fc.assert(
      fc.asyncProperty(
        drawing,
        drawing,
        fc.array(operation, { maxLength: 4 }),
        fc.constantFrom('rewrite', 'squash', 'flatten') as fc.Arbitrary<'rewrite' | 'squash' | 'flatten'>,
        fc.nat(2),
        async (text, base, operations, build, squashFrom) => {
          const bytes = buildArchive(text)
          const onto = await openedImage(buildArchive(base))
          const diffIds = onto.image.layers.map(({ diffId }) => diffId)
          const fitting: Operation[] = []
          // A line that does not fit is left out; all the others must be built.
          for (const asked of operations)
            try {
              const one = asked.op === 'rebase' ? { ...asked, onto: { ...asked.onto, diffIds } } : asked
              await rebuiltBytes(bytes, [...fitting, one], { build, squashFrom, onto })
              fitting.push(one)
            } catch (thrown) {
              const { fault } = thrown as { fault?: { code: string; message: string } }
              if (!fault || fault.code === 'internal') throw thrown
            }
        },
      ),
      { numRuns: Number(process.env.PEEL_RUNS ?? 150) },
    )
  }, 120_000)
})

describe('any stack of layers as builders write them: each path once, parents listed, links within the layer', () => {
  const kind = fc.constantFrom('none', 'one', 'two', 'whiteout', 'symlink', 'hardlink')
  const folder = fc.constantFrom('kept', 'opaque', 'whiteout', 'file')
  const line = (path: string, kind: string): string[] =>
    kind === 'one' || kind === 'two'
      ? [`f ${path} "${kind}"`]
      : kind === 'whiteout'
        ? [`w ${path}`]
        : kind === 'symlink'
          ? [`s ${path} -> own`]
          : kind === 'hardlink'
            ? [`h ${path} => own`]
            : []
  const layer = fc.record({ p: kind, q: kind, x: kind, y: kind, d: folder }).map(({ p, q, x, y, d }) => {
    const inside = [...line('d/x', x), ...line('d/y', y)]
    const folders = {
      kept: ['d d/', ...inside],
      opaque: ['d d/', 'o d/', ...inside],
      whiteout: ['w d'],
      file: ['f d "a file"'],
    }
    return ['layer', 'f own "1"', ...line('p', p), ...line('q', q), ...folders[d]].join('\n')
  })
  const drawing = fc.array(layer, { minLength: 1, maxLength: 5 }).map((layers) => layers.join('\n'))

  test('without what nobody sees they show the same by themselves', async () => {
    await fc.assert(
      fc.asyncProperty(drawing, async (text) => {
        const { archive, before } = await rebuiltBytes(buildArchive(text), [{ op: 'reclaim' }])
        const after = await openedImage(await bytesIn(archive))
        // A layer more would be one that mends what taking rows out did.
        expect(after.image.layers.length).toBe(before.image.layers.length)
        const waste = (of: OpenedImage) => wasteOf(of.layers.union, of.layers.tables)
        expect(waste(after).live).toBe(waste(before).live)
        expect(waste(after).reclaimable).toBeLessThanOrEqual(waste(before).reclaimable)
      }),
      { numRuns: Number(process.env.PEEL_RUNS ?? 150) },
    )
  }, 120_000)
})
