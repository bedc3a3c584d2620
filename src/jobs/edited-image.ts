/** An image with edits on it, as what a rebuild takes from it: the same for the page and the terminal. */
import type { Edited } from '../core/edit/apply'
import type { Operation } from '../core/edit/operation'
import type { Stack } from '../core/edit/stack'
import type { Image } from '../core/image/image'
import { annotationsInForce, configEdits } from './edits'
import type { Layers } from './layers'
import { verdictIn, type Onto } from './onto'
import type { RebuildInput } from './rebuild'

export interface EditedImage {
  readonly image: Image
  readonly layers: Layers
  /** What the operations put the image onto. */
  readonly onto: Pick<Onto, 'image' | 'layers'> | null
  /** In force; `edited` and `stack` are what they come to. */
  readonly operations: readonly Operation[]
  readonly edited: Edited
  readonly stack: Stack
}

/** All that the image and its edits say; what is left is what the user chooses. Throws the fault of a layer that cannot be read. */
export function rebuildInputOf({ image, layers, onto, operations, edited, stack }: EditedImage) {
  return {
    image,
    onto: onto?.image,
    tables: edited.sources.tables,
    union: layers.unitedHere ?? undefined,
    plain: [...layers.plain, ...(onto?.layers.plain ?? [])],
    edited,
    stack,
    configEdits: configEdits(operations),
    annotations: annotationsInForce(operations, image),
    verified: verdictIn(layers, onto),
  } satisfies Partial<RebuildInput>
}
