/** Fields of the config as text that people type, and back. */
import type { Json } from '../../workers/api'

export type Read = { readonly value: Json | undefined; readonly problem: '' } | { readonly problem: string }

/** Cmd and Entrypoint as `docker inspect` prints them: ["/bin/sh","-l"]. */
export function commandText(args: readonly string[] | null): string {
  return args ? JSON.stringify(args) : ''
}

/**
 * Reads a command with the grammar of a Dockerfile: a JSON array is taken as it is (exec form), anything else is run by a shell
 * (shell form), nothing takes the field away.
 */
export function readCommand(text: string, shell: readonly string[] | null): Read {
  const trimmed = text.trim()
  if (trimmed === '') return { value: undefined, problem: '' }
  if (!trimmed.startsWith('[')) return { value: [...(shell ?? ['/bin/sh', '-c']), trimmed], problem: '' }
  let json: unknown
  try {
    json = JSON.parse(trimmed)
  } catch {
    return { problem: 'This starts like a JSON array but is none. An example: ["/bin/sh","-l"]' }
  }
  if (Array.isArray(json) && json.every((item) => typeof item === 'string'))
    return { value: json, problem: '' }
  return { problem: 'Every argument is a string in double quotes: ["/bin/sh","-l"]' }
}

/** Shell is only ever exec form: a shell to run a shell would have no end. */
export function readExec(text: string): Read {
  if (text.trim() !== '' && !text.trim().startsWith('['))
    return { problem: 'A JSON array is due here: ["/bin/bash","-c"]' }
  return readCommand(text, null)
}

/** The Test of a Healthcheck: NONE, ["CMD",…], ["CMD-SHELL",…], or a line for the shell. */
export function readHealthTest(text: string): Read {
  const trimmed = text.trim()
  if (trimmed === '') return { value: undefined, problem: '' }
  if (trimmed === 'NONE') return { value: ['NONE'], problem: '' }
  if (!trimmed.startsWith('[')) return { value: ['CMD-SHELL', trimmed], problem: '' }
  const read = readCommand(trimmed, null)
  if (!('value' in read) || !Array.isArray(read.value)) return read
  return ['NONE', 'CMD', 'CMD-SHELL'].includes(read.value[0])
    ? read
    : { problem: 'The first word is CMD, CMD-SHELL or NONE: ["CMD","redis-cli","ping"]' }
}

const spans: readonly [string, number][] = [
  ['h', 3.6e12],
  ['m', 6e10],
  ['s', 1e9],
  ['ms', 1e6],
  ['us', 1e3],
  ['ns', 1],
]

/** Nanoseconds as a Dockerfile has them: "1m30s". */
export function durationText(nanoseconds: Json | undefined): string {
  if (typeof nanoseconds !== 'number' || nanoseconds === 0) return ''
  let left = nanoseconds
  let text = ''
  for (const [unit, size] of spans) {
    const whole = Math.floor(left / size)
    if (whole > 0) text += `${whole}${unit}`
    left -= whole * size
  }
  return text
}

export function readDuration(text: string): Read {
  const trimmed = text.trim()
  if (trimmed === '') return { value: undefined, problem: '' }
  const parts = [...trimmed.matchAll(/(\d+(?:\.\d+)?)(h|ms|us|ns|m|s)/g)]
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== trimmed)
    return { problem: 'A time is written as 30s, 1m30s or 500ms.' }
  const sum = parts.reduce(
    (ns, [, n, unit]) => ns + Number(n) * (spans.find(([u]) => u === unit)?.[1] ?? 0),
    0,
  )
  // docker run refuses less: "cannot be less than 1ms" (moby, daemon/health.go).
  return sum < 1e6 ? { problem: 'A millisecond is the least.' } : { value: Math.round(sum), problem: '' }
}

export function readCount(text: string): Read {
  const trimmed = text.trim()
  if (trimmed === '') return { value: undefined, problem: '' }
  return /^\d{1,6}$/.test(trimmed)
    ? { value: Number(trimmed), problem: '' }
    : { problem: 'A whole number is due.' }
}

/** The date of an image: docker load refuses what is not RFC 3339. */
export function readStamp(text: string): Read {
  const trimmed = text.trim()
  if (trimmed === '') return { value: undefined, problem: '' }
  const formed = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(trimmed)
  return formed && !Number.isNaN(Date.parse(trimmed))
    ? { value: trimmed, problem: '' }
    : { problem: 'A date and time as 2026-11-22T10:30:00Z.' }
}

export function readText(text: string): Read {
  const trimmed = text.trim()
  return { value: trimmed === '' ? undefined : trimmed, problem: '' }
}

/** Rows of NAME=VALUE as a map; a row without "=" has an empty value. */
export function mapOfRows(rows: readonly string[]): { [key: string]: string } {
  return Object.fromEntries(
    rows.map((row) => {
      const at = row.indexOf('=')
      return at < 0 ? [row, ''] : [row.slice(0, at), row.slice(at + 1)]
    }),
  )
}

/** Docker keeps sets (ports, volumes) as objects with empty values. */
export function setOfRows(rows: readonly string[]): Json {
  return Object.fromEntries(rows.map((row) => [row, {}]))
}

export type RowsName = 'Env' | 'Labels' | 'ExposedPorts' | 'Volumes' | 'OnBuild'

/** What is wrong with a row, in words; "" where nothing is. */
export function rowProblem(field: RowsName, row: string): string {
  if ((field === 'Env' || field === 'Labels') && !/^[^=]+=/.test(row)) return 'Written as NAME=VALUE.'
  if (field === 'ExposedPorts' && !/^\d{1,5}(-\d{1,5})?(\/(tcp|udp|sctp))?$/.test(row))
    return 'A port and its protocol: 6379/tcp.'
  if (field === 'Volumes' && !row.startsWith('/')) return 'An absolute path: /data.'
  if (field === 'OnBuild' && !/^[A-Za-z]+\s+\S/.test(row)) return 'An instruction: RUN make.'
  return ''
}

/** `docker run --rm -it NAME`, quoted for a shell where the name needs it. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}

interface Commands {
  readonly Entrypoint: readonly string[] | null
  readonly Cmd: readonly string[] | null
}

/** What a change of one of Entrypoint and Cmd alone means for the other, which people trip over; "" where there is nothing to say. */
export function entrypointRule(was: Commands, now: Commands): string {
  const same = (key: keyof Commands): boolean =>
    JSON.stringify(was[key] ?? []) === JSON.stringify(now[key] ?? [])
  const [entrypoint, cmd] = [now.Entrypoint ?? [], now.Cmd ?? []]
  if (!same('Entrypoint') && same('Cmd') && cmd.length > 0)
    return entrypoint.length > 0
      ? `Cmd stays, and its words become arguments of the new Entrypoint. (docker run --entrypoint, and ENTRYPOINT in a Dockerfile, would take ${JSON.stringify(cmd)} away: take Cmd away here too if that is what you mean.)`
      : 'Without an Entrypoint, Cmd is the whole command.'
  if (!same('Cmd') && same('Entrypoint') && entrypoint.length > 0)
    return cmd.length > 0
      ? 'Entrypoint stays: the words of Cmd are its arguments, and what is written behind the image in docker run replaces them.'
      : 'Entrypoint stays, and runs without arguments unless docker run gives some.'
  return ''
}
