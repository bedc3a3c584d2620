/** Types of entries as the page and reports name them, by their numbers in core (core/tar/entry.ts, TYPE). */
import type { EntryType } from '../../workers/api'

export const ENTRY_TYPES: readonly EntryType[] = [
  'file',
  'directory',
  'symlink',
  'hardlink',
  'char',
  'block',
  'fifo',
  'other',
]
