/** Keys and what they mean. One table: the screens show the same words that the page listens to. */

export type Command = 'open' | 'undo' | 'redo' | 'export' | 'filter' | 'search' | 'keys'

export interface Keystroke {
  readonly key: string
  readonly ctrlKey: boolean
  readonly metaKey: boolean
  readonly shiftKey: boolean
  readonly altKey: boolean
}

/**
 * The command of a keystroke anywhere on the page. While someone types (`typing`), a field keeps its own undo and its own "/".
 * Ctrl and Cmd mean the same: people carry one keyboard's habits to another's machine.
 */
export function commandOf(stroke: Keystroke, typing: boolean): Command | null {
  const key = stroke.key.toLowerCase()
  if (stroke.altKey) return null
  if (!stroke.ctrlKey && !stroke.metaKey) {
    if (typing) return null
    return key === '/' ? 'filter' : key === '?' ? 'keys' : null
  }
  if (key === 'k' && !stroke.shiftKey) return 'search'
  if (key === 'o' && !stroke.shiftKey) return 'open'
  if (key === 's' && stroke.shiftKey) return 'export'
  if (typing) return null
  if (key === 'z') return stroke.shiftKey ? 'redo' : 'undo'
  if (key === 'y' && !stroke.shiftKey) return 'redo'
  return null
}

/** "Ctrl+O", or "⌘O" on a Mac: for titles. */
export function keyWords(command: Command, mac: boolean): string {
  const words: Record<Command, [string, string]> = {
    open: ['Ctrl+O', '⌘O'],
    undo: ['Ctrl+Z', '⌘Z'],
    redo: ['Ctrl+Shift+Z', '⇧⌘Z'],
    export: ['Ctrl+Shift+S', '⇧⌘S'],
    filter: ['/', '/'],
    search: ['Ctrl+K', '⌘K'],
    keys: ['?', '?'],
  }
  return words[command][mac ? 1 : 0]
}

/** What a key does in the tree. `to` is a row; `type` looks a name up by its first letters. */
export type TreeAction =
  | { readonly do: 'go'; readonly to: number; readonly extend: boolean }
  | { readonly do: 'expand' | 'collapse' | 'expandAll' | 'parent' | 'open' | 'remove' | 'rename' | 'select' }
  | { readonly do: 'type'; readonly letter: string }

export interface TreePlace {
  readonly cursor: number
  readonly rows: number
  /** Rows that fit on the screen. */
  readonly page: number
  readonly expandable: boolean
  readonly expanded: boolean
}

/** Keys as in a file manager, and as the treegrid pattern of the ARIA practices has them. */
export function treeActionOf(stroke: Keystroke, place: TreePlace): TreeAction | null {
  if (stroke.altKey) return null
  const go = (to: number): TreeAction => ({
    do: 'go',
    to: Math.max(0, Math.min(place.rows - 1, to)),
    extend: stroke.shiftKey,
  })
  switch (stroke.key) {
    case 'ArrowDown':
      return go(place.cursor + 1)
    case 'ArrowUp':
      return go(place.cursor - 1)
    case 'PageDown':
      return go(place.cursor + Math.max(1, place.page - 1))
    case 'PageUp':
      return go(place.cursor - Math.max(1, place.page - 1))
    case 'Home':
      return go(0)
    case 'End':
      return go(place.rows - 1)
    case 'ArrowRight':
      if (place.expandable && !place.expanded) return { do: 'expand' }
      return place.expanded ? go(place.cursor + 1) : null
    case 'ArrowLeft':
      return place.expandable && place.expanded ? { do: 'collapse' } : { do: 'parent' }
    case 'Enter':
      return { do: 'open' }
    case 'Delete':
      return { do: 'remove' }
    case 'Backspace': // The key above Return on a Mac is called delete, and sends this.
      return stroke.metaKey ? { do: 'remove' } : null
    case 'F2':
      return { do: 'rename' }
    case '*':
      return { do: 'expandAll' }
  }
  if (stroke.ctrlKey || stroke.metaKey) return stroke.key === ' ' ? { do: 'select' } : null
  if (stroke.key === '/' || stroke.key === '?' || stroke.key.length !== 1) return null
  return { do: 'type', letter: stroke.key }
}
