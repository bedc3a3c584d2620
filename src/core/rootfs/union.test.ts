/**
 * The union as image-spec, layer.md has it: every vector of a conformance set as a drawing, and beside it what is said
 * of layers that engines merge in another way. Numbers behind a path: the layer that it comes from.
 */
import { describe, expect, test } from 'vitest'
import { drawn } from '../../testkit/tree'
import { print, said, unionOf } from './rootfs.fixture'

/** A tree drawn as `print` prints it: "f name LAYER", links with their target before the layer. */
const tree = (text: string): string =>
  text.trim() === '' ? '' : drawn(text).replace(/^( *)([hs]) (\S+) (=>|->) (.*) (\S+)$/gm, '$1$2 $3 $6 $4 $5')

describe('Vectors of layer.md', () => {
  test('1: an opaque marker before its siblings, and one behind them', async () => {
    const united = await unionOf(`
      layer
        d var/
        d var/cache/
        f var/cache/old
      layer
        d var/cache/
        o var/cache/
        f var/cache/new
      layer
        f var/cache/newest
        o var/cache/`)
    expect(print(united)).toBe(
      tree(`
      d var/ 0
        d cache/ 1
          f newest 2`),
    )
    expect(said(united)).toMatchInlineSnapshot(`[]`)
  })
  test('2: a whiteout and the same path again, in one layer, in both orders', async () => {
    const united = await unionOf(`
      layer
        f a
        f b
      layer
        w a
        f a
        f b
        w b`)
    expect(print(united)).toBe(
      tree(`
      f a 1
      f b 1`),
    )
    expect(said(united)).toMatchInlineSnapshot(`
      [
        "warning whiteout-after-entry 1:/b The layer lists this path and then a whiteout of it: by the spec the entry stays, overlay engines fail to load the layer, merging ones take the entry away.",
      ]
    `)
  })
  test("3: a directory, a file and a link take each other's place, with all below", async () => {
    const united = await unionOf(`
      layer
        d dir-file/
        f dir-file/x
        f file-dir
        d dir-link/
        f dir-link/x
        d usr/
        s link-dir -> usr
        s link-file -> usr
        f file-link
      layer
        f dir-file
        d file-dir/
        s dir-link -> usr
        d link-dir/
        f link-file
        s file-link -> usr`)
    expect(print(united)).toBe(
      tree(`
      f dir-file 1
      s dir-link -> usr 1
      d file-dir/ 1
      s file-link -> usr 1
      d link-dir/ 1
      f link-file 1
      d usr/ 0`),
    )
    expect(said(united)).toMatchInlineSnapshot(`[]`)
  })
  test('a directory over a directory keeps its children and takes the new attributes', async () => {
    const united = await unionOf(`
      layer
        d 755 etc/
        f etc/kept
      layer
        d 700 1:2 etc/`)
    expect(print(united)).toBe(
      tree(`
      d etc/ 1
        f kept 0`),
    )
    expect(said(united)).toMatchInlineSnapshot(`[]`)
  })
  test('4: an entry below a symbolic link of a lower layer is written to where the link leads', async () => {
    const united = await unionOf(`
      layer
        d usr/
        d usr/lib/
        f usr/lib/old
        s lib -> usr/lib
      layer
        f lib/new
        w lib/old`)
    expect(print(united)).toBe(
      tree(`
      s lib -> usr/lib 0
      d usr/ 0
        d lib/ 0
          f new 1`),
    )
    expect(said(united)).toMatchInlineSnapshot(`
      [
        "warning through-symlink 1:/lib/.wh.old This goes through the symbolic link /lib of a lower layer: overlay engines put a real directory there, which hides the link.",
        "warning through-symlink 1:/lib/new This goes through the symbolic link /lib of a lower layer: overlay engines put a real directory there, which hides the link.",
      ]
    `)
  })
  test('links on the way may be absolute, go up, and go on over further links', async () => {
    const united = await unionOf(`
      layer
        d a/
        d a/b/
        s up -> a/b/../b
        s abs -> /up
        s far -> ./abs/.
      layer
        f far/x
        f abs/y
        f up/z`)
    expect(print(united)).toBe(
      tree(`
      d a/ 0
        d b/ 0
          f x 1
          f y 1
          f z 1
      s abs -> /up 0
      s far -> ./abs/. 0
      s up -> a/b/../b 0`),
    )
    expect(said(united)).toMatchInlineSnapshot(`
      [
        "warning through-symlink 1:/far/x This goes through the symbolic link /far of a lower layer: overlay engines put a real directory there, which hides the link.",
        "warning through-symlink 1:/abs/y This goes through the symbolic link /abs of a lower layer: overlay engines put a real directory there, which hides the link.",
        "warning through-symlink 1:/up/z This goes through the symbolic link /up of a lower layer: overlay engines put a real directory there, which hides the link.",
      ]
    `)
  })
  test('a link that leads nowhere, to a file or in a circle is replaced by a directory', async () => {
    const united = await unionOf(`
      layer
        f file
        s dead -> nowhere
        s odd -> file
        s ring -> ring
      layer
        f dead/x
        f odd/x
        f ring/x`)
    expect(print(united)).toBe(
      tree(`
      d dead/ -
        f x 1
      f file 0
      d odd/ -
        f x 1
      d ring/ -
        f x 1`),
    )
    expect(said(united)).toMatchInlineSnapshot(`
      [
        "warning parent-not-directory 1:/dead/x /dead is no directory in the layers below; it is replaced by one.",
        "warning parent-not-directory 1:/odd/x /odd is no directory in the layers below; it is replaced by one.",
        "warning parent-not-directory 1:/ring/x /ring is no directory in the layers below; it is replaced by one.",
      ]
    `)
  })
  test('5: hard links within a layer, a chain of three; the first name goes, the others stay', async () => {
    const united = await unionOf(`
      layer
        f a 5 bytes
        h b => a
        h c => ./b
        h d => /c
      layer
        w a`)
    expect(print(united)).toBe(
      tree(`
      h b => a 0
      h c => ./b 0
      h d => /c 0`),
    )
    expect(said(united)).toMatchInlineSnapshot(`[]`)
  })
  test('5: one name of a group is replaced above; the others keep the old inode', async () => {
    const united = await unionOf(`
      layer
        f a 5 bytes
        h b => a
      layer
        f a 7 bytes`)
    expect(print(united)).toBe(
      tree(`
      f a 1
      h b => a 0`),
    )
    expect(said(united)).toMatchInlineSnapshot(`[]`)
  })
  test('5: a hard link to a file of a lower layer', async () => {
    const united = await unionOf(`
      layer
        f a
      layer
        h b => a`)
    expect(print(united)).toBe(
      tree(`
      f a 0
      h b => a 0`),
    )
    expect(said(united)).toMatchInlineSnapshot(`
      [
        "warning hardlink-across-layers 1:/b A hard link to a, which only a lower layer has: overlay engines fail on it.",
      ]
    `)
  })
  test('5: a hard link to a symbolic link is a second name of the link', async () => {
    const united = await unionOf(`
      layer
        f a
        s s -> a
        h t => s`)
    expect(print(united)).toBe(
      tree(`
      f a 0
      s s -> a 0
      h t => s 0`),
    )
    expect(said(united)).toMatchInlineSnapshot(`[]`)
  })
  test('hard links to what comes later in the layer, in a chain, to themselves, to nothing and to a directory', async () => {
    const united = await unionOf(`
      layer
        h first => second
        h second => third
        f third
        h self => self
        h none => nothing
        d dir/
        h dirlink => dir`)
    expect(print(united)).toBe(
      tree(`
      d dir/ 0
      ? dirlink 0
      h first => second 0
      ? none 0
      h second => third 0
      ? self 0
      f third 0`),
    )
    expect(said(united)).toMatchInlineSnapshot(`
      [
        "error hardlink-forward 0:/second A hard link to third, which comes later in the layer: engines fail on it.",
        "error hardlink-forward 0:/first A hard link to second, which comes later in the layer: engines fail on it.",
        "error hardlink-missing 0:/self A hard link to self, which does not exist.",
        "error hardlink-missing 0:/none A hard link to nothing, which does not exist.",
        "error hardlink-to-directory 0:/dirlink A hard link to dir, which is a directory: engines fail on it.",
      ]
    `)
  })
  test('6: a whiteout of what no lower layer has, and one below a path that nobody has', async () => {
    const united = await unionOf(`
      layer
        d etc/
      layer
        w etc/nothing
        w no/such/place`)
    expect(print(united)).toBe(
      tree(`
      d etc/ 0`),
    )
    expect(said(united)).toMatchInlineSnapshot(`
      [
        "info whiteout-makes-parents 1:/no/such/.wh.place A whiteout below /no/such, which no lower layer has: engines make that directory, empty.",
        "info whiteout-of-nothing 1:/etc/.wh.nothing A whiteout of a path that no lower layer has.",
        "info whiteout-of-nothing 1:/no/such/.wh.place A whiteout of a path that no lower layer has.",
      ]
    `)
  })
  test('7: of a path listed twice the last entry counts', async () => {
    const united = await unionOf(`
      layer
        f a 1 bytes
        d a/
        f a/x
        f b
        s b -> a
        d c/
        f c/x
        d c/`)
    expect(print(united)).toBe(
      tree(`
      d a/ 0
        f x 0
      s b -> a 0
      d c/ 0
        f x 0`),
    )
    expect(said(united)).toMatchInlineSnapshot(`
      [
        "warning path-twice 0:/a The layer lists this path twice; the last one counts here. docker and podman refuse such a layer.",
        "warning path-twice 0:/b The layer lists this path twice; the last one counts here. docker and podman refuse such a layer.",
        "warning path-twice 0:/c The layer lists this path twice; the last one counts here. docker and podman refuse such a layer.",
      ]
    `)
  })
  test('10: names that are no UTF-8, and .wh. in the middle of a name', async () => {
    const united = await unionOf(`
      layer
        f caf\\xe9
        f usr/bin/which
        f usr/bin/a.wh.b
        f .wh
        f .whx
      layer
        w caf\\xe9`)
    expect(print(united)).toBe(
      tree(`
      f .wh 0
      f .whx 0
      d usr/ -
        d bin/ -
          f a.wh.b 0
          f which 0`),
    )
    expect(said(united)).toMatchInlineSnapshot(`[]`)
  })
  test('13: devices and pipes, taken away as files are', async () => {
    const united = await unionOf(`
      layer
        c dev/null 1,3
        b dev/sda 8,0
        p dev/pipe
      layer
        w dev/sda`)
    expect(print(united)).toBe(
      tree(`
      d dev/ -
        c null 0
        p pipe 0`),
    )
    expect(said(united)).toMatchInlineSnapshot(`[]`)
  })
  test('names with ./, with a leading, doubled or trailing slash, and with .. are one path', async () => {
    const united = await unionOf(`
      layer
        d ./etc/
        f ./etc/a
        f /etc/b
        f etc//c
        f etc/x/../d
        f ../../e
        d ./
      layer
        w ./etc/a
        w /etc//b
        w etc/x/../c`)
    expect(print(united)).toBe(
      tree(`
      f e 0
      d etc/ 0
        f d 0`),
    )
    expect(said(united)).toMatchInlineSnapshot(`[]`)
  })
  test('a whiteout takes a directory with all below, and what lies in a marker is not shown', async () => {
    const united = await unionOf(`
      layer
        d a/
        d a/b/
        f a/b/c
      layer
        w a
        f .wh.x/y
        d .wh..wh.plnk/
        f .wh..wh.plnk/1.2
        f .wh..wh.aufs`)
    expect(print(united)).toBe(
      tree(`
      `),
    )
    expect(said(united)).toMatchInlineSnapshot(`
      [
        "info whiteout-aufs 1:/.wh..wh.plnk AUFS metadata: engines skip it.",
        "info whiteout-aufs 1:/.wh..wh.aufs AUFS metadata: engines skip it.",
        "warning below-whiteout 1:/.wh.x/y This lies in a directory whose name is a whiteout marker; it is not shown, and engines skip it or fail.",
        "warning below-whiteout 1:/.wh..wh.plnk/1.2 This lies in a directory whose name is a whiteout marker; it is not shown, and engines skip it or fail.",
      ]
    `)
  })
  test('a whiteout that is a directory is a whiteout, one that names nothing takes nothing', async () => {
    const united = await unionOf(`
      layer
        f a
        f b
      layer
        d .wh.a/
        f .wh.
        f .wh..
        f .wh...`)
    expect(print(united)).toBe(
      tree(`
      f b 0`),
    )
    expect(said(united)).toMatchInlineSnapshot(`
      [
        "error whiteout-invalid 1:/.wh. A whiteout marker that names nothing: engines refuse the layer.",
        "error whiteout-invalid 1:/.wh.. A whiteout marker that names nothing: engines refuse the layer.",
        "error whiteout-invalid 1:/.wh... A whiteout marker that names nothing: engines refuse the layer.",
      ]
    `)
  })
  test('an opaque marker at the root hides every lower layer', async () => {
    const united = await unionOf(`
      layer
        f a
        d etc/
      layer
        f b
        o ./`)
    expect(print(united)).toBe(
      tree(`
      f b 1`),
    )
    expect(said(united)).toMatchInlineSnapshot(`
      [
        "warning opaque-root 1:/ An opaque marker at the root: by the spec it hides all lower layers, overlay engines do not honour it.",
      ]
    `)
  })
  test("an opaque marker in a directory that is new, in a file's place, or nowhere", async () => {
    const united = await unionOf(`
      layer
        f file
      layer
        d new/
        o new/
        f new/x
        o nowhere/
        d file/
        o file/`)
    expect(print(united)).toBe(
      tree(`
      d file/ 1
      d new/ 1
        f x 1`),
    )
    expect(said(united)).toMatchInlineSnapshot(`
      [
        "info whiteout-makes-parents 1:/nowhere/.wh..wh..opq A whiteout below /nowhere, which no lower layer has: engines make that directory, empty.",
      ]
    `)
  })
})

