/** What engines stumble on, by the code that the load rules go by; each of these layers was fed to real ones (scripts/engines/odd-layers.ts). */
import { expect, test } from 'vitest'
import { unionOf } from './rootfs.fixture'

const LOWER = `
layer
  d d/
  f d/one "one"
  f file "file"
  s link -> d
  s flink -> file
`

/** "code path" of what is said of a layer on top of it. */
async function codesOf(entries: string): Promise<string[]> {
  const { notices } = await unionOf(`${LOWER}layer\n  ${entries.replaceAll('; ', '\n  ')}`)
  return notices.filter(({ where }) => where.layer === 1).map(({ code, where }) => `${code} ${where.path}`)
}

test.each([
  ['h new => link/x; d d/; f d/x', 'hardlink-forward /new'],
  ['d d/; f d/x; h new => link/x', 'hardlink-across-layers /new'],
  ['f zz; h new => zz', ''],
  ['d zz/; h new => zz', 'hardlink-to-directory /new'],
  ['f zz; h new => zz/x', 'hardlink-below-file /new'],
  ['w file; h new => file', 'hardlink-to-whiteout /new'],
  ['h new => .wh..wh.plnk/1', 'hardlink-to-aufs /new'],
  ['f x; f x/y', 'below-file /x/y'],
  ['p x; d x/y/', 'below-file /x/y'],
  ['f x; s l -> x; f l/y', 'below-file /l/y'],
  ['s l -> l; f l/y', 'below-link-loop /l/y'],
  ['s l -> nothing; f l/y', 'link-leads-nowhere /l/y'],
  ['s l -> d; f l/y', 'link-leads-below /l/y'],
  ['d d/; s l -> d; f l/y', ''],
  ['f file/y', 'parent-not-directory /file/y'],
  ['f file/y/z', 'parents-not-directory /file/y/z'],
  ['d file/; f file/y', ''],
  ['f link/y', 'through-symlink /link/y'],
  ['d ./; d ./', 'path-twice /'],
  ['s . -> d', 'root-not-directory /'],
  ['w file; w file', 'whiteout-twice /file'],
  ['w d; w d/one', 'whiteout-below-whiteout /d/one'],
  ['w d/one; w d', 'whiteout-above-whiteout /d/one'],
  ['w d; f d/new', 'entry-below-whiteout /d'],
  ['w d; d d/; f d/new', 'whiteout-then-directory /d'],
  ['w file/x', 'whiteout-replaces-file /file/.wh.x, whiteout-of-nothing /file/.wh.x'],
  ['f x; o x/', 'whiteout-makes-parents /x/.wh..wh..opq, opaque-below-file /x'],
  [`w ${'n'.repeat(252)}`, `whiteout-of-nothing /.wh.${'n'.repeat(252)}`],
  ['f x mtime=-1', 'time-lost /x'],
  ['f 644 4294967295:0 x', 'owner-too-large /x'],
  ['f 644 4294967294:0 x', ''],
  ['s l -> x xattr:user.a=b', 'xattr-user /l'],
  ['f x xattr:security.capability=bad', 'capability-invalid /x'],
  ['f x xattr:system.posix_acl_access=bad', 'acl-invalid /x'],
  ['d d/ xattr:trusted.overlay.opaque=y', 'xattr-overlay /d'],
  ['f x xattr:nonsense=b', 'xattr-namespace /x'],
  ['f x xattr:user.a=b', ''],
])('%s', async (entries, due) => {
  expect((await codesOf(entries)).sort()).toEqual(due.split(', ').filter(Boolean).sort())
})

test.each([
  ['', 'symlink-empty'],
  ['x'.repeat(4095), undefined],
  ['x'.repeat(4096), 'symlink-too-long'],
])('a symbolic link to %s', async (target, due) => {
  expect((await codesOf(`s l -> ${target || '""'}`))[0]?.split(' ')[0]).toBe(due)
})
