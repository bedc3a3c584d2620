/** Other programs and our own terminal, timed as whole processes. */
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

export interface Run {
  readonly ms: number
  /** Highest resident memory that was seen, in bytes; sampled, so a lower bound. */
  readonly peak: number
}

/** Throws where the program fails, with its last words. */
export function timed(
  program: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<Run> {
  return new Promise((resolve, reject) => {
    const start = performance.now()
    const child = spawn(program, args, {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, ...env },
    })
    let words = ''
    let peak = 0
    child.stderr.on('data', (piece: Buffer) => (words = (words + piece.toString()).slice(-2000)))
    const sample = setInterval(() => (peak = Math.max(peak, highWater(child.pid))), 10)
    child.on('error', reject)
    child.on('close', (code) => {
      clearInterval(sample)
      const ms = performance.now() - start
      // 1: opened, with findings.
      if (code === 0 || (code === 1 && program === process.execPath)) resolve({ ms, peak })
      else reject(new Error(`${program} ${args.join(' ')} ended with ${code}:\n${words}`))
    })
  })
}

function highWater(pid: number | undefined): number {
  return kilobytes(`/proc/${pid}/status`, /VmHWM:\s+(\d+)/)
}

function kilobytes(path: string, field: RegExp): number {
  try {
    return Number(field.exec(readFileSync(path, 'utf8'))?.[1] ?? 0) * 1024
  } catch {
    return 0 // It is gone, or this is no Linux.
  }
}

/**
 * Proportional memory of the largest process below `pid` whose command line has `mark`, in bytes. A page's renderer holds
 * its workers too; beside it Chromium has renderers of its own (its interface, a spare one) that no page is in.
 */
export function largestBelow(pid: number, mark: string): number {
  const parents = new Map<number, number>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]))
    } catch {
      continue // Ended meanwhile.
    }
  }
  const isBelow = (child: number): boolean => {
    for (let at = parents.get(child); at; at = parents.get(at)) if (at === pid) return true
    return false
  }
  let most = 0
  for (const child of parents.keys()) {
    if (!isBelow(child)) continue
    try {
      if (readFileSync(`/proc/${child}/cmdline`, 'utf8').includes(mark))
        most = Math.max(most, kilobytes(`/proc/${child}/smaps_rollup`, /Pss:\s+(\d+)/))
    } catch {
      continue
    }
  }
  return most
}
