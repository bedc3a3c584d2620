/** One line of the recipe in words, as the list of changes shows it. */
import { sizeWords } from '../core/bytes/size'
import type { Meta, Operation } from '../core/edit/operation'

/** `before`: size of the file that the line is about, as it was; null where there was none. */
export function lineWords(operation: Operation, before: number | null): string {
  switch (operation.op) {
    case 'write':
      return before === null
        ? `added ${operation.path} (${sizeWords(operation.size)})`
        : `changed ${operation.path} (${sizeWords(before)} → ${sizeWords(operation.size)})`
    case 'mkdir':
      return `made the directory ${operation.path}`
    case 'symlink':
      return `linked ${operation.path} → ${operation.target}`
    case 'hardlink':
      return `hard-linked ${operation.path} to ${operation.target}`
    case 'remove':
      return `removed ${operation.path}`
    case 'rename':
      return `moved ${operation.from} to ${operation.to}`
    case 'device':
      return `made the ${DEVICES[operation.kind]} ${operation.path}${operation.kind === 'fifo' ? '' : ` (${operation.major ?? 0}, ${operation.minor ?? 0})`}`
    case 'copy':
      return `copied ${operation.from} to ${operation.to}`
    case 'recover':
      return `recovered ${operation.path} as of layer ${operation.layer}`
    case 'history':
      return operation.value === undefined
        ? `took the words of history line ${operation.index} away`
        : `set history line ${operation.index} to ${short(String(operation.value.created_by ?? ''))}`
    case 'drop':
      return `dropped layer ${operation.layer}`
    case 'squash':
      return `squashed layers ${operation.from} to ${operation.to}`
    case 'move':
      return `moved layer ${operation.layer} to place ${operation.to}`
    case 'rebase':
      return `put onto ${operation.onto.file} (${count(operation.onto.diffIds.length)}) in place of the lowest ${count(operation.replace ?? 0)}`
    case 'scrub':
      return `scrubbed ${operation.paths.join(', ')} from every layer`
    case 'reclaim':
      return 'took what nobody sees out of the layers'
    case 'meta':
      return `set ${metaWords(operation)} of ${operation.path}`
    case 'config':
      return operation.value === undefined
        ? `took away ${operation.key.join('.')}`
        : `set ${operation.key.slice(operation.key[0] === 'config' ? 1 : 0).join('.')} to ${short(JSON.stringify(operation.value))}`
    case 'annotation':
      return operation.value === undefined
        ? `took away the annotation ${operation.key}`
        : `set the annotation ${operation.key} to ${short(operation.value)}`
    case 'tags':
      return operation.tags.length > 0 ? `named it ${operation.tags.join(', ')}` : 'took its names away'
  }
}

function count(layers: number): string {
  return layers === 1 ? '1 layer' : `${layers} layers`
}

const DEVICES = { char: 'character device', block: 'block device', fifo: 'named pipe' } as const

function metaWords({ mode, uid, gid, mtime, xattrs = {} }: Meta): string {
  const parts: string[] = []
  if (mode !== undefined) parts.push(`mode ${mode.toString(8).padStart(4, '0')}`)
  if (uid !== undefined || gid !== undefined) parts.push(`owner ${uid ?? ''}:${gid ?? ''}`)
  if (mtime !== undefined) parts.push(`time ${new Date(mtime * 1000).toISOString()}`)
  for (const [name, value] of Object.entries(xattrs)) parts.push(value === null ? `no ${name}` : name)
  return parts.join(', ')
}

function short(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}
