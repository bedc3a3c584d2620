/** What engines look at in an archive, as data: rules read this and nothing else, so that they can be tried on a drawing. */
import type { Compression } from '../compress/compression'
import type { Digest } from '../digest/digest'

/** A platform as Go spells it. */
export interface Host {
  readonly os: string
  readonly architecture: string
  /** How many of an image's lowest layers docker's classic store has already: those that a delta leaves out. */
  readonly baseLayers?: number
}

/** Where the proofs run, and nearly everybody's servers. */
export const LINUX_AMD64: Host = { os: 'linux', architecture: 'amd64' }

export interface Facts {
  /** Around the whole archive. */
  readonly wrapping: Compression
  /** Zeros follow the compressed data around the whole archive. */
  readonly padded: boolean
  /** The names of its members start with a slash: who does not unpack it does not find them. */
  readonly absoluteNames: boolean
  /** manifest.json; null where there is none. */
  readonly docker: DockerFacts | null
  /** The same where the first of two members of one name counts; null where that is no other. */
  readonly dockerFirst: DockerFacts | null
  /** oci-layout; null where there is none. `version` is null where it cannot be read. */
  readonly layout: { readonly version: string | null } | null
  /** index.json; null where there is none. */
  readonly index: IndexFacts | null
  readonly legacy: LegacyFacts | null
  /** Folders at the top that have no `json` in them, sorted: without a manifest.json docker takes each folder for an image of the v1 form. */
  readonly topFolders: readonly string[]
  /** A symlink of the archive that leads to no file of it. */
  readonly brokenLink: { readonly name: string; readonly to: string } | null
  /** A member that is neither file nor directory nor link nor device, such as the label of a GNU archive: who unpacks the archive stops there. */
  readonly oddMember: string | null
  readonly host: Host
}

/** A document that Go could not decode; `truncated` where it just ends. */
export interface Undecodable {
  readonly truncated: boolean
}

export interface DockerFacts {
  readonly undecodable: Undecodable | null
  readonly isNull: boolean
  /** More text follows the first JSON value. */
  readonly goesOn: boolean
  readonly lines: readonly DockerLine[]
}

/** A line of manifest.json. */
export interface DockerLine {
  readonly config: NamedFile
  readonly image: ConfigFacts | null
  readonly tags: readonly string[]
  readonly layers: readonly LayerFile[]
}

export interface NamedFile {
  readonly name: string
  /** How the archive holds it: null for not at all. Chains of links are followed by docker alone. */
  readonly as: 'file' | 'symlink' | 'hardlink' | 'chain' | null
}

export interface LayerFile extends NamedFile, StoredLayer {}

export interface StoredLayer {
  readonly compression: Compression
  readonly size: number
  /** Of the stored bytes; null where nobody has computed it. */
  readonly digest: Digest | null
  /** Whether the plain tar has the diff_id that the config says, and the bytes the digest of the manifest; null where they were not read. */
  readonly right: boolean | null
  /** Whether the bytes have the digest that the manifest gives them, whatever the diff_id; null where nobody knows. */
  readonly intact: boolean | null
}

export interface ConfigFacts {
  readonly undecodable: Undecodable | null
  readonly digest: Digest
  readonly size: number
  readonly os: string
  readonly architecture: string
  readonly variant: string
  /** Null where there is no rootfs. */
  readonly diffIds: readonly string[] | null
  /** Lines of the history that made a layer. */
  readonly historyLayers: number
  /** What is odd in the layers, in the order in which they are unpacked; null where they were not read yet. */
  readonly contents: readonly Oddity[] | null
}

/** A finding of the scanner, the union or the lint: its code says what it is. */
export interface Oddity {
  readonly code: string
  readonly message: string
  readonly layer: number
  /** Absolute; "" where it is about the layer as a whole. */
  readonly path: string
}

export interface IndexFacts {
  readonly undecodable: Undecodable | null
  readonly entries: readonly IndexEntry[]
}

/** A descriptor of an index, with what it leads to. */
export interface IndexEntry {
  readonly mediaType: string
  readonly digest: string
  readonly platform: { readonly os: string; readonly architecture: string } | null
  /** io.containerd.image.name */
  readonly imageName: string
  /** org.opencontainers.image.ref.name */
  readonly refName: string
  /** What lies at blobs/…: nothing, something else, or what was meant. */
  readonly blob: 'absent' | 'other' | 'index' | 'manifest'
  readonly isAttestation: boolean
  /** Of an index. */
  readonly children: readonly IndexEntry[]
  /** Of a manifest. */
  readonly manifest: ManifestFacts | null
}

export interface ManifestFacts {
  readonly configType: string
  readonly image: ConfigFacts | null
  readonly configDigest: string
  readonly layers: readonly OciLayer[]
}

export interface OciLayer extends StoredLayer {
  readonly mediaType: string
  readonly claimed: string
  readonly there: boolean
  /** The size that the descriptor says is the stored one. */
  readonly sizeFits: boolean
  readonly isForeign: boolean
}

export interface LegacyFacts {
  readonly hasRepositories: boolean
  /** The ID is known where docker's way of making a config can be followed. */
  readonly images: readonly ({ readonly names: readonly string[]; readonly id: Digest | null } & Pick<
    ConfigFacts,
    'contents'
  >)[]
}

/** Every manifest that an index leads to, attestations left out. */
export function manifestsOf(entries: readonly IndexEntry[]): readonly IndexEntry[] {
  return entries.flatMap((entry) =>
    entry.isAttestation ? [] : entry.blob === 'index' ? manifestsOf(entry.children) : [entry],
  )
}
