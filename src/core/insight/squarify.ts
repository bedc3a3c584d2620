/**
 * Rectangles whose areas are as their weights, none longer than it must be (Bruls, Huizing, van Wijk: Squarified
 * Treemaps, 2000): rows are laid along the shorter side of what is left, each as long as its worst rectangle gets better.
 */

export interface Box {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** One box for each weight, in their order; biggest first gives the best shapes. A weight of nothing has an empty box. */
export function squarify(weights: readonly number[], { x, y, width, height }: Box): Box[] {
  const boxes: Box[] = []
  let total = weights.reduce((sum, weight) => sum + weight, 0)
  if (!(total > 0) || !(width > 0) || !(height > 0)) return weights.map(() => ({ x, y, width: 0, height: 0 }))
  for (let at = 0; at < weights.length;) {
    const area = (width * height) / total
    const side = Math.min(width, height)
    const end = total > 0 ? rowEnd(weights, at, side, area) : weights.length
    const sum = weights.slice(at, end).reduce((sum, weight) => sum + weight, 0)
    const thick = side > 0 && total > 0 ? (sum * area) / side : 0
    const wide = width > height // The row stands upright at the left, else it lies at the top.
    let along = wide ? y : x
    for (; at < end; at++) {
      const length = sum > 0 ? (weights[at] / sum) * side : 0
      boxes.push(
        wide ? { x, y: along, width: thick, height: length } : { x: along, y, width: length, height: thick },
      )
      along += length
    }
    if (wide) [x, width] = [x + thick, Math.max(0, width - thick)]
    else [y, height] = [y + thick, Math.max(0, height - thick)]
    total -= sum
  }
  return boxes
}

/** Where the row that begins at `at` ends: before the first weight that would make its worst rectangle worse. */
function rowEnd(weights: readonly number[], at: number, side: number, area: number): number {
  let sum = 0
  let least = Infinity
  let most = 0
  let worst = Infinity
  for (let end = at; end < weights.length; end++) {
    const weight = weights[end] * area
    sum += weight
    least = Math.min(least, weight)
    most = Math.max(most, weight)
    const now = Math.max((side * side * most) / (sum * sum), (sum * sum) / (side * side * least))
    if (now > worst) return end
    worst = now
  }
  return weights.length
}
