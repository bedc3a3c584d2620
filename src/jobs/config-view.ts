/** The config in Docker's own words, whatever case or shape the file has it in. */
import type { ConfigView, Json } from '../../workers/api'
import type { ImageConfig } from '../core/image/documents'

export function configView(config: ImageConfig): ConfigView {
  const inner = (config.config ?? {}) as Record<string, unknown>
  return {
    Cmd: strings(inner.Cmd),
    Entrypoint: strings(inner.Entrypoint),
    Env: strings(inner.Env),
    WorkingDir: text(inner.WorkingDir),
    User: text(inner.User),
    ExposedPorts: keys(inner.ExposedPorts),
    Volumes: keys(inner.Volumes),
    Labels: labels(inner.Labels),
    StopSignal: text(inner.StopSignal),
    Shell: strings(inner.Shell),
    OnBuild: strings(inner.OnBuild),
    Healthcheck: (inner.Healthcheck ?? null) as Json,
    Hostname: text(inner.Hostname),
    author: text(config.author),
    created: text(config.created),
    os: text(config.os),
    architecture: text(config.architecture),
    variant: text(config.variant),
  }
}

function strings(value: unknown): string[] | null {
  if (typeof value === 'string') return [value] // Old images hold a bare string; engines read it as one word.
  return Array.isArray(value) ? value.map(String) : null
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}

function keys(value: unknown): string[] | null {
  return typeof value === 'object' && value !== null ? Object.keys(value) : null
}

function labels(value: unknown): Record<string, string> | null {
  if (typeof value !== 'object' || value === null) return null
  return Object.fromEntries(Object.entries(value).map(([key, label]) => [key, String(label)]))
}
