/** A config as the instructions that make it, behind whatever made the files. */
import type { ImageConfig } from '../image/documents'

type Fields = NonNullable<ImageConfig['config']>

/** Lines in an order in which none undoes another (ENTRYPOINT takes CMD away, SHELL decides how CMD is read). */
export function instructionsOf(config: Fields): string[] {
  return [
    ...listed(config.Shell, (shell) => `SHELL ${JSON.stringify(shell)}`),
    ...strings(config.Env).map(envLine),
    ...entries(config.Labels).map(([key, value]) => pairLine('LABEL', key, String(value))),
    ...keys(config.ExposedPorts).map((port) => `EXPOSE ${port}`),
    ...keys(config.Volumes).map((path) => `VOLUME ${JSON.stringify([path])}`),
    ...text(config.WorkingDir, (path) => `WORKDIR ${path}`),
    ...text(config.User, (user) => `USER ${user}`),
    ...text(config.StopSignal, (signal) => `STOPSIGNAL ${signal}`),
    ...healthcheck(config.Healthcheck),
    ...listed(config.Entrypoint, (words) => `ENTRYPOINT ${JSON.stringify(words)}`),
    ...listed(config.Cmd, (words) => `CMD ${JSON.stringify(words)}`),
    ...strings(config.OnBuild).map((line) => `ONBUILD ${line}`),
  ]
}

function envLine(pair: string): string {
  const equals = pair.indexOf('=')
  return pairLine('ENV', pair.slice(0, equals), pair.slice(equals + 1))
}

/** In quotes, where a backslash, a quote and a dollar speak for themselves only behind a backslash. */
function pairLine(word: string, key: string, value: string): string {
  // A Dockerfile is lines: no quoting carries a line end through (docker's parser joins lines before it unquotes).
  if (/[\r\n]/.test(value))
    return `# ${word} ${key}: its value holds a line end, which a Dockerfile cannot say`
  const bare = /^[A-Za-z0-9_.-]+$/.test(key) ? key : quoted(key)
  return `${word} ${bare}=${quoted(value)}`
}

function quoted(value: string): string {
  return `"${value.replace(/[\\"$]/g, (char) => `\\${char}`)}"`
}

function healthcheck(found: unknown): string[] {
  if (typeof found !== 'object' || found === null) return []
  const check = found as { readonly [key: string]: unknown }
  const [kind, ...rest] = strings(check.Test)
  if (kind === 'NONE') return ['HEALTHCHECK NONE']
  if (kind !== 'CMD' && kind !== 'CMD-SHELL') return []
  const options = [
    ['interval', check.Interval],
    ['timeout', check.Timeout],
    ['start-period', check.StartPeriod],
  ].flatMap(([name, value]) =>
    typeof value === 'number' && value > 0 ? [`--${String(name)}=${value}ns`] : [],
  )
  if (typeof check.Retries === 'number' && check.Retries > 0) options.push(`--retries=${check.Retries}`)
  const command = kind === 'CMD' ? JSON.stringify(rest) : rest.join(' ')
  return [['HEALTHCHECK', ...options, 'CMD', command].join(' ')]
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []
}

function listed(value: unknown, line: (words: string[]) => string): string[] {
  return Array.isArray(value) && value.length > 0 ? [line(strings(value))] : []
}

function text(value: unknown, line: (text: string) => string): string[] {
  return typeof value === 'string' && value !== '' ? [line(value)] : []
}

function entries(value: unknown): [string, unknown][] {
  return typeof value === 'object' && value !== null ? Object.entries(value) : []
}

function keys(value: unknown): string[] {
  return entries(value).map(([key]) => key)
}
