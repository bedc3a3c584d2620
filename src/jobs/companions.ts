/** The other images of an archive, as an export takes them along: the same config, the same manifest, the same layers. */
import type { ByteSource } from '../core/bytes/source'
import { faultOf } from '../core/fault/fault'
import { Notices, type Notice } from '../core/fault/notice'
import { namesOf, platformOf, type Archive, type Image } from '../core/image/image'
import { familiarText } from '../core/image/reference'
import { described, OCI_MANIFEST, type Companions, type Described } from '../core/rebuild/document'
import { keptDescriptor } from './make-layers'
import type { LayerPool } from './pool'

export interface Company {
  readonly images: Companions
  /** Stored layers by digest. */
  readonly blobs: ReadonlyMap<string, ByteSource>
  /** Which images were left out, and why. */
  readonly notices: readonly Notice[]
}

export const NO_COMPANY: Company = {
  images: { before: [], after: [] },
  blobs: new Map(),
  notices: [],
}

/**
 * All images but `image`, which is exported under `tags`. Left out, and said: what is not whole, and what has no name
 * but one that another image bears, since engines would keep one of the two.
 */
export async function companyOf(
  { images }: Archive,
  image: Image,
  tags: readonly string[],
  pool: LayerPool,
  signal?: AbortSignal,
): Promise<Company> {
  const taken = new Set(tags.map(familiarText))
  const before: Described[] = []
  const after: Described[] = []
  const blobs = new Map<string, ByteSource>()
  const notices = new Notices()
  for (const other of images) {
    if (other === image) continue
    const names = namesOf(other).map(familiarText)
    const free = names.filter((name) => !taken.has(name))
    const what = names[0] ?? `image ${other.index + 1}`
    if (names.length > 0 && free.length === 0) {
      notices.add(
        'warning',
        'image-left-out',
        `${what} for ${platformOf(other.config) || 'another platform'} is left out: it has the same name, and engines would keep one of the two.`,
      )
      continue
    }
    try {
      const companion = await companionOf(other, free, pool, blobs, signal)
      for (const name of free) taken.add(name)
      const side = other.index < image.index ? before : after
      side.push(companion)
    } catch (thrown) {
      if (signal?.aborted) throw thrown
      notices.add('warning', 'image-left-out', `${what} is left out: ${faultOf(thrown).message}`)
    }
  }
  return { images: { before, after }, blobs, notices: notices.list }
}

async function companionOf(
  image: Image,
  tags: readonly string[],
  pool: LayerPool,
  blobs: Map<string, ByteSource>,
  signal: AbortSignal | undefined,
): Promise<Described> {
  const layers = await Promise.all(image.layers.map((_, layer) => keptDescriptor(image, layer, pool, signal)))
  layers.forEach(({ digest }, index) => {
    const { source } = image.layers[index]
    if (source) blobs.set(digest, source)
  })
  const { manifest, configBytes, id } = image
  if (!manifest) return described(null, configBytes, layers, tags)
  return {
    config: configBytes,
    configDigest: id,
    manifest: manifest.bytes,
    manifestDigest: manifest.digest,
    mediaType: manifest.json.mediaType ?? manifest.descriptor.mediaType ?? OCI_MANIFEST,
    layers,
    tags,
  }
}
