/** One line of the recipe. Paths are absolute and text as in core/bytes/text.ts: bytes that are not UTF-8 as `\xNN`. */

/** JSON as configs hold it. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** Attributes that may be given; what is not given stays as it was, or is 0644 (0755 for directories) and 0:0. */
export interface Meta {
  readonly mode?: number
  readonly uid?: number
  readonly gid?: number
  /** Seconds since the epoch. */
  readonly mtime?: number
}

export type Operation =
  | ({ readonly op: 'write'; readonly path: string; readonly content: string; readonly size: number } & Meta)
  | ({ readonly op: 'mkdir'; readonly path: string } & Meta)
  | ({ readonly op: 'symlink'; readonly path: string; readonly target: string } & Meta)
  | { readonly op: 'hardlink'; readonly path: string; readonly target: string }
  | { readonly op: 'remove'; readonly path: string }
  | { readonly op: 'rename'; readonly from: string; readonly to: string }
  | ({ readonly op: 'meta'; readonly path: string } & Meta)
  | { readonly op: 'config'; readonly key: readonly string[]; readonly value?: Json }
  | { readonly op: 'tags'; readonly tags: readonly string[] }

/** Content ids that operations refer to: what must stay in storage. */
export function contentIds(operations: readonly Operation[]): string[] {
  return operations.flatMap((operation) => (operation.op === 'write' ? [operation.content] : []))
}
