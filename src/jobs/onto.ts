/** The image that another one is put onto: found in an archive, its layers read. */
import type { NewBase, Operation } from '../core/edit/operation'
import { Ground } from '../core/edit/ground'
import { ImageError } from '../core/fault/fault'
import { namesOf, platformOf, type Archive, type Image } from '../core/image/image'
import { Layers } from './layers'
import { openArchiveIn } from './open'
import type { LayerPool } from './pool'
import type { Stores } from './ports'
import type { ByteSource } from '../core/bytes/source'
import type { Task } from './tasks'

export interface Onto {
  readonly file: string
  readonly archive: Archive
  readonly image: Image
  readonly layers: Layers
}

export interface OntoPorts {
  readonly pool: LayerPool
  readonly stores: Stores
  readonly task: Task
}

/** Throws `bad-operation` where the archive holds no image that fits, the faults of opening and reading it else. */
export async function ontoIn(
  tar: ByteSource,
  base: NewBase,
  own: Image,
  { pool, stores, task }: OntoPorts,
): Promise<Onto> {
  const archive = await openArchiveIn(tar, task.signal)
  const image = chosen(archive, base, own)
  const layers = new Layers({ image, pool, stores })
  task.total(layers.scanBytes)
  await layers.scan(task)
  const { anyFault } = layers
  if (anyFault)
    throw new ImageError(anyFault.code, `The new base cannot be read: ${anyFault.message}`, anyFault.where)
  return { file: base.file, archive, image, layers }
}

/** The image with the layers that are asked for; where none are, the one for the same platform. */
function chosen({ images }: Archive, { file, diffIds }: NewBase, own: Image): Image {
  const wanted =
    diffIds.length === 0
      ? (images.find((image) => fits(own, image)) ?? images[0])
      : images.find(({ layers }) => layers.map(({ diffId }) => diffId).join() === diffIds.join())
  if (!wanted)
    throw new ImageError(
      'bad-operation',
      `${file} holds no image with the layers that the recipe names: it is another base, or another version of it.`,
    )
  if (!fits(own, wanted))
    throw new ImageError(
      'bad-operation',
      `The image is for ${platformOf(own.config)}, ${namesOf(wanted)[0] ?? file} for ${platformOf(wanted.config)}: programs of one do not run on the other.`,
    )
  return wanted
}

/** What one of the two does not say, does not stand in the way. */
function fits({ config: a }: Image, { config: b }: Image): boolean {
  const same = (x: string | null | undefined, y: string | null | undefined): boolean => !x || !y || x === y
  return same(a.os, b.os) && same(a.architecture, b.architecture)
}

/** What is known of each layer's digests. Layers of a new base are numbered behind the image's own. */
export function verdictIn(own: Layers, onto: Pick<Onto, 'layers'> | null): (layer: number) => boolean | null {
  return (layer) =>
    layer < own.count ? own.verdictOf(layer) : (onto?.layers.verdictOf(layer - own.count) ?? null)
}

/** How many layers, from the base, two images have in common. */
export function sharedLayers(a: Image, b: Image): number {
  const differs = a.layers.findIndex(({ diffId }, i) => b.layers[i]?.diffId !== diffId)
  return differs < 0 ? a.layers.length : differs
}

/** The recipe with what it left to be found: how many layers the old base has, and which the new one. Throws `bad-operation`. */
export function withBase(operations: readonly Operation[], own: Image, onto: Onto): Operation[] {
  return operations.map((operation) => {
    if (operation.op !== 'rebase') return operation
    const replace = operation.replace ?? sharedLayers(own, onto.image)
    if (operation.replace === undefined && replace === 0)
      throw new ImageError(
        'bad-operation',
        `The image has no layer in common with ${onto.file}: say how many of its layers, from the base, are the old one.`,
      )
    const diffIds = onto.image.layers.map(({ diffId }) => diffId)
    return { op: 'rebase', replace, onto: { file: operation.onto.file || onto.file, diffIds } }
  })
}

/** What a recipe stands on. */
export function groundOf(layers: Layers, onto: Onto | null): Ground {
  return new Ground(layers.union, layers.tables, onto?.layers.tables)
}
