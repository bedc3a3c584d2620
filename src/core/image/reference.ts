/** Names of images as Docker reads them (distribution/reference: "alpine:3.20" is docker.io/library/alpine:3.20). */
import { ImageError } from '../fault/fault'

export interface Reference {
  /** e.g. "docker.io" */
  readonly domain: string
  /** e.g. "library/alpine" */
  readonly path: string
  readonly tag: string
}

const COMPONENT = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/
const DOMAIN =
  /^(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*|\[[0-9a-fA-F:]+\])(?::[0-9]+)?$/
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/

/** Parses NAME[:TAG]; no tag means "latest", as for docker. Throws `bad-reference` with the rule that was broken. */
export function parseReference(text: string): Reference {
  const colon = text.lastIndexOf(':')
  const hasTag = colon > text.lastIndexOf('/')
  const name = hasTag ? text.slice(0, colon) : text
  const tag = hasTag ? text.slice(colon + 1) : 'latest'
  if (name === '') throw bad(text, 'it has no name')
  if (text.includes('@')) throw bad(text, 'a digest cannot be given to an image, only a tag')
  if (!TAG.test(tag))
    throw bad(
      text,
      'the tag must be at most 128 letters, digits, ".", "_" or "-", and not start with "." or "-"',
    )
  const { domain, path } = splitDomain(name)
  if (!DOMAIN.test(domain)) throw bad(text, `"${domain}" is no host name`)
  if (path === '') throw bad(text, 'it has no name')
  for (const part of path.split('/')) {
    if (/[A-Z]/.test(part)) throw bad(text, 'the name must be lower case')
    if (!COMPONENT.test(part))
      throw bad(
        text,
        `"${part}" may hold lower-case letters and digits, with single separators (".", "_", "__", "-") between them`,
      )
  }
  if (domain.length + path.length + 1 > 255) throw bad(text, 'the name is longer than 255 characters')
  if (/^[0-9a-f]{64}$/.test(name))
    throw bad(text, 'a name of 64 hex digits could not be told from an image ID')
  return { domain, path, tag }
}

/** The first part is a host if it could be nothing else (distribution/reference: splitDockerDomain). */
function splitDomain(name: string): { domain: string; path: string } {
  const slash = name.indexOf('/')
  const first = slash < 0 ? '' : name.slice(0, slash)
  const isHost = slash >= 0 && (/[.:]/.test(first) || first === 'localhost' || first.toLowerCase() !== first)
  let domain = isHost ? first : 'docker.io'
  let path = isHost ? name.slice(slash + 1) : name
  if (domain === 'index.docker.io') domain = 'docker.io'
  if (domain === 'docker.io' && !path.includes('/')) path = `library/${path}`
  return { domain, path }
}

/** "docker.io/library/alpine:3.20": what containerd stores. */
export function fullName({ domain, path, tag }: Reference): string {
  return `${domain}/${path}:${tag}`
}

/** "alpine:3.20": what docker prints and writes into RepoTags. */
export function familiarName({ domain, path, tag }: Reference): string {
  if (domain !== 'docker.io') return `${domain}/${path}:${tag}`
  return `${path.startsWith('library/') && path.indexOf('/', 8) < 0 ? path.slice(8) : path}:${tag}`
}

/** Familiar form of whatever a description holds; text that is no reference stays as it is. */
export function familiarText(text: string): string {
  try {
    return familiarName(parseReference(text))
  } catch {
    return text
  }
}

function bad(text: string, why: string): ImageError {
  return new ImageError(
    'bad-reference',
    `"${text.slice(0, 300)}" is no image name that engines take: ${why}.`,
  )
}
