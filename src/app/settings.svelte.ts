/** What a person set up once: theme, room for the panes, hints that were read. Kept in this browser; a browser that keeps nothing is fine too. */

export const themes = ['system', 'light', 'dark'] as const
export type Theme = (typeof themes)[number]
export type Pane = 'layers' | 'inspector' | 'treemap'

/** The room that a pane may have: its width in px, or, of the treemap, its share of what it and the list have, in percent. */
export const widths: Record<Pane, { readonly least: number; readonly most: number }> = {
  layers: { least: 200, most: 640 },
  inspector: { least: 260, most: 1200 },
  treemap: { least: 20, most: 80 },
}

/** What a pane starts with: its share of this window. */
export function firstWidth(pane: Pane): number {
  if (pane === 'treemap') return 50
  const [share, least, most] = pane === 'layers' ? [0.24, 230, 360] : [0.29, 300, 620]
  return Math.round(Math.max(least, Math.min(most, share * window.innerWidth)))
}

export class Settings {
  #theme = $state<Theme>('system')
  #widths = $state.raw<Record<Pane, number>>({ layers: 0, inspector: 0, treemap: 0 })

  /** Panes whose first hint was read. */
  #read = $state.raw<readonly string[]>((kept('hints') ?? '').split(' ').filter(Boolean))

  constructor() {
    this.#theme = themes.find((theme) => theme === kept('theme')) ?? 'system'
    this.#widths = {
      layers: keptWidth('layers'),
      inspector: keptWidth('inspector'),
      treemap: keptWidth('treemap'),
    }
    show(this.#theme)
  }

  get theme(): Theme {
    return this.#theme
  }

  width(pane: Pane): number {
    return this.#widths[pane]
  }

  isRead(hint: string): boolean {
    return this.#read.includes(hint)
  }

  markRead(hint: string): void {
    if (this.isRead(hint)) return
    this.#read = [...this.#read, hint]
    keep('hints', this.#read.join(' '))
  }

  nextTheme(): void {
    this.setTheme(themes[(themes.indexOf(this.#theme) + 1) % themes.length])
  }

  setTheme(theme: Theme): void {
    this.#theme = theme
    show(theme)
    keep('theme', theme)
  }

  /** Hints as on the first day. */
  forgetRead(): void {
    this.#read = []
    keep('hints', '')
  }

  resize(pane: Pane, width: number): void {
    const { least, most } = widths[pane]
    this.#widths = { ...this.#widths, [pane]: Math.round(Math.max(least, Math.min(most, width))) }
    keep(`width.${pane}`, String(this.#widths[pane]))
  }
}

function show(theme: Theme): void {
  if (theme === 'system') delete document.documentElement.dataset['theme']
  else document.documentElement.dataset['theme'] = theme
}

function keptWidth(pane: Pane): number {
  const { least, most } = widths[pane]
  const width = Number(kept(`width.${pane}`) ?? NaN)
  return width >= least && width <= most ? width : firstWidth(pane)
}

function kept(name: string): string | null {
  try {
    return localStorage.getItem(`peel.${name}`)
  } catch {
    return null
  }
}

function keep(name: string, value: string): void {
  try {
    localStorage.setItem(`peel.${name}`, value)
  } catch {
    // Nothing is lost but a width.
  }
}
