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

/** What is wrong with a row, in words; "" where nothing is. */
export function rowProblem(field: 'Env' | 'Labels' | 'ExposedPorts' | 'Volumes', row: string): string {
  if ((field === 'Env' || field === 'Labels') && !/^[^=]+=/.test(row)) return 'Written as NAME=VALUE.'
  if (field === 'ExposedPorts' && !/^\d{1,5}(-\d{1,5})?(\/(tcp|udp|sctp))?$/.test(row))
    return 'A port and its protocol: 6379/tcp.'
  if (field === 'Volumes' && !row.startsWith('/')) return 'An absolute path: /data.'
  return ''
}

/** `docker run --rm -it NAME`, quoted for a shell where the name needs it. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}
