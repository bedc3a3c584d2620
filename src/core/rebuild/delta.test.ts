import { expect, test } from 'vitest'
import type { Digest, DiffId } from '../digest/digest'
import { leftOut, withoutBase } from './delta'
import type { LayerDescriptor } from './document'

const layer = (name: string): LayerDescriptor => ({
  diffId: `sha256:${name.repeat(64)}` as string as DiffId,
  digest: `sha256:${name.repeat(64)}` as string as Digest,
  size: 1024,
  mediaType: 'application/vnd.oci.image.layer.v1.tar',
})
const idsOf = (...names: string[]): DiffId[] => names.map((name) => layer(name).diffId)
const layers = ['a', 'b', 'c'].map(layer)

test('the layers of the base stay out, the others go in', () => {
  const count = leftOut(layers, idsOf('a', 'b'))
  const left = withoutBase(
    layers.map((descriptor) => ({ descriptor })),
    count,
  )
  expect(left.map(({ descriptor }) => descriptor.absent ?? false)).toEqual([true, true, false])
})

test('an image that was rewritten below does not stand on the base: docker load would look for a layer that nobody has', () => {
  expect(() => leftOut(layers, idsOf('a', 'x'))).toThrow(/its layer 1 is another one/)
  expect(() => leftOut(layers, idsOf('a', 'b', 'c', 'd'))).toThrow(/its layer 3 is another one/)
})

test('without a layer in the base there is nothing to leave out', () => {
  expect(() => leftOut(layers, [])).toThrow(/no layer that could be left out/)
})
