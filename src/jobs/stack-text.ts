/** The layers as a recipe lays them, one a line, base first: what a change of whole layers is seen by, before and after. */
import { laid, rangeOf, stacked, UNTOUCHED } from '../core/edit/stack'
import type { Operation } from '../core/edit/operation'
import type { Image } from '../core/image/image'
import { instructionOf } from '../core/image/instruction'

/** "2  RUN make"; layers that become one stand behind a bar. `onto`: the image that a rebase names. */
export function stackText(image: Image, onto: Image | null, operations: readonly Operation[]): string {
  const count = image.layers.length
  const stack = operations.reduce((sum, operation) => stacked(sum, operation, count), UNTOUCHED)
  const order = laid(stack, count)
  const merged = new Set(stack.ranges.flatMap((range) => rangeOf(order, range)))
  return order
    .map((layer) => {
      const [from, index, name] = layer < count ? [image, layer, ''] : [onto, layer - count, 'base ']
      const line = from?.steps.find((step) => step.layer === index)?.line?.created_by
      return `${merged.has(layer) ? '│ ' : '  '}${name}${index}  ${instructionOf(line ?? '')}`.trimEnd()
    })
    .join('\n')
}
