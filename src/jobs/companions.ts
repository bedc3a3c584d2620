/**
 * The other images of an archive, as an export takes them along: the same config, the same manifest, the same layers.
 * Several platforms under one name stay one index, with whatever else it names.
 */
import type { ByteSource } from '../core/bytes/source'
import type { Digest } from '../core/digest/digest'
import { faultOf, ImageError } from '../core/fault/fault'
import { Notices, type Notice } from '../core/fault/notice'
import { namesOf, platformOf, type Archive, type Image, type IndexDocument } from '../core/image/image'
import type { Descriptor } from '../core/image/documents'
import { reachable } from '../core/image/reachable'
import { familiarText } from '../core/image/reference'
import { described, OCI_MANIFEST, type Companions, type Described } from '../core/rebuild/document'
import { attests } from '../core/rebuild/nest'
import { keptDescriptor } from './layer-maker'
import type { LayerPool } from './pool'

export interface Company {
  readonly images: Companions
  /** Stored layers by digest. */
  readonly blobs: ReadonlyMap<string, ByteSource>
  /** What indexes of platforms lead to beside those images, by digest. */
  readonly alongside: ReadonlyMap<Digest, ByteSource>
  /** Images that only an index of platforms leads to: they must be found again. */
  readonly platforms: readonly Image[]
  /** Which images were left out, and why. */
  readonly notices: readonly Notice[]
}

export const NO_COMPANY: Company = {
  images: { before: [], after: [] },
  blobs: new Map(),
  alongside: new Map(),
  platforms: [],
  notices: [],
}

/**
 * All images but `image`, which is exported under `tags`. Left out, and said: what is not whole, what has no name but
 * one that another image bears, since engines would keep one of the two, and attestations about what was rebuilt.
 */
export async function companyOf(
  archive: Archive,
  image: Image,
  tags: readonly string[],
  pool: LayerPool,
  signal?: AbortSignal,
): Promise<Company> {
  const gathered = new Gathered(archive, image, tags)
  await gathered.ownIndex()
  for (const other of archive.images) {
    if (other === image || gathered.isAlongside(other)) continue
    try {
      await gathered.take(other, pool, signal)
    } catch (thrown) {
      if (signal?.aborted) throw thrown
      gathered.leaveOut(other, faultOf(thrown).message)
    }
  }
  return gathered.company
}

/** Hashes each layer that comes along, for who has the time: the terminal. Throws `digest-mismatch`: engines refuse the whole archive for one. */
export async function verifyCompany(
  { blobs }: Company,
  pool: LayerPool,
  signal?: AbortSignal,
): Promise<void> {
  for (const [digest, stored] of blobs)
    if ((await pool.digest(stored, { signal })) !== digest)
      throw new ImageError(
        'digest-mismatch',
        `A layer of another image of the archive, ${digest.slice(0, 19)}…, is not what its digest says: engines refuse the archive with it. Leave the other images out (--alone).`,
      )
}

/** The index of platforms that bears the image's names. */
export const topOf = ({ manifest }: Image): IndexDocument | null => manifest?.indexes[0] ?? null

class Gathered {
  readonly #archive: Archive
  readonly #image: Image
  readonly #taken: Set<string>
  readonly #before: Described[] = []
  readonly #after: Described[] = []
  readonly #blobs = new Map<string, ByteSource>()
  readonly #alongside = new Map<Digest, ByteSource>()
  readonly #platforms: Image[] = []
  /** Images that came along with another one. */
  readonly #seen = new Set<Image>()
  readonly #notices = new Notices()
  #hasFellows = false

  constructor(archive: Archive, image: Image, tags: readonly string[]) {
    this.#archive = archive
    this.#image = image
    this.#taken = new Set(tags.map(familiarText))
  }