describe('Layers that engines merge otherwise: the spec here, and a notice', () => {
  test('file X, then a whiteout of X', async () => {
    const united = await unionOf(`
      layer
        f X
      layer
        f X
        w X`)
    expect(print(united)).toBe(
      tree(`
      f X 1`),
    )
    expect(said(united)).toMatchInlineSnapshot(`
      [
        "warning whiteout-after-entry 1:/X The layer lists this path and then a whiteout of it: by the spec the entry stays, overlay engines fail to load the layer, merging ones take the entry away.",
      ]
    `)
  })
  test('a whiteout of X, then file X', async () => {
    const united = await unionOf(`
      layer
        f X
      layer
        w X
        f X`)
    expect(print(united)).toBe(
      tree(`
      f X 1`),
    )
    expect(said(united)).toMatchInlineSnapshot(`[]`)
  })
  test('a whiteout of D, then directory D with a child', async () => {
    const united = await unionOf(`
      layer
        d D/
        f D/old
      layer
        w D
        d D/
        f D/new`)
    expect(print(united)).toBe(
      tree(`
      d D/ 1
        f new 1`),
    )
    expect(said(united)).toMatchInlineSnapshot(`
      [
        "warning whiteout-then-directory 1:/D A whiteout of this path and then a directory: by the spec only new children remain, on overlay engines the lower ones show through.",
      ]
    `)
  })
  test('a directory and a file in it, both whited out', async () => {
    const united = await unionOf(`
      layer
        d D/
        f D/x
        d D/deep/
        f D/deep/y
      layer
        w D
        w D/x
        w D/deep/y`)
    expect(print(united)).toBe(
      tree(`
      `),
    )
    expect(said(united)).toMatchInlineSnapshot(`
      [
        "warning whiteout-below-whiteout 1:/D/deep/y /D is whited out as a whole, and this path below it once more: overlay engines fail to load the layer.",
        "warning whiteout-below-whiteout 1:/D/x /D is whited out as a whole, and this path below it once more: overlay engines fail to load the layer.",
      ]
    `)
  })
  test('an entry, a whiteout and an opaque marker through a symbolic link of a lower layer', async () => {
    const united = await unionOf(`
      layer
        d usr/
        d usr/lib/
        f usr/lib/a
        d usr/lib/sub/
        f usr/lib/sub/b
        s lib -> usr/lib
      layer
        f lib/new
      layer
        w lib/a
      layer
        o lib/sub/`)
    expect(print(united)).toBe(
      tree(`
      s lib -> usr/lib 0
      d usr/ 0
        d lib/ 0
          f new 1
          d sub/ 0`),
    )
    expect(said(united)).toMatchInlineSnapshot(`
      [
        "warning through-symlink 1:/lib/new This goes through the symbolic link /lib of a lower layer: overlay engines put a real directory there, which hides the link.",
        "warning through-symlink 2:/lib/.wh.a This goes through the symbolic link /lib of a lower layer: overlay engines put a real directory there, which hides the link.",
        "warning through-symlink 3:/lib/sub/.wh..wh..opq This goes through the symbolic link /lib of a lower layer: overlay engines put a real directory there, which hides the link.",
      ]
    `)
  })
  test('a file in a sticky directory that the layer does not list, and in one of another owner', async () => {
    const united = await unionOf(`
      layer
        d 1777 tmp/
        d 700 42:42 home/
        d home/x/
      layer
        f tmp/x
        f home/x/y
        w home/z`)
    expect(print(united)).toBe(
      tree(`
      d home/ 0
        d x/ 0
          f y 1
      d tmp/ 0
        f x 1`),
    )
    expect(said(united)).toMatchInlineSnapshot(`
      [
        "warning parent-not-listed 1:/tmp The layer puts something below this directory without listing it: docker and podman make it 0755 0:0 there, it was 1777 0:0.",
        "warning parent-not-listed 1:/home The layer puts something below this directory without listing it: docker and podman make it 0755 0:0 there, it was 0700 42:42.",
        "info whiteout-of-nothing 1:/home/.wh.z A whiteout of a path that no lower layer has.",
      ]
    `)
  })
  test('the same, listed', async () => {
    const united = await unionOf(`
      layer
        d 1777 tmp/
      layer
        d 1777 tmp/
        f tmp/x`)
    expect(print(united)).toBe(
      tree(`
      d tmp/ 1
        f x 1`),
    )
    expect(said(united)).toMatchInlineSnapshot(`[]`)
  })
  test('a hard link to a file of a lower layer', async () => {
    const united = await unionOf(`
      layer
        f a
      layer
        h b => a
        h c => b`)
    expect(print(united)).toBe(
      tree(`
      f a 0
      h b => a 0
      h c => b 0`),
    )
    expect(said(united)).toMatchInlineSnapshot(`
      [
        "warning hardlink-across-layers 1:/b A hard link to a, which only a lower layer has: overlay engines fail on it.",
        "warning hardlink-across-layers 1:/c A hard link to b, which only a lower layer has: overlay engines fail on it.",
      ]
    `)
  })
  test('a hard link to an entry that comes later', async () => {
    const united = await unionOf(`
      layer
        h b => a
        f a`)
    expect(print(united)).toBe(
      tree(`
      f a 0
      h b => a 0`),
    )
    expect(said(united)).toMatchInlineSnapshot(`
      [
        "error hardlink-forward 0:/b A hard link to a, which comes later in the layer: engines fail on it.",
      ]
    `)
  })
  test('a whiteout below a parent that exists nowhere', async () => {
    const united = await unionOf(`
      layer
        f a
      layer
        w no/such`)
    expect(print(united)).toBe(
      tree(`
      f a 0`),
    )
    expect(said(united)).toMatchInlineSnapshot(`
      [
        "info whiteout-makes-parents 1:/no/.wh.such A whiteout below /no, which no lower layer has: engines make that directory, empty.",
        "info whiteout-of-nothing 1:/no/.wh.such A whiteout of a path that no lower layer has.",
      ]
    `)
  })
  test('a character device 0:0', async () => {
    const united = await unionOf(`
      layer
        f a
      layer
        c a 0,0
        c b 0,0`)
    expect(print(united)).toBe(
      tree(`
      c a 1
      c b 1`),
    )
    expect(said(united)).toMatchInlineSnapshot(`
      [
        "warning device-0-0 1:/a A character device 0:0: overlay engines take it for a whiteout.",
        "warning device-0-0 1:/b A character device 0:0: overlay engines take it for a whiteout.",
      ]
    `)
  })
  test('a name and a path beyond what Linux takes', async () => {
    const long = `${'d/'.repeat(2048)}f`
    const united = await unionOf(`layer\n  f ${'n'.repeat(255)}\n  f ${'n'.repeat(256)}\n  f ${long}`)
    expect(united.tree.length).toBe(1 + 2 + 2048 + 1)
    expect(said(united)).toMatchInlineSnapshot(`
      [
        "error name-too-long 0:/nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn… A name of 256 bytes; file systems take at most 255: engines fail to load the layer.",
        "error path-too-long 0:/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d… A path of 4097 bytes; Linux takes at most 4,096, the engine's own folder counted: engines fail to load the layer.",
      ]
    `)
  })
})
