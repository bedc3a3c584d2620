import { describe, expect, test } from 'vitest'
import { unionOf } from './rootfs.fixture'
import { firstDifference, type Side } from './same'
import { unite } from './union'

async function side(drawing: string): Promise<Side> {
  const { tree, tables } = await unionOf(drawing)
  return { tree, sources: { tables, upper: [] } }
}

async function difference(one: string, other: string): Promise<string | null> {
  const found = firstDifference(await side(one), await side(other))
  return found && `${found.path}: ${found.what}`
}

const image = `
layer
  d etc
  f etc/motd "hello"
  f etc/hosts "127"
  s etc/link -> motd
layer
  f bin/sh "sh"
  w etc/hosts`

describe('the first difference of two trees', () => {
  test('none, whatever layers they come from and in whatever order', async () => {
    const flat = `
layer
  f bin/sh "sh"
  s etc/link -> motd
  d etc
  f etc/motd "hello"`
    expect(await difference(image, flat)).toBeNull()
    expect(await difference(flat, image)).toBeNull()
  })

  test('one path more, one less, and another of the same number', async () => {
    expect(await difference(image, `${image}\n  f bin/new ""`)).toBe('/bin/new: it should not be there')
    expect(await difference(image, `${image}\nlayer\n  w bin/sh`)).toBe('/bin/sh: it is missing')
    expect(await difference(image, `${image}\nlayer\n  w bin/sh\n  f bin/so "sh"`)).toBe(
      '/bin/sh: it is missing',
    )
  })

  test('size, target and type', async () => {
    expect(await difference(image, `${image}\n  f etc/motd "hello!"`)).toBe('/etc/motd: its size (5, 6)')
    expect(await difference(image, `${image}\n  s etc/link -> moth`)).toBe('/etc/link: its target')
    expect(await difference(image, `${image}\n  s bin/sh -> so`)).toBe('/bin/sh: its type')
  })

  test('two names of one inode are not two files alike, on either side', async () => {
    const linked = 'layer\n  f a "x"\n  h b => a\n  f c "x"'
    const apart = 'layer\n  f a "x"\n  f b "x"\n  f c "x"'
    const otherwise = 'layer\n  f a "x"\n  f b "x"\n  h c => b'
    for (const [one, other] of [
      [linked, apart],
      [apart, linked],
      [linked, otherwise],
    ])
      expect(await difference(one, other)).toMatch(/^\/[abc]: its hard links$/)
    expect(await difference(linked, 'layer\n  f c "x"\n  f b "x"\n  h a => b')).toBeNull()
  })

  test('rows of the same tables are the same, wherever their layers stand in the stack', async () => {
    const { tables } = await unionOf('layer\n  f a "x"\nlayer\n  f b/c "x"\nlayer\n  w a')
    const [first, second, third] = tables
    const a = { tree: unite([first, second, third]), sources: { tables, upper: [] } }
    const shorter = [second]
    expect(firstDifference(a, { tree: unite(shorter), sources: { tables: shorter, upper: [] } })).toBeNull()
    const more = [second, first]
    expect(firstDifference(a, { tree: unite(more), sources: { tables: more, upper: [] } })).toMatchObject({
      path: '/a',
      what: 'it should not be there',
    })
  })
})
