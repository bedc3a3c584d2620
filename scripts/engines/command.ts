/** Other people's programs, run and listened to. */
import { spawnSync } from 'node:child_process'

export interface Result {
  readonly ok: boolean
  readonly stdout: string
  readonly stderr: string
}

export interface CommandOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly seconds?: number
  readonly cwd?: string
}

export function command(program: string, args: readonly string[], options: CommandOptions = {}): Result {
  const { env, seconds = 120, cwd } = options
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 1 << 30,
    timeout: seconds * 1000,
    killSignal: 'SIGKILL',
    env: { ...process.env, ...env },
    cwd,
  })
  return {
    ok: status === 0 && !error,
    stdout: stdout ?? '',
    stderr: `${stderr ?? ''}${error ? String(error) : ''}`,
  }
}

/** Its output, or an Error with all it said. */
export function outputOf(program: string, args: readonly string[], options: CommandOptions = {}): string {
  const { ok, stdout, stderr } = command(program, args, options)
  if (!ok) throw new Error(`${program} ${args.join(' ')}\n${stderr || stdout}`)
  return stdout
}

/** The line of an engine's output that says what was wrong, without its time stamps. */
export function complaint({ stdout, stderr }: Result): string {
  const lines = `${stderr}\n${stdout}`.split('\n').filter((line) => line.trim() !== '')
  const worst = lines
    .filter((line) => /error|fatal|invalid|failed|unable|no such|not found/i.test(line))
    .at(-1)
  return (worst ?? lines.at(-1) ?? 'it said nothing').replace(/^time="[^"]*" level=\w+ msg=/, '').trim()
}
