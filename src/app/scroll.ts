/**
 * Where rows stand under a scrollbar. Firefox drops an element of more than 17,895,697 px and Chromium clamps at 33,554,428, so the
 * scrolled height ends at 8,000,000 px and positions are mapped in proportion beyond it.
 */
const tallest = 8_000_000

export interface Scale {
  /** Height of the scrolled element. */
  readonly height: number
  /** Height that all rows would have. */
  readonly full: number
  /** Furthest scrollTop, and the furthest true position. */
  readonly lastTop: number
  readonly lastPosition: number
  /** One pixel of scrollbar is more than one pixel of rows. */
  readonly clamped: boolean
}

export function scaleOf(rows: number, rowHeight: number, viewport: number): Scale {
  const full = rows * rowHeight
  const height = Math.min(full, tallest)
  return {
    height,
    full,
    lastTop: Math.max(0, height - viewport),
    lastPosition: Math.max(0, full - viewport),
    clamped: full > tallest,
  }
}

/** True position (pixels above the first one in sight) for a scrollTop. */
export function positionOf(scrollTop: number, scale: Scale): number {
  if (!scale.clamped) return scrollTop
  return (Math.min(scrollTop, scale.lastTop) / scale.lastTop) * scale.lastPosition
}

/** scrollTop for a true position. */
export function scrollTopOf(position: number, scale: Scale): number {
  const within = Math.max(0, Math.min(position, scale.lastPosition))
  return scale.clamped ? (within / scale.lastPosition) * scale.lastTop : within
}

/** The position that has row `index` in the middle; where it stands, if it is in sight already. */
export function positionCentring(
  index: number,
  position: number,
  rowHeight: number,
  viewport: number,
): number {
  const top = index * rowHeight
  const inSight = top >= position && top + rowHeight <= position + viewport
  return inSight ? position : Math.max(0, top - Math.floor((viewport - rowHeight) / 2))
}

/** The position that brings row `index` into sight with the least movement. */
export function positionShowing(
  index: number,
  position: number,
  rowHeight: number,
  viewport: number,
): number {
  const top = index * rowHeight
  if (top < position) return top
  return Math.max(position, top + rowHeight - viewport)
}
