/** A daemon of our own in a folder of its own, for as long as a job lasts. Only what was started here is stopped, by its own process. */
import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { command, complaint } from './command'

export interface Daemon {
  readonly program: string
  /** What it keeps goes below `folder`. */
  args(folder: string): readonly string[]
  answers(folder: string): boolean
}

/** Why no daemon can be started here, or null. */
export function whyNoDaemon(name: string, programs: readonly string[], debian: string): string | null {
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    return `${name} of our own needs Linux and root`
  const lacking = programs.find((program) => !command(program, ['--version']).ok)
  return lacking === undefined ? null : `${lacking} is not installed (Debian: ${debian})`
}

export async function withDaemon<T>(daemon: Daemon, job: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), `peel-${daemon.program}-`))
  const log = join(folder, 'log')
  const output = openSync(log, 'w')
  const child = spawn(daemon.program, daemon.args(folder), { stdio: ['ignore', output, output] })
  closeSync(output)
  const stopNow = (): void => void child.kill('SIGTERM')
  process.once('exit', stopNow)
  // Without a listener these end the program at once, and the daemon goes on.
  const leave = (): never => process.exit(130)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, leave)
  try {
    await ready(child, daemon, folder, log)
    return await job(folder)
  } finally {
    await stop(child)
    process.off('exit', stopNow)
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, leave)
    remove(folder)
  }
}

const hasEnded = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode !== null || signalCode !== null

async function ready(child: ChildProcess, daemon: Daemon, folder: string, log: string): Promise<void> {
  for (let tries = 0; tries < 150 && !hasEnded(child); tries++) {
    if (daemon.answers(folder)) return
    await sleep(200)
  }
  const said = existsSync(log) ? readFileSync(log, 'utf8') : ''
  throw new Error(`${daemon.program} does not start: ${complaint({ ok: false, stdout: said, stderr: '' })}`)
}

async function stop(child: ChildProcess): Promise<void> {
  for (const [signal, seconds] of [
    ['SIGTERM', 15],
    ['SIGKILL', 5],
  ] as const) {
    if (hasEnded(child)) return
    child.kill(signal)
    for (let left = seconds * 10; left > 0 && !hasEnded(child); left--) await sleep(100)
  }
}

/** Never into something that is still mounted below it. */
function remove(folder: string): void {
  const mounts = readFileSync('/proc/self/mounts', 'utf8')
  if (mounts.includes(` ${folder}/`)) console.error(`${folder} stays: something is mounted in it.`)
  else rmSync(folder, { recursive: true, force: true })
}

let overlay: boolean | null = null

/** Whether the kernel lays folders over each other here, as the engines of nearly everybody have it: seen by doing it once. */
export function hasOverlay(): boolean {
  if (overlay !== null) return overlay
  const folder = mkdtempSync(join(tmpdir(), 'peel-overlay-'))
  const [lower, upper, work, merged] = ['lower', 'upper', 'work', 'merged'].map((name) => join(folder, name))
  for (const one of [lower, upper, work, merged]) mkdirSync(one)
  const options = `lowerdir=${lower},upperdir=${upper},workdir=${work}`
  overlay = command('mount', ['-t', 'overlay', 'overlay', '-o', options, merged]).ok
  if (overlay) command('umount', [merged])
  remove(folder)
  return overlay
}
