/** Where a program runs: on this machine, or in a chroot with newer engines that has its own mount and pid namespaces. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { command, type CommandOptions, type Result } from './command'
import { hasOverlay } from './daemon'

export interface Place {
  /** "" for this machine, else the suite's name. */
  readonly name: string
  run(program: string, args: readonly string[], options?: CommandOptions): Result
  /** How a file of this machine is called there. */
  path(file: string): string
  /** Whether the kernel lays folders over each other there. */
  hasOverlay(): boolean
  /** A folder there that goes away; `inside` is its name there, `outside` its name here. */
  withFolder<T>(job: (inside: string, outside: string) => T): T
}

export const here: Place = {
  name: '',
  run: command,
  path: (file) => file,
  hasOverlay,
  withFolder(job) {
    const folder = mkdtempSync(join(tmpdir(), 'peel-engine-'))
    try {
      return job(folder, folder)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  },
}

/** The namespaces of process `pid`, whose root is `root` here and which sees this machine's root, read-only, at /host. */
export function chrooted(name: string, pid: number, root: string): Place {
  return {
    name,
    run: (program, args, options) =>
      command('nsenter', ['-t', String(pid), '-m', '-p', program, ...args], options),
    path: (file) => `/host${file}`,
    hasOverlay: () => true, // Its daemons are started with overlay2 and overlayfs.
    withFolder(job) {
      const outside = mkdtempSync(join(root, 'w', 'peel-'))
      try {
        return job(outside.slice(root.length), outside)
      } finally {
        rmSync(outside, { recursive: true, force: true })
      }
    },
  }
}
