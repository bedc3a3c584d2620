/**
 * An archive without the layers that the other side has. Only docker load with its classic store takes one: it does not
 * open the file of a layer whose chain it has (moby daemon/internal/image/tarexport/load.go). containerd, podman and skopeo
 * want every layer that manifest.json names.
 */
import type { DiffId } from '../digest/digest'
import { ImageError } from '../fault/fault'
import type { LayerDescriptor } from './document'

/**
 * How many of `layers`, from the base, stay out: those of `base`, whole. Throws `bad-operation` where the new image does
 * not stand on them (an engine would look for layers that nobody has), and where nothing would be left to send.
 */
export function leftOut(layers: readonly LayerDescriptor[], base: readonly DiffId[]): number {
  const differs = base.findIndex((diffId, i) => layers[i]?.diffId !== diffId)
  if (base.length === 0)
    throw new ImageError('bad-operation', 'The base has no layer that could be left out.')
  if (differs >= 0)
    throw new ImageError(
      'bad-operation',
      `The new image does not stand on the base: its layer ${differs} is another one. A delta needs the build add, or changes above the base only; docker load would refuse this one.`,
      { layer: differs },
    )
  return base.length
}

/** The same layers, the lowest `count` of them not in the archive. */
export function withoutBase<T extends { readonly descriptor: LayerDescriptor }>(
  layers: readonly T[],
  count: number,
): T[] {
  return layers.map((layer, i) =>
    i < count ? { ...layer, descriptor: { ...layer.descriptor, absent: true } } : layer,
  )
}
