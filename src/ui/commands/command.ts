/** A command of the app: what menus, buttons, the palette and the list of keys have in common. */
import { keyWords, type Command as Key } from '../../app/keys'
import { onMac } from '../context'

export const groups = ['Image', 'Files', 'Look', 'Layers', 'Changes', 'Go', 'Page'] as const
export type Group = (typeof groups)[number]

export interface Command {
  /** Names it in the page: a button and the palette's line for the same command say the same. */
  readonly id: string
  readonly group: Group
  readonly words: string
  /** What it acts on, where that is chosen elsewhere: a path, a layer. */
  readonly about: string
  /** "" where it has none. */
  readonly keys: string
  /** Why it cannot be done now; "" where it can. */
  readonly why: string
  readonly run: () => void
}

export interface Extra {
  readonly about?: string
  readonly keys?: string
  readonly key?: Key
  readonly why?: string
}

export const command = (
  group: Group,
  id: string,
  words: string,
  run: () => void,
  { about = '', key, keys = key ? keyWords(key, onMac) : '', why = '' }: Extra = {},
): Command => ({ id, group, words, about, keys, why, run })

export const noImage = 'Open an image first.'
