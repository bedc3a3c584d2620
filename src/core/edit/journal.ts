/** The recipe with its undo pointer. Undone steps stay until something else is done. A step is what one action of a person did: one operation or many. */
import { ImageError } from '../fault/fault'
import type { Operation } from './operation'

export interface Journal {
  readonly version: 3
  readonly steps: readonly (readonly Operation[])[]
  /** How many steps are in force. */
  readonly done: number
}

export const EMPTY_JOURNAL: Journal = { version: 3, steps: [], done: 0 }

export function inForce(journal: Journal): readonly Operation[] {
  return journal.steps.slice(0, journal.done).flat()
}

export function added(journal: Journal, step: readonly Operation[]): Journal {
  const steps = [...journal.steps.slice(0, journal.done), step]
  return { version: 3, steps, done: steps.length }
}

export function undone(journal: Journal): Journal {
  return { ...journal, done: Math.max(0, journal.done - 1) }
}

export function redone(journal: Journal): Journal {
  return { ...journal, done: Math.min(journal.steps.length, journal.done + 1) }
}

/** Without operation `index` of those in force. Steps that could be redone are given up: they may rest on it. */
export function without(journal: Journal, index: number): Journal {
  let before = 0
  const steps: (readonly Operation[])[] = []
  for (const step of journal.steps.slice(0, journal.done)) {
    const at = index - before
    const kept = at >= 0 && at < step.length ? step.filter((_, i) => i !== at) : step
    if (kept.length > 0) steps.push(kept)
    before += step.length
  }
  return { version: 3, steps, done: steps.length }
}

/**
 * A stored journal, of this version or an older one. Throws `bad-operation` where it is of a newer program: then it must
 * not be written over. Each version has more operations than the one before (2: scrub, drop, squash, history, annotation,
 * copy, device; 3: move, rebase): an older program refuses it instead of leaving them out.
 */
export function readJournal(stored: unknown): Journal {
  if (stored === null || stored === undefined) return EMPTY_JOURNAL
  const { version, steps, done } = stored as { version?: unknown; steps?: unknown; done?: unknown }
  const known =
    (version === 1 || version === 2 || version === 3) &&
    Array.isArray(steps) &&
    steps.every((step) => Array.isArray(step) && step.every(isKnown)) &&
    typeof done === 'number'
  if (!known)
    throw new ImageError(
      'bad-operation',
      'The edits stored for this image were made by a newer version of Peel. They are kept as they are: reload the page to get that version.',
    )
  return { version: 3, steps: steps as Journal['steps'], done: Math.max(0, Math.min(done, steps.length)) }
}

const OPERATIONS: { readonly [Op in Operation['op']]: true } = {
  write: true,
  mkdir: true,
  symlink: true,
  hardlink: true,
  device: true,
  copy: true,
  recover: true,
  remove: true,
  rename: true,
  meta: true,
  config: true,
  history: true,
  annotation: true,
  tags: true,
  drop: true,
  squash: true,
  move: true,
  rebase: true,
  scrub: true,
  reclaim: true,
}

function isKnown(operation: unknown): boolean {
  const { op } = (operation ?? {}) as { op?: unknown }
  return typeof op === 'string' && Object.hasOwn(OPERATIONS, op)
}
