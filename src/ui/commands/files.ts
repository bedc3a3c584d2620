/** Commands on the paths that are chosen in the tree: the toolbar of the files, its menu, and the palette. */
import { copyForm, deviceForm, hardlinkForm, moveForm, symlinkForm } from '../../app/forms'
import { count } from '../../app/words'
import { onMac, type Desk } from '../context'
import { command, type Command } from './command'

/** Why edits cannot be made here; "" where they can. */
function unchangeable({ workspace }: Desk): string {
  if (workspace.files.editable) return ''
  return workspace.readOnly
    ? 'Another tab may change this image: take it over first.'
    : 'Edits act on the final filesystem: switch to it first.'
}

export function fileCommands(desk: Desk): Command[] {
  const { workspace } = desk
  const { files, inspector } = workspace
  const { chosen } = files
  const directory = files.directory ?? '/'
  const there = chosen.filter((row) => row.change !== 'removed')
  const one = chosen.length === 1 && there.length === 1 ? there[0] : null
  const notHere = unchangeable(desk)
  const needsOne = notHere || (one ? '' : 'Choose one path first.')
  const needsSome = notHere || (there.length > 0 ? '' : 'Choose a path first.')
  const aboutChosen =
    chosen.length === 1 ? chosen[0].path : chosen.length > 1 ? count(chosen.length, 'path') : ''
  const inHere = {
    about: `in ${directory}`,
    why: notHere || (files.directory === null ? 'Finding the path…' : ''),
  }
  const onOne = { about: aboutChosen, why: needsOne }
  const onSome = { about: aboutChosen, why: needsSome }
  const single = chosen.length === 1 ? '' : 'Choose one path first.'
  return [
    command(
      'Files',
      'new-file',
      'New file',
      () => workspace.ask({ ask: 'name', what: 'file', directory }),
      inHere,
    ),
    command(
      'Files',
      'new-folder',
      'New folder',
      () => workspace.ask({ ask: 'name', what: 'folder', directory }),
      inHere,
    ),
    command('Files', 'add-files', 'Add files…', () => workspace.ask({ ask: 'files' }), inHere),
    command('Files', 'add-folder', 'Add a folder…', () => workspace.ask({ ask: 'folder' }), inHere),
    command(
      'Files',
      'new-symlink',
      'New symbolic link…',
      () => workspace.ask({ ask: 'form', form: symlinkForm(directory) }),
      inHere,
    ),
    command(
      'Files',
      'new-hardlink',
      'New hard link…',
      () =>
        workspace.ask({
          ask: 'form',
          form: hardlinkForm(directory, one && one.type !== 'directory' ? one.path : ''),
        }),
      inHere,
    ),
    command(
      'Files',
      'new-device',
      'New device or pipe…',
      () => workspace.ask({ ask: 'form', form: deviceForm(directory) }),
      inHere,
    ),
    command('Files', 'rename', 'Rename', () => one && workspace.ask({ ask: 'rename', row: one }), {
      ...onOne,
      keys: 'F2',
    }),
    command('Files', 'delete', 'Delete', () => void workspace.editing.remove(chosen), {
      ...onSome,
      keys: onMac ? '⌘⌫' : 'Del',
    }),
    command(
      'Files',
      'copy-to',
      'Copy to…',
      () => one && workspace.ask({ ask: 'form', form: copyForm(one.path) }),
      onOne,
    ),
    command(
      'Files',
      'move-to',
      'Move to…',
      () => one && workspace.ask({ ask: 'form', form: moveForm(one.path) }),
      onOne,
    ),
    command(
      'Files',
      'attributes',
      'Attributes…',
      () => workspace.ask({ ask: 'attributes', rows: there }),
      onSome,
    ),
    command(
      'Files',
      'scrub',
      'Remove from every layer…',
      () => workspace.ask({ ask: 'scrub', paths: chosen.map(({ path }) => path) }),
      { about: aboutChosen, why: chosen.length > 0 ? '' : 'Choose a path first.' },
    ),
    command('Files', 'edit', 'Edit', () => void inspector.startEditing(), {
      about: inspector.at?.path ?? '',
      why: inspector.canEdit ? '' : 'Choose a text file of the final filesystem first.',
    }),
    command('Files', 'download', 'Download', () => void workspace.downloadPath(chosen[0].path), {
      about: aboutChosen,
      why: single,
    }),
    command('Files', 'copy-path', 'Copy path', () => void workspace.copy(chosen[0].path), {
      about: aboutChosen,
      why: single,
    }),
  ]
}
