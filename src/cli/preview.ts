/** What the lines of a recipe that are about whole layers would do to the root filesystem, one after the other: for --dry-run. */
import type { Ground } from '../core/edit/ground'
import type { Operation } from '../core/edit/operation'
import { stacked, UNTOUCHED } from '../core/edit/stack'
import { conflictsOf } from '../core/rebuild/conflicts'
import { previewOf } from '../core/rebuild/preview'
import { shadowedBy } from '../core/rebuild/shadowed'

const MOST = 200

export function previewText(ground: Ground, operations: readonly Operation[]): string {
  const parts: string[] = []
  let stack = UNTOUCHED
  operations.forEach((operation, index) => {
    const next = stacked(stack, operation, ground.count)
    if (operation.op === 'drop' || operation.op === 'move' || operation.op === 'rebase') {
      const tables = ground.tablesOf(next)
      const { appear, vanish, change, break: broken, differ } = previewOf(tables, stack, next)
      parts.push(
        [
          `line ${index + 1}: ${JSON.stringify(operation)}`,
          ...list(
            'in conflict',
            operation.op === 'move'
              ? conflictsOf(tables, operation.layer, stack, next, ground.count).map(
                  ({ path, layers, why }) => `${path} (layers ${layers.join(' and ')}: ${why})`,
                )
              : [],
          ),
          ...list('would appear', appear),
          ...list('would vanish', vanish),
          ...list('would change', change),
          ...list(
            'would break',
            broken.map(({ path, kind }) => `${path} (${kind})`),
          ),
          ...list(
            'shadowed by own layers',
            operation.op === 'rebase'
              ? shadowedBy(tables, next, ground.count).map(
                  ({ path, layer, what }) => `${path} (${what} by layer ${layer})`,
                )
              : [],
          ),
          ...list(
            'merged otherwise by overlay engines',
            differ.map(({ path, why }) => `${path}: ${why}`),
          ),
        ].join('\n'),
      )
    }
    stack = next
  })
  return parts.length === 0 ? 'No line of the recipe is about whole layers.' : parts.join('\n\n')
}

function list(name: string, paths: readonly string[]): string[] {
  if (paths.length === 0) return []
  const more = paths.length > MOST ? [`    and ${paths.length - MOST} others`] : []
  return [`  ${name}: ${paths.length}`, ...paths.slice(0, MOST).map((path) => `    ${path}`), ...more]
}
