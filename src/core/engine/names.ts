/** Names of images as engines make them out of what the descriptions say (distribution/reference). */
import { familiarName, fullName, parseReference } from '../image/reference'

/** Whether a tag or a digest is in it. */
export const hasTag = (text: string): boolean => text.lastIndexOf(':') > text.lastIndexOf('/')

/** Why docker does not take it: its own words, or null. */
export function badName(text: string): string | null {
  try {
    parseReference(text)
    return null
  } catch {
    const name = hasTag(text) ? text.slice(0, text.lastIndexOf(':')) : text
    const [, ...rest] = name.split('/')
    const path = /^[^/]*[.:]|^localhost\//.test(name) ? rest.join('/') : name
    return /[A-Z]/.test(path) ? 'must be lowercase' : 'invalid reference format'
  }
}

const DIGEST = /@sha256:[0-9a-f]{64}$/

/** A name that ends in a digest, without it; null for all others. */
export function beforeDigest(text: string): string | null {
  const name = text.replace(DIGEST, '')
  return name === text || badName(name) !== null ? null : name
}

/** "alpine:3.20", as docker prints it; text that is no reference stays. */
export function familiar(text: string): string {
  try {
    return familiarName(parseReference(text))
  } catch {
    return text
  }
}

/** "docker.io/library/alpine:3.20", as containerd stores it. */
export function full(text: string): string {
  try {
    return fullName(parseReference(text))
  } catch {
    return text
  }
}

/** podman's NormalizeName (libimage/normalize.go): what has no host is of this machine. */
export function ofPodman(text: string): string {
  const slash = text.indexOf('/')
  const host = slash < 0 ? '' : text.slice(0, slash)
  const own = /[.:]/.test(host) || host === 'localhost' ? text : `localhost/${text}`
  return full(own)
}
