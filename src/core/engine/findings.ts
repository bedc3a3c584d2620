/** What stands in the way of an engine: a row of words for each, with the way out of it. */
import type { Answer, EngineImage } from './engine'
import type { Facts } from './facts'

export type Finding = Omit<Answer, 'images'> & { readonly images?: Answer['images'] }

/** Exporting writes both descriptions anew, each complete. */
export const EXPORT =
  'Export it from Peel as an archive for docker load: that has both descriptions, and every engine takes it.'
export const RESAVE = 'The archive is damaged: save the image again where it came from.'

export function fails(says: string, why: string, repair: string): Finding {
  return { verdict: 'fails', says, why, repair }
}

export function differs(why: string, repair: string, images?: Answer['images'], says = ''): Finding {
  return { verdict: 'differs', says, why, repair, ...(images === undefined ? {} : { images }) }
}

/** Nothing else stands in the way, and what the layers hold may. */
export function unread(): Finding {
  return { verdict: 'unread', says: '', why: 'Its layers are not read yet.', repair: '' }
}

/** The first finding wins: an engine stops at what it stumbles on. */
export function answered(images: readonly EngineImage[], findings: readonly (Finding | null)[]): Answer {
  const failed = findings.find((finding) => finding?.verdict === 'fails')
  const met = findings.filter((finding) => finding !== null)
  const found = failed ?? met.find(({ verdict }) => verdict === 'differs') ?? met[0]
  if (found) return { images: found.verdict === 'fails' ? [] : grouped(images), ...found }
  return { verdict: 'loads', images: grouped(images), says: '', why: '', repair: '' }
}

/** One image an ID: a description may name it in several lines. A name is moved to the last image that claims it. */
export function grouped(images: readonly EngineImage[]): EngineImage[] {
  const last = new Map<string, number>()
  images.forEach(({ names }, i) => names.forEach((name) => last.set(name, i)))
  const byId = new Map<string, string[]>()
  images.forEach(({ names, id }, i) => {
    const key = id ?? `unknown ${i}`
    const kept = names.filter((name) => last.get(name) === i)
    byId.set(key, [...(byId.get(key) ?? []), ...kept])
  })
  return [...byId].map(([id, names]) => ({
    names: [...new Set(names)].sort(),
    id: id.startsWith('unknown ') ? null : id,
  }))
}

const UNDO: Readonly<Record<string, string>> = {
  gzip: 'gunzip',
  zstd: 'unzstd',
  xz: 'unxz',
  bzip2: 'bunzip2',
  lz4: 'lz4 -d',
}

/** A digest behind the name and tag: what is left of it differs between engines and versions. */
export function withDigest(name: string): Finding {
  return differs(
    `The name ${name} ends in a digest, which is no part of a name that an image is given: engines leave it out, or list the image under no name.`,
    'Change the name in Peel, and export.',
    null,
  )
}

/** What go-archive says, with which docker unpacks the whole archive and containers/image an OCI one. */
export function notUnpacked({ oddMember }: Facts): Finding | null {
  if (oddMember === null) return null
  return fails(
    'unhandled tar header type',
    `The archive holds ${oddMember}, which is neither a file nor a directory nor a link.`,
    EXPORT,
  )
}

/** Of an archive in gzip: tar's own padding behind it. */
export function zerosBehind(): Finding {
  return fails(
    'gzip: invalid header',
    'Zeros follow the compressed data of the archive, which it takes for a broken header.',
    'Decompress it first: gunzip < ARCHIVE > archive.tar',
  )
}

/** Around the whole archive. */
export function wrapped(wrapping: string, unwraps: readonly string[]): Finding | null {
  if (unwraps.includes(wrapping)) return null
  return fails(
    '', // "invalid tar header" or "unexpected EOF", as the bytes fall.
    `The archive as a whole is compressed with ${wrapping}, which it does not take off.`,
    `Decompress it first: ${UNDO[wrapping]} < ARCHIVE > archive.tar`,
  )
}
