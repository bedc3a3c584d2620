/** Questions that a dialog asks before something is changed, as data: fields, and the edits that the answers amount to. */
import type { Edit } from '../../workers/api'
import { joined } from './words'

export interface Field {
  readonly id: string
  readonly label: string
  readonly value: string
  readonly hint?: string
  /** Chosen from these; else typed. */
  readonly options?: readonly { readonly value: string; readonly words: string }[]
  /** Whether it is asked at all, by the other answers. */
  readonly when?: (answers: Answers) => boolean
}

export type Answers = { readonly [id: string]: string }

export interface Form {
  readonly title: string
  /** One sentence on what it does; "" where the title says it all. */
  readonly means: string
  readonly fields: readonly Field[]
  readonly submit: string
  /** The edits; a text says what is wrong with the answers. */
  readonly edits: (answers: Answers) => readonly Edit[] | string
  /** Path to look at afterwards. */
  readonly leadsTo?: (answers: Answers) => string
}

/** A name stands in `directory`; a path from / on stands where it says. */
export const placed = (directory: string, name: string): string =>
  name.startsWith('/') ? name : joined(directory, name)

const notEmpty = (text: string | undefined): text is string => text !== undefined && text.trim() !== ''

const nameField: Field = {
  id: 'name',
  label: 'Name',
  value: '',
  hint: 'a name, or a path that begins with /',
}

export function symlinkForm(directory: string): Form {
  return {
    title: 'New symbolic link',
    means: `In ${directory}. The target is text: it may be relative, and need not exist.`,
    fields: [nameField, { id: 'target', label: 'Target', value: '', hint: '../lib/name, or /usr/lib/name' }],
    submit: 'Create',
    edits: ({ name, target }) =>
      notEmpty(name) && notEmpty(target)
        ? [{ op: 'symlink', path: placed(directory, name), target }]
        : 'A link needs a name and a target.',
    leadsTo: ({ name }) => placed(directory, name),
  }
}

export function hardlinkForm(directory: string, target: string): Form {
  return {
    title: 'New hard link',
    means: `A further name in ${directory} for a file of the image: the same contents, mode and owner.`,
    fields: [nameField, { id: 'target', label: 'File', value: target, hint: '/bin/busybox' }],
    submit: 'Create',
    edits: ({ name, target: file }) =>
      notEmpty(name) && notEmpty(file)
        ? [{ op: 'hardlink', path: placed(directory, name), target: file }]
        : 'A hard link needs a name and a file.',
    leadsTo: ({ name }) => placed(directory, name),
  }
}

export function deviceForm(directory: string): Form {
  const hasNumbers = ({ kind }: Answers): boolean => kind !== 'fifo'
  return {
    title: 'New device or pipe',
    means: `In ${directory}.`,
    fields: [
      nameField,
      {
        id: 'kind',
        label: 'Kind',
        value: 'char',
        options: [
          { value: 'char', words: 'character device' },
          { value: 'block', words: 'block device' },
          { value: 'fifo', words: 'named pipe' },
        ],
      },
      { id: 'major', label: 'Major number', value: '', hint: '1', when: hasNumbers },
      { id: 'minor', label: 'Minor number', value: '', hint: '3', when: hasNumbers },
    ],
    submit: 'Create',
    edits: ({ name, kind, major, minor }) => {
      if (!notEmpty(name)) return 'It needs a name.'
      const path = placed(directory, name)
      if (kind === 'fifo') return [{ op: 'device', path, kind }]
      if (kind !== 'char' && kind !== 'block') return 'Choose a kind.'
      if (!/^\d{1,7}$/.test(major ?? '') || !/^\d{1,7}$/.test(minor ?? ''))
        return 'A device has two whole numbers: /dev/null is 1 and 3.'
      return [{ op: 'device', path, kind, major: Number(major), minor: Number(minor) }]
    },
    leadsTo: ({ name }) => placed(directory, name),
  }
}

export function copyForm(path: string): Form {
  return {
    title: 'Copy',
    means: `${path}, with all below it, as cp -a copies.`,
    fields: [{ id: 'to', label: 'To', value: `${path}.copy`, hint: 'a path that begins with /' }],
    submit: 'Copy',
    edits: ({ to }) =>
      notEmpty(to) && to.startsWith('/') ? [{ op: 'copy', from: path, to }] : 'A path begins with /.',
    leadsTo: ({ to }) => to,
  }
}

export function moveForm(path: string): Form {
  return {
    title: 'Move',
    means: `${path}, with all below it; hard links stay together.`,
    fields: [{ id: 'to', label: 'To', value: path, hint: 'a path that begins with /' }],
    submit: 'Move',
    edits: ({ to }) => {
      if (!notEmpty(to) || !to.startsWith('/')) return 'A path begins with /.'
      return to === path ? 'It is there already.' : [{ op: 'rename', from: path, to }]
    },
    leadsTo: ({ to }) => to,
  }
}

/** `layers`: numbers with their words, base first. */
export function squashForm(
  layers: readonly { readonly layer: number; readonly words: string }[],
  chosen: number,
): Form {
  const options = layers.map(({ layer, words }) => ({
    value: String(layer),
    words: `${layer}: ${words.slice(0, 70)}`,
  }))
  const last = layers.length - 1
  return {
    title: 'Squash layers',
    means:
      'The layers from the first to the last of the range become one, which is what they are together. Files that one of them removed or replaced are gone from it.',
    fields: [
      { id: 'from', label: 'From layer', value: String(chosen === last ? chosen - 1 : chosen), options },
      { id: 'to', label: 'To layer', value: String(chosen === last ? last : chosen + 1), options },
    ],
    submit: 'Squash',
    edits: ({ from, to }) =>
      Number(from) < Number(to)
        ? [{ op: 'squash', from: Number(from), to: Number(to) }]
        : 'A range is two layers or more, the lower one first.',
  }
}

export function historyForm(
  index: number,
  words: { readonly createdBy: string; readonly comment: string; readonly author: string },
): Form {
  return {
    title: 'Edit the history line',
    means: 'The words alone: the layer stays. Emptied fields are taken away.',
    fields: [
      { id: 'created_by', label: 'Instruction', value: words.createdBy, hint: 'created_by' },
      { id: 'comment', label: 'Comment', value: words.comment },
      { id: 'author', label: 'Author', value: words.author },
    ],
    submit: 'Set',
    edits: (answers) => {
      const given = Object.entries(answers).filter(([key, text]) => text !== '' || key === 'created_by')
      const same =
        answers.created_by === words.createdBy &&
        answers.comment === words.comment &&
        answers.author === words.author
      return same ? 'Nothing is changed.' : [{ op: 'history', index, value: Object.fromEntries(given) }]
    },
  }
}
