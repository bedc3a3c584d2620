/** An image of several platforms under one name: its index with the rebuilt manifest in the place of the old one. */
import type { Bytes } from '../bytes/source'
import type { Digest } from '../digest/digest'
import { sha256 } from '../digest/sha256'
import { changedConfig } from '../edit/config'
import type { Json } from '../edit/operation'
import type { Descriptor } from '../image/documents'
import type { IndexDocument } from '../image/image'

export interface Nest {
  /** Indexes on the way to the image, the outermost first. */
  readonly indexes: readonly IndexDocument[]
  /** The manifest that gives way. */
  readonly old: Digest
}

export interface Platform {
  readonly architecture: string
  readonly os: string
  readonly variant?: string
}

export interface Renested {
  /** The outermost index, as index.json names it. */
  readonly top: { readonly mediaType: string; readonly digest: Digest; readonly size: number }
  readonly indexes: readonly { readonly digest: Digest; readonly bytes: Bytes }[]
}

/** What an attestation is about (BuildKit, attestation-storage.md). */
const ABOUT = 'vnd.docker.reference.digest'

/** Whether a descriptor is of an attestation about that manifest: about a rebuilt one it says nothing true. */
export function attests({ annotations }: Pick<Descriptor, 'annotations'>, manifest: string): boolean {
  return annotations?.[ABOUT] === manifest
}

/** All but the list of manifests keeps its bytes, in each index. */
export async function nested(
  { indexes, old }: Nest,
  {
    mediaType,
    manifest,
    manifestDigest,
  }: { readonly mediaType: string; readonly manifest: Bytes; readonly manifestDigest: Digest },
  platform: Platform | null,
): Promise<Renested> {
  const written: { digest: Digest; bytes: Bytes }[] = []
  let replaced: string = old
  let top = { mediaType, digest: manifestDigest, size: manifest.length }
  let own: { platform?: Platform } = platform ? { platform } : {}
  for (const { digest: before, json, bytes, mediaType: type } of [...indexes].reverse()) {
    const manifests = (json.manifests ?? [])
      .filter((descriptor) => !attests(descriptor, old))
      .map((descriptor) => (descriptor.digest === replaced ? { ...descriptor, ...top, ...own } : descriptor))
    const now = changedConfig(bytes, [{ key: ['manifests'], value: manifests as unknown as Json }])
    const digest = await sha256(now)
    written.push({ digest, bytes: now })
    replaced = before
    top = { mediaType: type, digest, size: now.length }
    own = {}
  }
  return { top, indexes: written }
}
