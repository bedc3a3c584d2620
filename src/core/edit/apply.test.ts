import { describe, expect, test } from 'vitest'
import { editedOf, listed } from './edit.fixture'
import type { Operation } from './operation'

const after = async (drawing: string, ...operations: Operation[]): Promise<string[]> =>
  listed(await editedOf(drawing, operations))

describe('copy', () => {
  test('a subtree gets inodes of its own, and its hard links stay together', async () => {
    const lines = await after(
      `layer
        d 700 5:6 a/
        f 4755 5:6 a/one "1"
        h a/two => a/one
        s a/link -> one`,
      { op: 'copy', from: '/a', to: '/b' },
    )
    expect(lines).toEqual([
      'd 700 5:6 /a',
      's 777 0:0 /a/link -> one',
      'f 4755 5:6 /a/one',
      'f 4755 5:6 /a/two => /a/one',
      'd 700 5:6 /b',
      's 777 0:0 /b/link -> one',
      'f 4755 5:6 /b/one',
      'f 4755 5:6 /b/two => /b/one',
    ])
  })

  test('goes through a symlinked parent, and never onto something or into itself', async () => {
    const drawing = `layer
      d usr/
      d usr/lib/
      s lib -> usr/lib
      f usr/lib/x "1"`
    expect(await after(drawing, { op: 'copy', from: '/lib/x', to: '/lib/y' })).toContain(
      'f 644 0:0 /usr/lib/y',
    )
    await expect(after(drawing, { op: 'copy', from: '/usr', to: '/usr/lib/usr' })).rejects.toMatchObject({
      fault: { code: 'bad-path' },
    })
    await expect(after(drawing, { op: 'copy', from: '/usr', to: '/lib' })).rejects.toMatchObject({
      fault: { code: 'path-exists' },
    })
  })
})

describe('recover', () => {
  const drawing = `layer
    d 700 4:4 a/
    f a/old "1"
    f a/kept "1"
    h a/twin => a/kept
  layer
    d 711 a/
    f a/new "22"
    w a/old
    f a/kept "three"
  layer
    w a`

  test('a directory that a layer removed comes back with all below it, as it was after that layer', async () => {
    expect(await after(drawing, { op: 'recover', path: '/a', layer: 0 })).toEqual([
      'd 700 4:4 /a',
      'f 644 0:0 /a/kept',
      'f 644 0:0 /a/old',
      'f 644 0:0 /a/twin => /a/kept',
    ])
    expect(await after(drawing, { op: 'recover', path: '/a', layer: 1 })).toEqual([
      'd 711 0:0 /a',
      'f 644 0:0 /a/kept',
      'f 644 0:0 /a/new',
      'f 644 0:0 /a/twin',
    ])
  })

  test('one file brings its directory back, with the attributes that it had', async () => {
    expect(await after(drawing, { op: 'recover', path: '/a/old', layer: 0 })).toEqual([
      'd 700 4:4 /a',
      'f 644 0:0 /a/old',
    ])
  })

  test('what was edited is replaced; what was moved away stays a file of its own', async () => {
    const one = `layer
      f x "1"
      f y "1"`
    expect(
      await after(one, { op: 'meta', path: '/x', mode: 0o600 }, { op: 'recover', path: '/x', layer: 0 }),
    ).toEqual(['f 644 0:0 /x', 'f 644 0:0 /y'])
    expect(
      await after(one, { op: 'rename', from: '/x', to: '/z' }, { op: 'recover', path: '/x', layer: 0 }),
    ).toEqual(['f 644 0:0 /x', 'f 644 0:0 /y', 'f 644 0:0 /z'])
  })

  test('a path that the layer did not have, and a layer that is not there', async () => {
    await expect(after(drawing, { op: 'recover', path: '/a/new', layer: 0 })).rejects.toMatchObject({
      fault: { code: 'no-such-path', where: { path: '/a/new', layer: 0 } },
    })
    await expect(after(drawing, { op: 'recover', path: '/a', layer: 3 })).rejects.toMatchObject({
      fault: { code: 'bad-operation' },
    })
  })
})

describe('devices and attributes', () => {
  test('devices with their numbers, and a pipe', async () => {
    expect(
      await after(
        'layer\n d dev/',
        { op: 'device', path: '/dev/null', kind: 'char', major: 1, minor: 3, mode: 0o666 },
        { op: 'device', path: '/dev/sda', kind: 'block', major: 8, minor: 0, gid: 6 },
        { op: 'device', path: '/run/pipe', kind: 'fifo', mode: 0o600 },
      ),
    ).toEqual([
      'd 755 0:0 /dev',
      'c 666 0:0 /dev/null 1,3',
      'b 644 0:6 /dev/sda 8,0',
      'd 755 0:0 /run',
      'p 600 0:0 /run/pipe',
    ])
  })

  test('a character device 0:0 would be a whiteout to overlay engines', async () => {
    await expect(after('layer\n d dev/', { op: 'device', path: '/dev/x', kind: 'char' })).rejects.toThrow(
      /whiteout/,
    )
  })

  test('extended attributes are set, replaced and taken away, in either spelling', async () => {
    const drawing = `layer
      f x "1" xattr:user.a=1 xattr:user.b=2`
    const base64 = (text: string): string => Buffer.from(text, 'latin1').toString('base64')
    expect(
      await after(drawing, {
        op: 'meta',
        path: '/x',
        xattrs: { 'user.a': null, 'user.b': base64('3'), 'security.capability': base64('\x01\0\0\x02') },
      }),
    ).toEqual(['f 644 0:0 /x user.b=3 security.capability=\\x01\\x00\\x00\\x02'])
  })

  test.each([
    [{ 'user.a': '' }, /empty/],
    [{ 'user.a': '*' }, /base64/],
    [{ 'user=a': 'eA==' }, /no name/],
    [{ nodot: 'eA==' }, /no name/],
  ])('%j cannot be carried by a layer', async (xattrs, words) => {
    await expect(after('layer\n f x', { op: 'meta', path: '/x', xattrs })).rejects.toThrow(words)
  })
})

test('a scrubbed path that only a lower layer holds is no mistake; one that none holds is', async () => {
  const drawing = `layer
    f x "1"
  layer
    w x`
  expect(await after(drawing, { op: 'scrub', paths: ['/x'] })).toEqual([])
  await expect(after(drawing, { op: 'scrub', paths: ['/y'] })).rejects.toThrow('No layer holds /y.')
})
