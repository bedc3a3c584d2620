/** Edits of the config's own text: what is not touched keeps every byte, order and unknown field (jsonc-parser edits ranges of text). */
import { applyEdits, modify, parseTree, findNodeAtLocation, type JSONPath } from 'jsonc-parser'
import type { Bytes } from '../bytes/source'
import { decodeUtf8, utf8 } from '../bytes/text'
import { ImageError } from '../fault/fault'
import type { Json, Operation } from './operation'

export interface ConfigEdit {
  readonly key: readonly (string | number)[]
  /** Undefined takes the field away. */
  readonly value: Json | undefined
}

/** What the words of a history line are made of (image-spec, config.md, "history"); `empty_layer` is not among them. */
const WORDS = ['created_by', 'comment', 'author'] as const

/** An edit of a history line, field by field, so that whatever else it holds stays, and so does whether it made a layer. */
export function historyEdits({ index, value }: Extract<Operation, { op: 'history' }>): ConfigEdit[] {
  const given = value ?? { created_by: '' }
  const keys = new Set<string>([...WORDS, ...Object.keys(given)])
  return [...keys]
    .filter((key) => key !== 'empty_layer')
    .map((key) => ({ key: ['history', index, key], value: given[key] }))
}

/** The config with a person's `edits` made in order. Throws `bad-operation` for what is not theirs to change. */
export function editedConfig(config: Bytes, edits: readonly ConfigEdit[]): Bytes {
  let text: Bytes = config
  for (const edit of edits) {
    refuse(text, edit)
    text = changedConfig(text, [edit])
  }
  return text
}

function refuse(config: Bytes, { key }: ConfigEdit): void {
  if (key[0] === 'history' && key.length > 1 && !holds(textOf(config), ['history', Number(key[1])]))
    throw new ImageError('bad-operation', `The history has no line ${key[1]}.`)
  if (key[0] === 'rootfs')
    throw new ImageError(
      'bad-operation',
      'The list of layers in the config ("rootfs") follows from the layers; it cannot be edited by itself.',
    )
}

/** The config with other values in it, whatever they are. Throws `bad-json` where the text is none. */
export function changedConfig(config: Bytes, edits: readonly ConfigEdit[]): Bytes {
  if (edits.length === 0) return config
  return utf8(edits.reduce(applyEdit, textOf(config)))
}

function textOf(config: Bytes): string {
  const text = decodeUtf8(config)
  if (text === null) throw new ImageError('bad-json', 'The config is not UTF-8 text.')
  return text
}

function applyEdit(text: string, { key, value }: ConfigEdit): string {
  const path = pathIn(text, key)
  if (value === undefined && !holds(text, path)) return text
  const cleared = clearedWay(text, path)
  return applyEdits(cleared, modify(cleared, path, value, {}))
}

/** A key as a path in the document as it stands: entries of a list go by their numbers. Throws `bad-operation` where nothing can lie there. */
function pathIn(text: string, key: ConfigEdit['key']): JSONPath {
  const root = parseTree(text)
  const path: (string | number)[] = []
  for (const part of key) {
    const parent = root && findNodeAtLocation(root, path)
    if (parent?.type === 'array') {
      const index = Number(part)
      if (!/^\d+$/.test(String(part)) || index > (parent.children ?? []).length)
        throw unfit(path, `is a list of ${(parent.children ?? []).length}; it has no entry ${part}.`)
      path.push(index)
    } else if (parent && parent.type !== 'object' && parent.type !== 'null')
      throw unfit(path, `is a ${parent.type}; there is no ${part} in it.`)
    else path.push(String(part))
  }
  return path
}

function unfit(path: readonly (string | number)[], what: string): ImageError {
  return new ImageError('bad-operation', `${path.length === 0 ? 'The config' : path.join('.')} ${what}`)
}

function holds(text: string, path: JSONPath): boolean {
  const root = parseTree(text)
  return root !== undefined && findNodeAtLocation(root, path) !== undefined
}

/** docker writes `"config": null` and the like: an object must stand where a field is to be put. */
function clearedWay(text: string, path: JSONPath): string {
  for (let depth = 1; depth < path.length; depth++) {
    const root = parseTree(text)
    const node = root && findNodeAtLocation(root, path.slice(0, depth))
    if (node?.type === 'null')
      text = text.slice(0, node.offset) + '{}' + text.slice(node.offset + node.length)
  }
  return text
}
