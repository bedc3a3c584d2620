/** The facts of an archive that is not built yet: what core/rebuild/archive.ts will write, with digests that nobody knows so far. */
import type { Digest } from '../digest/digest'
import { familiarName, fullName, parseReference } from '../image/reference'
import {
  LINUX_AMD64,
  type ConfigFacts,
  type Facts,
  type IndexEntry,
  type Oddity,
  type OciLayer,
} from './facts'

export interface Planned {
  readonly format: 'docker' | 'oci'
  /** Each of its images. */
  readonly images: readonly {
    readonly tags: readonly string[]
    readonly os: string
    readonly architecture: string
    readonly layers: number
    /** Indexes of layers that the archive will not hold: foreign ones. */
    readonly absent: readonly number[]
    /** What is odd in them; null where they were not read. */
    readonly contents: readonly Oddity[] | null
  }[]
}

const OCI = 'application/vnd.oci.image'

/** Throws `bad-reference` where a tag is none. */
export function plannedFacts({ format, images }: Planned): Facts {
  const drawn = images.map((image, number) => {
    const digest = unknown(`image ${number}`)
    const diffIds = Array.from({ length: image.layers }, (_, i) => unknown(`layer ${number} ${i}`))
    const config: ConfigFacts = {
      undecodable: null,
      digest,
      size: 0,
      os: image.os,
      architecture: image.architecture,
      variant: '',
      diffIds,
      historyLayers: 0,
      contents: image.contents,
    }
    const layers = diffIds.map((diffId, i): OciLayer => {
      const absent = image.absent.includes(i)
      return {
        mediaType: `${OCI}.layer.v1.tar`,
        claimed: diffId,
        there: !absent,
        isForeign: absent,
        sizeFits: true,
        compression: 'none',
        size: 0,
        digest: diffId,
        right: true,
        intact: true,
      }
    })
    return { config, layers, references: image.tags.map(parseReference) }
  })
  return {
    wrapping: 'none',
    padded: false,
    absoluteNames: false,
    docker:
      format === 'oci'
        ? null
        : {
            undecodable: null,
            isNull: false,
            goesOn: false,
            lines: drawn.map(({ config, layers, references }) => ({
              config: { name: config.digest, as: 'file' },
              image: config,
              tags: references.map(familiarName),
              layers: layers.map((layer) => ({
                ...layer,
                name: layer.claimed,
                as: layer.there ? ('file' as const) : null,
              })),
            })),
          },
    dockerFirst: null,
    oddMember: null,
    layout: { version: '1.0.0' },
    index: {
      undecodable: null,
      entries: drawn.flatMap(({ config, layers, references }) => {
        const entry = (imageName: string, refName: string): IndexEntry => ({
          mediaType: `${OCI}.manifest.v1+json`,
          digest: config.digest,
          platform: null,
          imageName,
          refName,
          blob: 'manifest',
          isAttestation: false,
          children: [],
          manifest: {
            configType: `${OCI}.config.v1+json`,
            image: config,
            configDigest: config.digest,
            layers,
          },
        })
        return references.length === 0
          ? [entry('', '')]
          : references.map((reference) => entry(fullName(reference), reference.tag))
      }),
    },
    legacy: null,
    topFolders: ['blobs'],
    brokenLink: null,
    host: LINUX_AMD64,
  }
}

/** Stands for a digest that will be known once it is built: only ever compared with itself. */
const unknown = (what: string): Digest => what as string as Digest
