/** What engines will meet in the layers of a build: those that stay bring what is odd in them, those that are written anew have nothing odd. */
import type { ExportRequest } from '../../workers/api'
import { isUntouched } from '../core/edit/stack'
import type { Oddity } from '../core/engine/facts'
import { ImageError } from '../core/fault/fault'
import { Notices, type Notice } from '../core/fault/notice'
import type { StackPlan } from '../core/rebuild/stack'
import { lintLayer } from '../core/rootfs/lint'
import { Tree } from '../core/rootfs/tree'
import { applyLayer } from '../core/rootfs/union'
import { rebuildInputOf, type EditedImage } from './edited-image'
import { planOf } from './rebuild'
import { odditiesIn } from './rules'

export function contentsOfBuild(
  from: EditedImage,
  { build, from: squashFrom }: Pick<ExportRequest, 'build' | 'from'>,
): readonly Oddity[] {
  const { layers, onto, stack, image } = from
  if (build === 'flatten') return []
  const said = [
    ...layers.notices.list,
    ...(onto?.layers.notices.list ?? []).map((notice) =>
      moved(notice, (layer) => layer + image.layers.length),
    ),
  ]
  // Nothing stands elsewhere than it did: all has been said already.
  if (build === 'append' && onto === null && isUntouched(stack)) return odditiesIn(said)
  const plan = planned(from, build, squashFrom)
  return plan === null ? [] : odditiesIn(noticesOf(plan, said))
}

/** Null where it cannot be built: the build itself says why. */
function planned(
  from: EditedImage,
  build: ExportRequest['build'],
  squashFrom: number | undefined,
): StackPlan | null {
  try {
    return planOf({ ...rebuildInputOf(from), build, squashFrom, format: 'docker' })
  } catch (thrown) {
    if (thrown instanceof ImageError) return null
    throw thrown
  }
}

/** By the places of the new stack. */
function noticesOf({ slots, tables }: StackPlan, said: readonly Notice[]): Notice[] {
  const tree = new Tree()
  return slots.flatMap((slot, place) => {
    const notices = new Notices()
    if (slot.kind !== 'layer') for (const layer of slot.layers) applyLayer(tree, tables, layer)
    else {
      const { layer } = slot
      lintLayer(tree, tables, layer, notices)
      applyLayer(tree, tables, layer, notices)
      notices.addAll(said.filter(({ code, where }) => where.layer === layer && isOfTar(code)))
    }
    return notices.list.map((notice) => moved(notice, () => place))
  })
}

/** What the scanner says: the union and the lint are asked anew. */
const isOfTar = (code: string): boolean => /^(tar|gzip)-/.test(code)

function moved(notice: Notice, place: (layer: number) => number): Notice {
  const { layer } = notice.where
  return layer === undefined ? notice : { ...notice, where: { ...notice.where, layer: place(layer) } }
}