  get company(): Company {
    const { manifest } = this.#image
    // An index whose further platforms the archive does not hold is no loss: engines take an image alone more readily.
    const nest =
      manifest && this.#hasFellows ? { indexes: manifest.indexes, old: manifest.digest } : undefined
    return {
      images: { before: this.#before, after: this.#after, nest },
      blobs: this.#blobs,
      alongside: this.#alongside,
      platforms: this.#platforms,
      notices: this.#notices.list,
    }
  }

  isAlongside(image: Image): boolean {
    return this.#seen.has(image)
  }

  /** What stands beside the image in its index of platforms. */
  async ownIndex(): Promise<void> {
    const { manifest } = this.#image
    const top = topOf(this.#image)
    if (!manifest || !top) return
    let attestations = 0
    const rebuilt = new Set<string>([manifest.digest, ...manifest.indexes.map(({ digest }) => digest)])
    const others = manifest.indexes.flatMap(({ json }) => json.manifests ?? [])
    await this.#goAlong(
      others.filter((descriptor) => {
        if (attests(descriptor, manifest.digest)) attestations++
        return !attests(descriptor, manifest.digest) && !rebuilt.has(descriptor.digest)
      }),
      (descriptor) => rebuilt.has(descriptor.digest),
    )
    this.#hasFellows = this.#alongside.size > 0
    for (const other of this.#archive.images)
      if (other !== this.#image && topOf(other)?.digest === top.digest) this.#comeAlong(other)
    if (attestations > 0)
      this.#notices.add(
        'warning',
        'attestation-left-out',
        `${attestations === 1 ? 'An attestation' : `${attestations} attestations`} (provenance, SBOM) of the image ${attestations === 1 ? 'is' : 'are'} left out: what was rebuilt is no longer what ${attestations === 1 ? 'it tells' : 'they tell'} of.`,
      )
  }

  #comeAlong(image: Image): void {
    this.#seen.add(image)
    this.#platforms.push(image)
  }

  async #goAlong(
    descriptors: readonly Descriptor[],
    passBy?: (descriptor: Descriptor) => boolean,
  ): Promise<void> {
    const { members } = this.#archive
    for (const [digest, member] of await reachable(members, descriptors, passBy))
      this.#alongside.set(digest, members.body(member))
  }

  /** An image with names of its own; with it, its fellows in an index of platforms. */
  async take(other: Image, pool: LayerPool, signal: AbortSignal | undefined): Promise<void> {
    const names = namesOf(other).map(familiarText)
    const free = names.filter((name) => !this.#taken.has(name))
    if (names.length > 0 && free.length === 0)
      return this.leaveOut(other, 'it has the same name, and engines would keep one of the two.')
    const top = topOf(other)
    const fellows = top
      ? this.#archive.images.filter((one) => one !== other && topOf(one)?.digest === top.digest)
      : []
    // Engines that read manifest.json know one image a name: the one for the platform at hand.
    const chosen = fellows.find((one) => platformOf(one.config) === platformOf(this.#image.config)) ?? other
    const companion = await companionOf(chosen, free, pool, this.#blobs, signal)
    if (top) {
      const { mediaType, digest, bytes } = top
      await this.#goAlong([{ mediaType, digest, size: bytes.length }])
      this.#seen.add(chosen)
      for (const one of [other, ...fellows]) if (one !== chosen) this.#comeAlong(one)
    }
    for (const name of free) this.#taken.add(name)
    const side = other.index < this.#place ? this.#before : this.#after
    side.push(top ? { ...companion, index: indexOf(top) } : companion)
  }

  /** Where the image, or the first of its fellows, stands in the archive. */
  get #place(): number {
    const top = topOf(this.#image)?.digest
    const { images } = this.#archive
    return images.find((one) => one === this.#image || (top && topOf(one)?.digest === top))!.index
  }

  leaveOut(image: Image, why: string): void {
    const what = namesOf(image).map(familiarText)[0] ?? `image ${image.index + 1}`
    const platform = platformOf(image.config) || 'another platform'
    this.#notices.add('warning', 'image-left-out', `${what} for ${platform} is left out: ${why}`)
  }
}

function indexOf({ mediaType, digest, bytes }: IndexDocument): Described['index'] {
  return { mediaType, digest, size: bytes.length }
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
