import { expect, test } from 'vitest'
import { unionOf } from '../core/rootfs/rootfs.fixture'
import { utf8 } from '../core/bytes/text'
import { lifeOf } from './life'

async function lifeIn(drawing: string, path: string): Promise<string[]> {
  const { tables } = await unionOf(drawing)
  return lifeOf(tables, utf8(path), () => '').map(
    ({ layer, what, bytes, link }) => `${layer} ${what} ${bytes}${link === '' ? '' : ` => ${link}`}`,
  )
}

test('a version that is a hard link has the size of its file, and says which file that is', async () => {
  const drawing = `
    layer
      f bin/busybox 900 bytes
      h bin/ls => bin/busybox
    layer
      f bin/busybox 800 bytes
    layer
      h bin/ls => bin/busybox
    layer
      f bin/ls 5 bytes`
  expect(await lifeIn(drawing, 'bin/ls')).toEqual([
    '0 added 900 => bin/busybox',
    '2 changed 800 => bin/busybox',
    '3 changed 5',
  ])
})

test('links to links lead to the file; a link to what no layer lists, and a ring of links, to no size', async () => {
  const drawing = `
    layer
      f a 7 bytes
      h b => a
      h c => b
      h lost => nowhere
      h ring => ring`
  expect(await lifeIn(drawing, 'c')).toEqual(['0 added 7 => b'])
  expect(await lifeIn(drawing, 'lost')).toEqual(['0 added null => nowhere'])
  expect(await lifeIn(drawing, 'ring')).toEqual(['0 added null => ring'])
})

test('a hard link to a file that was taken away below has no size', async () => {
  const drawing = `
    layer
      f a 7 bytes
    layer
      w a
    layer
      h b => a`
  expect(await lifeIn(drawing, 'b')).toEqual(['2 added null => a'])
})
