/** One line of the recipe. Paths are absolute and text as in core/bytes/text.ts: bytes that are not UTF-8 as `\xNN`. */

import type { XattrEdits } from './xattr'

/** JSON as configs hold it. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** Attributes that may be given; what is not given stays as it was, or is 0644 (0755 for directories) and 0:0. */
export interface Meta {
  readonly mode?: number
  readonly uid?: number
  readonly gid?: number
  /** Seconds since the epoch. */
  readonly mtime?: number
  readonly xattrs?: XattrEdits
}

export type DeviceKind = 'char' | 'block' | 'fifo'

export type Operation =
  | ({ readonly op: 'write'; readonly path: string; readonly content: string; readonly size: number } & Meta)
  | ({ readonly op: 'mkdir'; readonly path: string } & Meta)
  | ({ readonly op: 'symlink'; readonly path: string; readonly target: string } & Meta)
  | { readonly op: 'hardlink'; readonly path: string; readonly target: string }
  | ({
      readonly op: 'device'
      readonly path: string
      readonly kind: DeviceKind
      readonly major?: number
      readonly minor?: number
    } & Meta)
  | { readonly op: 'copy'; readonly from: string; readonly to: string }
  /** The version of the path that the image had after that layer, with all below it. */
  | { readonly op: 'recover'; readonly path: string; readonly layer: number }
  | { readonly op: 'remove'; readonly path: string }
  | { readonly op: 'rename'; readonly from: string; readonly to: string }
  | ({ readonly op: 'meta'; readonly path: string } & Meta)
  | { readonly op: 'config'; readonly key: readonly string[]; readonly value?: Json }
  /** Other words for a line of the history; without `value` they are taken away. Whether the line made a layer cannot change. */
  | { readonly op: 'history'; readonly index: number; readonly value?: { readonly [key: string]: Json } }
  /** An annotation of the manifest; without `value` it is taken away. */
  | { readonly op: 'annotation'; readonly key: string; readonly value?: string }
  | { readonly op: 'tags'; readonly tags: readonly string[] }
  | LayerOperation

/**
 * Operations on whole layers, by their numbers in the opened image, whatever was dropped before. They stand below all
 * edits of files, wherever in the recipe they are written.
 */
export type LayerOperation =
  | { readonly op: 'drop'; readonly layer: number }
  | { readonly op: 'squash'; readonly from: number; readonly to: number }
  /** To another place among the image's own layers, counted from 0 at the base; only where the root filesystem stays as it is. */
  | { readonly op: 'move'; readonly layer: number; readonly to: number }
  /** The lowest `replace` layers give way to those of another image. */
  | { readonly op: 'rebase'; readonly replace?: number; readonly onto: NewBase }
  /** Removes paths, and takes them out of every layer that holds them. */
  | { readonly op: 'scrub'; readonly paths: readonly string[] }
  /** Takes what no path of the image leads to out of the layers that carry it. */
  | { readonly op: 'reclaim' }

/** An image that another one is put onto. */
export interface NewBase {
  /** Name of its archive; in a recipe file, of one beside it. */
  readonly file: string
  /** What its layers must be; empty in a recipe that takes them as they are found. */
  readonly diffIds: readonly string[]
}

/** The new base that a recipe asks for; null where it asks for none. */
export function newBaseIn(operations: readonly Operation[]): NewBase | null {
  for (const operation of operations) if (operation.op === 'rebase') return operation.onto
  return null
}

/** Content ids that operations refer to: what must stay in storage. */
export function contentIds(operations: readonly Operation[]): string[] {
  return operations.flatMap((operation) => (operation.op === 'write' ? [operation.content] : []))
}
