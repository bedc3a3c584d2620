import { expect, test } from 'vitest'
import { commandOf, treeActionOf, type Keystroke, type TreePlace } from './keys'

const stroke = (key: string, ...held: ('ctrl' | 'meta' | 'shift' | 'alt')[]): Keystroke => ({
  key,
  ctrlKey: held.includes('ctrl'),
  metaKey: held.includes('meta'),
  shiftKey: held.includes('shift'),
  altKey: held.includes('alt'),
})
const place = (changes: Partial<TreePlace> = {}): TreePlace => ({
  cursor: 10,
  rows: 100,
  page: 20,
  expandable: false,
  expanded: false,
  ...changes,
})

test('open and export work everywhere, undo only where nobody types', () => {
  expect(commandOf(stroke('o', 'ctrl'), true)).toBe('open')
  expect(commandOf(stroke('o', 'meta'), false)).toBe('open')
  expect(commandOf(stroke('S', 'ctrl', 'shift'), true)).toBe('export')
  expect(commandOf(stroke('z', 'ctrl'), true)).toBeNull()
  expect(commandOf(stroke('z', 'ctrl'), false)).toBe('undo')
  expect(commandOf(stroke('Z', 'meta', 'shift'), false)).toBe('redo')
  expect(commandOf(stroke('y', 'ctrl'), false)).toBe('redo')
  expect(commandOf(stroke('/'), true)).toBeNull()
  expect(commandOf(stroke('/'), false)).toBe('filter')
  expect(commandOf(stroke('o'), false)).toBeNull()
})

test('arrows, pages and ends stay within the tree', () => {
  const to = (key: string, changes?: Partial<TreePlace>) => {
    const action = treeActionOf(stroke(key), place(changes))
    return action?.do === 'go' ? action.to : action
  }
  expect(to('ArrowDown')).toBe(11)
  expect(to('ArrowUp', { cursor: 0 })).toBe(0)
  expect(to('PageDown')).toBe(29)
  expect(to('PageDown', { cursor: 95 })).toBe(99)
  expect(to('Home')).toBe(0)
  expect(to('End')).toBe(99)
})

test('right opens a directory, then goes in; left closes it, then goes to its parent', () => {
  expect(treeActionOf(stroke('ArrowRight'), place({ expandable: true }))).toEqual({ do: 'expand' })
  expect(treeActionOf(stroke('ArrowRight'), place({ expandable: true, expanded: true }))).toMatchObject({
    to: 11,
  })
  expect(treeActionOf(stroke('ArrowRight'), place())).toBeNull()
  expect(treeActionOf(stroke('ArrowLeft'), place({ expandable: true, expanded: true }))).toEqual({
    do: 'collapse',
  })
  expect(treeActionOf(stroke('ArrowLeft'), place({ expandable: true }))).toEqual({ do: 'parent' })
})

test('letters look a name up, shift extends, and the browser keeps its own shortcuts', () => {
  expect(treeActionOf(stroke('o'), place())).toEqual({ do: 'type', letter: 'o' })
  expect(treeActionOf(stroke('ArrowDown', 'shift'), place())).toMatchObject({ to: 11, extend: true })
  expect(treeActionOf(stroke('r', 'ctrl'), place())).toBeNull()
  expect(treeActionOf(stroke('ArrowLeft', 'alt'), place())).toBeNull()
  expect(treeActionOf(stroke('Tab'), place())).toBeNull()
  expect(treeActionOf(stroke('Delete'), place())).toEqual({ do: 'remove' })
})

test('the search opens everywhere, the keys where nobody types', () => {
  expect(commandOf(stroke('k', 'ctrl'), true)).toBe('search')
  expect(commandOf(stroke('k', 'meta'), false)).toBe('search')
  expect(commandOf(stroke('?', 'shift'), false)).toBe('keys')
  expect(commandOf(stroke('?', 'shift'), true)).toBeNull()
  expect(treeActionOf(stroke('?', 'shift'), place())).toBeNull()
})
