/**
 * The walks that people do with scripts today, as data: the page does them in e2e, the terminal by recipe, and real
 * engines run what came out.
 */
import type { SeenImage } from './witness'
import { sha256Of } from './witness'

export interface Walk {
  readonly name: string
  /** In the corpus; .zst is unpacked first. */
  readonly archive: string
  readonly tag: string
  readonly writes: Readonly<Record<string, string>>
  readonly removes: readonly string[]
  readonly cmd: readonly string[] | null
}

/** Alpine becomes ALPYNE: another os-release, fewer binaries in /sbin, a login shell. */
export const alpyne: Walk = {
  name: 'alpyne',
  archive: 'built/alpine-3.20-docker28-save.tar',
  tag: 'alpyne:latest',
  writes: {
    '/etc/os-release': 'NAME="ALPYNE Linux"\nID=alpyne\nVERSION_ID=0.0.1\nPRETTY_NAME="ALPYNE Linux v0"\n',
  },
  removes: ['/sbin/apk', '/sbin/ldconfig', '/sbin/halt', '/sbin/reboot', '/sbin/poweroff'],
  cmd: ['/bin/sh', '-l'],
}

/** Redis with a message of the day: many layers, an entrypoint, a user; the server must start as before. */
export const redis: Walk = {
  name: 'redis',
  archive: 'built/redis-7-docker28-save.tar.zst',
  tag: 'redis:peeled',
  writes: { '/etc/motd': 'peeled\n' },
  removes: [],
  cmd: null,
}

/** The walk as a recipe for the terminal. */
export function recipeOf({ writes, removes, cmd }: Walk): unknown {
  return {
    peel: 'recipe/1',
    operations: [
      ...Object.entries(writes).map(([path, text]) => ({ op: 'write', path, content: { text } })),
      ...removes.map((path) => ({ op: 'remove', path })),
      ...(cmd ? [{ op: 'config', key: ['config', 'Cmd'], value: cmd }] : []),
    ],
  }
}

/** What the root filesystem must be after the walk, from what it was before. */
export function after(before: SeenImage['entries'], { writes, removes }: Walk): SeenImage['entries'] {
  const gone = (path: string): boolean =>
    removes.some((one) => `/${path}` === one || `/${path}`.startsWith(`${one}/`))
  const entries = Object.fromEntries(Object.entries(before).filter(([path]) => !gone(path)))
  for (const [path, text] of Object.entries(writes)) {
    const was = entries[path.slice(1)] ?? { type: 'file', mode: 0o644, uid: 0, gid: 0 }
    entries[path.slice(1)] = { ...was, size: Buffer.byteLength(text), sha256: sha256Of(text) }
  }
  return entries
}

/** Dates of what was written, and of the folders it is in, are the writer's to choose. */
export function isWritten({ writes }: Walk, path: string): boolean {
  return `/${path}` in writes
}
