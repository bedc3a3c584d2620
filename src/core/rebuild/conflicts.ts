/** Why layers cannot change places: paths that another order would show otherwise, with the two layers that both speak of them. */
import { laid, type Stack } from '../edit/stack'
import type { EntryTable } from '../layer/table'
import { ImageError } from '../fault/fault'
import { Tree } from '../rootfs/tree'
import { applyLayer } from '../rootfs/union'
import { previewOf } from './preview'

export interface Conflict {
  readonly path: string
  /** The one that is moved, and the one that it would pass. */
  readonly layers: readonly [moved: number, passed: number]
  readonly why: string
}

/**
 * Paths that stand in the way of a move, by name; none where the root filesystem stays as it is, on overlay engines too.
 * Times of directories do not count: they go with the layer that is on top. `tables`: of both stacks.
 */
export function conflictsOf(
  tables: readonly EntryTable[],
  layer: number,
  from: Stack,
  to: Stack,
  count: number,
): Conflict[] {
  const [old, order] = [laid(from, count), laid(to, count)]
  if (old.join() === order.join()) return []
  const preview = previewOf(tables, from, to)
  const passed = passedBy(layer, old, order)
  const speakers = speakersOf(tables, [layer, ...passed], old, order)
  const conflict = (path: string, why: string): Conflict => ({
    path,
    layers: [layer, speakers(path).find((other) => other !== layer) ?? passed[0]],
    why,
  })
  const broken = new Set(preview.break.map(({ path }) => path))
  return [
    ...preview.vanish.map((path) => conflict(path, 'it would be gone')),
    ...preview.appear.map((path) => conflict(path, 'it would come back')),
    ...preview.change
      .filter((path) => !broken.has(path))
      .map((path) => conflict(path, 'it would be another one')),
    ...preview.break.map(({ path }) => conflict(path, 'the link would lead nowhere')),
    ...preview.differ.map(({ path, why }) => conflict(path, why)),
  ].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
}

/** Names the first few. */
export function conflictFault(layer: number, conflicts: readonly Conflict[]): ImageError {
  const [{ path, layers, why }] = conflicts
  const others = conflicts.length - 1
  const more = others === 0 ? '' : `, and ${others} further ${others === 1 ? 'path' : 'paths'} in conflict`
  return new ImageError(
    'bad-operation',
    `Layer ${layer} cannot move there: ${path} is in conflict between the layers ${layers[0]} and ${layers[1]} (${why})${more}.`,
    { path, layer },
  )
}

/** Layers that stood below and would stand above, or the other way round. */
function passedBy(layer: number, old: readonly number[], order: readonly number[]): number[] {
  const below = (some: readonly number[]): ReadonlySet<number> => new Set(some.slice(0, some.indexOf(layer)))
  const [were, are] = [below(old), below(order)]
  return old.filter((other) => other !== layer && were.has(other) !== are.has(other))
}

/** Which of some layers speak of a path, or of what it lies in; asked of both orders. */
function speakersOf(
  tables: readonly EntryTable[],
  layers: readonly number[],
  ...orders: readonly (readonly number[])[]
): (path: string) => readonly number[] {
  const asked = new Set(layers)
  const known = new Map<string, Set<number>>()
  for (const order of orders) {
    const tree = new Tree()
    for (const layer of order) {
      applyLayer(tree, tables, layer)
      if (!asked.has(layer)) continue
      for (const node of tree.touched.nodes) {
        const path = tree.path(node)
        const set = known.get(path)
        if (set) set.add(layer)
        else known.set(path, new Set([layer]))
      }
    }
  }
  return (path) => {
    for (let at = path; at !== ''; at = at.slice(0, at.lastIndexOf('/'))) {
      const found = [...(known.get(at) ?? [])]
      if (found.some((layer) => layer !== layers[0])) return found
    }
    return []
  }
}
