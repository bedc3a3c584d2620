/**
 * What the page and the engine worker say to each other. Types only; everything here survives a structured clone.
 * The page holds no entry tables and no file bytes beyond a preview: it asks for the rows in sight.
 */
import type { Fault, Place } from '../src/core/fault/fault'
import type { Notice } from '../src/core/fault/notice'
import type { EntryType } from '../src/core/tar/entry'

export type { EntryType, Fault, Notice, Place }

/** A file with its path inside a dropped folder ("" for a file that was dropped alone). */
export interface OpenedFile {
  readonly path: string
  readonly file: File
}

// ---------------------------------------------------------------- the archive and its images

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

export interface ArchiveView {
  /** Stable key of this archive in this browser's storage and in the address. */
  readonly id: string
  readonly name: string
  readonly bytes: number
  readonly compression: string
  /** "docker", "oci", "legacy", "rootfs": every description the archive carries. */
  readonly shapes: readonly string[]
  readonly members: readonly MemberRow[]
  readonly images: readonly ImageSummary[]
  /** The image on screen: index into `images`. */
  readonly image: number
}

export interface MemberRow {
  readonly index: number
  readonly path: string
  readonly type: 'file' | 'directory' | 'symlink' | 'hardlink' | 'other'
  readonly link: string
  readonly size: number
  readonly at: number
  /** What the descriptions use it for: "manifest.json", "image index", "manifest", "config", "layer 3", … or "" where nothing names it. */
  readonly role: string
}

export interface ImageSummary {
  readonly index: number
  readonly tags: readonly string[]
  /** e.g. "linux/amd64", "linux/arm64/v8"; "" where the image does not say. */
  readonly platform: string
  readonly id: string
  readonly layers: number
  readonly bytes: number
}

/** Everything about one image that is known before its trees are. */
export interface ImageView {
  readonly index: number
  /** SHA-256 of the config: the image ID of docker's classic store and of podman. */
  readonly id: string
  /** Digest of the manifest, where the archive has one: the image ID of the containerd store. */
  readonly manifestDigest: string | null
  readonly tags: readonly string[]
  readonly platform: string
  readonly created: string
  readonly author: string
  readonly config: ConfigView
  /** The config as found, formatted. */
  readonly configText: string
  /** Of the manifest; null where it has none. */
  readonly annotations: { readonly [key: string]: string } | null
  /** Steps in order, base first, layers and steps without a layer alike. */
  readonly steps: readonly StepView[]
  readonly storedBytes: number
  readonly notices: readonly Notice[]
}

export interface StepView {
  /** Line of the history; null where a layer has none. */
  readonly history: number | null
  /** Index of the layer; null for a step without a layer. */
  readonly layer: number | null
  readonly createdBy: string
  /** The instruction as a Dockerfile would say it: "CMD [\"/bin/sh\"]", "RUN apk add …". */
  readonly instruction: string
  readonly created: string
  readonly comment: string
  readonly author: string
}

/** The words of a history line that can be edited. */
export type HistoryWords = Pick<StepView, 'createdBy' | 'instruction' | 'comment' | 'author'>

/** A layer as it stands now; sent again whenever something about it becomes known. */
export interface LayerView {
  readonly index: number
  readonly diffId: string
  readonly chainId: string
  /** Digest of the stored bytes. */
  readonly digest: string
  readonly mediaType: string
  readonly compression: string
  readonly storedBytes: number
  /** Bytes of the plain tar; null until it was inflated. */
  readonly plainBytes: number | null
  /** Path of the member that holds it. */
  readonly member: string
  readonly state: 'waiting' | 'scanning' | 'ready' | 'failed'
  readonly fault: Fault | null
  /** diff_id recomputed: true it matches, false it does not, null not yet known. */
  readonly verified: boolean | null
  /** Whether this browser's storage holds it. */
  readonly kept: boolean
  readonly entries: number
  readonly fileBytes: number
  readonly added: number
  readonly changed: number
  readonly removed: number
}

/** The config in Docker's own words; absent fields are null. */
export interface ConfigView {
  readonly Cmd: readonly string[] | null
  readonly Entrypoint: readonly string[] | null
  readonly Env: readonly string[] | null
  readonly WorkingDir: string | null
  readonly User: string | null
  readonly ExposedPorts: readonly string[] | null
  readonly Volumes: readonly string[] | null
  readonly Labels: { readonly [key: string]: string } | null
  readonly StopSignal: string | null
  readonly Shell: readonly string[] | null
  readonly OnBuild: readonly string[] | null
  readonly Healthcheck: Json
  readonly Hostname: string | null
  readonly author: string | null
  readonly created: string | null
  readonly os: string | null
  readonly architecture: string | null
  readonly variant: string | null
}

/** A member of the archive, for the anatomy. */
export interface MemberView {
  readonly row: MemberRow
  readonly digest: string
  /** Whether the bytes have the digest that its name says; "unnamed" where its name says none, "large" where it is too large to be hashed unasked. */
  readonly checked: boolean | 'unnamed' | 'large'
  /** Formatted JSON, where the member is JSON and small enough; else null. */
  readonly text: string | null
  /** Ranges of `text` that are digests or names of other members, with the member each one names. In order, disjoint. */
  readonly links: readonly { readonly from: number; readonly to: number; readonly member: number }[]
}

// ---------------------------------------------------------------- trees

export type ViewKind =
  | { readonly kind: 'rootfs' } // the final root filesystem, with the pending edits
  | { readonly kind: 'asOf'; readonly layer: number } // layers 0..layer united
  | { readonly kind: 'only'; readonly layer: number } // what this layer adds, changes, removes
  | { readonly kind: 'edits' } // what the pending edits add, change, remove

export type Change = 'same' | 'added' | 'changed' | 'metadata' | 'removed'
export type SortKey = 'name' | 'size' | 'mode' | 'owner' | 'mtime' | 'layer' | 'change'

export interface ViewRequest {
  readonly view: ViewKind
  /** Substring, or glob where it holds * ? or [; or a regular expression. Empty: everything. */
  readonly filter: string
  readonly regex?: boolean
  /** Only these; none or not given: all. */
  readonly changes?: readonly Change[]
  readonly types?: readonly EntryType[]
  /** Bytes of a file; of a directory, all below it. */
  readonly atLeast?: number
  readonly atMost?: number
  /** One list without directories, each row with its whole path. */
  readonly flat?: boolean
  readonly sort: SortKey
  readonly descending: boolean
}

/** Rows as they are now, from the row `from` on. */
export interface RowsFrom {
  readonly from: number
  readonly rows: readonly Row[]
}

export interface TreeSummary {
  /** Rows that the tree shows now, with what is expanded. */
  readonly rows: number
  /** Grows with every change of the rows: a row index is only good for the version it was asked under. */
  readonly version: number
  readonly files: number
  readonly directories: number
  /** Of what is shown, hard-linked data once: the whole tree, one layer alone, or what the filter matched. */
  readonly bytes: number
  /** Paths that the filter matched; null without a filter. */
  readonly matched: number | null
  /** False while layers are still being read. */
  readonly complete: boolean
  /** Rows around those that were asked for last, so that mostly nothing has to be asked for. */
  readonly around?: RowsFrom
}

export interface Row {
  /** Names the node within one version of the tree. */
  readonly node: number
  readonly depth: number
  readonly name: string
  readonly path: string
  readonly type: EntryType
  readonly link: string
  readonly expandable: boolean
  readonly expanded: boolean
  /** Bytes of the file; of a directory, all below it, hard-linked data once. */
  readonly bytes: number
  /** Paths at and below, itself not counted. */
  readonly below: number
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Seconds since the epoch, with fractions. */
  readonly mtime: number
  /** The layer this entry comes from; -1 for the pending edits, null for a directory that no layer lists. */
  readonly layer: number | null
  readonly change: Change
  /** Of a directory: how many paths below it are added, changed or removed. */
  readonly changedBelow: number
  /** 1-based place among its siblings, and how many there are: for aria-posinset and aria-setsize. */
  readonly position: number
  readonly siblings: number
}

/** The table of contents of an archive that lies in the image. */
export interface Listing {
  /** "tar", "tar, gzip", "zip", "gzip", … */
  readonly format: string
  readonly total: number
  /** The first of them. */
  readonly entries: readonly {
    readonly path: string
    readonly type: EntryType
    readonly bytes: number
    readonly link: string
  }[]
}

/** What sort of thing a file is: core/insight/kind.ts, in its order. */
export type Kind = 'program' | 'library' | 'code' | 'document' | 'media' | 'archive' | 'data' | 'other'

/** A rectangle of the treemap: a path, or several small ones of a directory together. */
export interface Block {
  /** Index of the block that it lies in, which stands before it; -1 for the first. */
  readonly parent: number
  /** Of several together, that of their directory. */
  readonly path: string
  readonly name: string
  readonly bytes: number
  /** Files with contents at and below. */
  readonly files: number
  /** How many paths this is together; 0 for one by itself. */
  readonly rest: number
  readonly directory: boolean
  /** Whether what is in it follows as blocks of its own. */
  readonly opened: boolean
  /** What most of the bytes are. */
  readonly layer: number | null
  readonly change: Change
  readonly kind: Kind
}

/** What the tree shows below `path`, by size: parents before children, the biggest of each first. */
export interface Treemap {
  readonly path: string
  readonly bytes: number
  readonly blocks: readonly Block[]
}

export interface Details {
  readonly row: Row
  /** Header fields by name, in the order they are read. */
  readonly fields: readonly { readonly name: string; readonly value: string }[]
  readonly xattrs: readonly { readonly name: string; readonly value: string }[]
  /** Other names of the same inode. */
  readonly names: readonly string[]
  /** Every version of this path, base first, the pending edits' last, as layer -1. */
  readonly life: readonly {
    readonly layer: number
    /** Of a file told by size and time alone: `sameContents` knows. */
    readonly what: 'added' | 'changed' | 'metadata' | 'removed' | 'opaque'
    readonly type: EntryType
    /** Of a hard link, of the file that it is another name of; null where no layer lists that under the name that the link gives. */
    readonly bytes: number | null
    /** What a link names, as its header gives it; "" for all others. */
    readonly link: string
    readonly mode: number
    readonly uid: number
    readonly gid: number
    readonly mtime: number
    readonly step: string
  }[]
}

/** Which version of a path is meant: the one of a view. */
export interface PathRef {
  readonly view: ViewKind
  readonly path: string
}

export interface Preview {
  readonly path: string
  readonly bytes: Uint8Array<ArrayBuffer>
  /** Size of the whole file. */
  readonly total: number
  /** Text where the bytes are UTF-8 without control characters (cut at `bytes.length`); else null: show hex. */
  readonly text: string | null
}

// ---------------------------------------------------------------- edits

/** What the page may ask for; the engine turns it into operations of the recipe. Paths are absolute, as shown in rows. */
export type Edit =
  | { readonly op: 'write'; readonly path: string; readonly content: string | Blob }
  | { readonly op: 'mkdir'; readonly path: string }
  | { readonly op: 'symlink'; readonly path: string; readonly target: string }
  | { readonly op: 'remove'; readonly path: string }
  | { readonly op: 'rename'; readonly from: string; readonly to: string }
  | ({ readonly op: 'meta'; readonly path: string } & MetaEdit)
  | { readonly op: 'hardlink'; readonly path: string; readonly target: string }
  /** The numbers are of a device; a pipe ("fifo") has none. */
  | {
      readonly op: 'device'
      readonly path: string
      readonly kind: 'char' | 'block' | 'fifo'
      readonly major?: number
      readonly minor?: number
    }
  | { readonly op: 'copy'; readonly from: string; readonly to: string }
  /** The version of the path that the image had after that layer, with all below it. */
  | { readonly op: 'recover'; readonly path: string; readonly layer: number }
  /** `key` is a path in the image config, e.g. ["config", "Cmd"]; `value` undefined takes the field away. */
  | { readonly op: 'config'; readonly key: readonly string[]; readonly value?: Json }
  /** Other words for a line of the history; without `value` they are taken away. */
  | { readonly op: 'history'; readonly index: number; readonly value?: { readonly [key: string]: Json } }
  | { readonly op: 'annotation'; readonly key: string; readonly value?: string }
  | { readonly op: 'tags'; readonly tags: readonly string[] }
  | { readonly op: 'drop'; readonly layer: number }
  | { readonly op: 'squash'; readonly from: number; readonly to: number }
  /** Removes paths, and takes them out of every layer that holds them. */
  | { readonly op: 'scrub'; readonly paths: readonly string[] }
  /** Takes what no path of the image leads to out of the layers that carry it. */
  | { readonly op: 'reclaim' }
  /** To another place among the image's own layers, from 0 at the base; refused where that changes the root filesystem. */
  | { readonly op: 'move'; readonly layer: number; readonly to: number }
  /** The lowest `replace` layers give way to those of another image. */
  | { readonly op: 'rebase'; readonly replace: number; readonly onto: NewBase }

/** An image that another one is put onto: its archive's name, and the diff_ids of its layers. */
export interface NewBase {
  readonly file: string
  readonly diffIds: readonly string[]
}

export interface MetaEdit {
  readonly mode?: number
  readonly uid?: number
  readonly gid?: number
  /** Seconds since the epoch. */
  readonly mtime?: number
  /** Values in base64; null takes one away. */
  readonly xattrs?: { readonly [name: string]: string | null }
}

/** An entry of a layer at or below a path that is to be scrubbed. */
export interface CopyRow {
  readonly layer: number
  readonly path: string
  readonly what: 'entry' | 'whiteout'
  readonly bytes: number
  /** Further names of the same file in this layer, which keep the contents. */
  readonly alsoAt: readonly string[]
}

/** An edit of whole layers, looked at before it is done. */
export type LayerEdit = Extract<Edit, { readonly op: 'drop' | 'move' | 'rebase' }>

/** What it would do to the final filesystem. */
export interface LayerPreview {
  readonly appear: readonly string[]
  readonly vanish: readonly string[]
  readonly change: readonly string[]
  readonly break: readonly { readonly path: string; readonly kind: 'hardlink' | 'symlink' }[]
  /** Where overlay engines would come to merge the layers otherwise than is shown. */
  readonly differ: readonly { readonly path: string; readonly why: string }[]
  /** Of a move: paths in its way. */
  readonly conflicts: readonly {
    readonly path: string
    readonly layers: readonly [moved: number, passed: number]
    readonly why: string
  }[]
  /** Of a rebase: files of the new base that the image's own layers hide. */
  readonly shadowed: readonly {
    readonly path: string
    readonly layer: number
    readonly what: 'replaced' | 'removed'
  }[]
}

/** An image that the open one can be put onto. */
export interface BaseView {
  readonly base: NewBase
  readonly tags: readonly string[]
  readonly platform: string
  /** How many layers, from the base, the open image has in common with it. */
  readonly shared: number
}

export interface EditsView {
  /** Operations in force, oldest first. */
  readonly operations: readonly EditLine[]
  readonly canUndo: boolean
  readonly canRedo: boolean
  /** What undo and redo would act on, in words; "" where there is nothing. */
  readonly undoes: string
  readonly redoes: string
  /** Config, tags and ID with the edits applied. */
  readonly config: ConfigView
  readonly configText: string
  readonly tags: readonly string[]
  readonly annotations: { readonly [key: string]: string } | null
  /** What the edits do to whole layers, by their numbers in the opened image. */
  readonly stack: {
    /** Whether any layer is dropped, squashed or scrubbed, or what nobody sees left out: then adding a layer is no way to build. */
    readonly touched: boolean
    readonly dropped: readonly number[]
    readonly squashed: readonly (readonly [from: number, to: number])[]
    /** Whether all layers that are left are as they were: then a layer can be added on top of them. */
    readonly keepsLayers: boolean
    /** The image's own layers in the order they are laid in, where that is another one. */
    readonly order: readonly number[] | null
    /** The new base, and how many layers gave way to it. */
    readonly rebased: { readonly replaced: number; readonly base: NewBase } | null
    readonly scrubbed: readonly string[]
    /** Whether what nobody sees is left out. */
    readonly reclaimed: boolean
  }
  /** Lines of the history whose words were edited, by their number. */
  readonly history: { readonly [index: number]: HistoryWords }
  /** Bytes of regular files in the final root filesystem, before and with the edits. */
  readonly bytesBefore: number
  readonly bytesAfter: number
}

/** A path at one point of the recipe. */
export interface Version {
  readonly path: string
  readonly type: EntryType
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly mtime: number
  readonly link: string
  readonly xattrs: Details['xattrs']
  /** Size of the file, and its first bytes. */
  readonly total: number
  readonly bytes: Uint8Array<ArrayBuffer>
  /** Null where the bytes are no text. */
  readonly text: string | null
}

/** One change before and after: null where nothing was, or is. */
export interface ChangeView {
  readonly index: number
  readonly kind: 'file' | 'text'
  readonly before: Version | null
  readonly after: Version | null
  /** Of the config, of annotations, of names, and of the list of layers. */
  readonly texts: { readonly before: string; readonly after: string } | null
}

export interface EditLine {
  readonly index: number
  readonly op: Edit['op']
  /** One line for people: "changed /etc/os-release (162B → 148B)". */
  readonly words: string
  readonly path: string | null
}

// ---------------------------------------------------------------- waste

/** dive's own numbers, by dive's own rules. */
export interface DiveView {
  readonly score: number
  readonly wastedBytes: number
}

/** What the layers carry and the image does not show, as it was opened. */
export interface WasteView {
  /** Bytes of files that the final root filesystem shows. */
  readonly live: number
  readonly reclaimable: number
  /** live / (live + reclaimable). */
  readonly efficiency: number
  /** By layer: bytes in it that nothing shows, and bytes of lower layers that it hid. */
  readonly layers: readonly { readonly unseen: number; readonly hid: number }[]
  readonly paths: number
  /** The first of them. */
  readonly first: readonly WasteRow[]
}

export interface WasteRow {
  readonly path: string
  readonly bytes: number
  /** Copies that nobody sees, base first; `hiddenBy` wrote the path anew, or removed it. */
  readonly copies: readonly { readonly layer: number; readonly bytes: number; readonly hiddenBy: number }[]
  /** Whether the final root filesystem, pending edits and all, has the path. */
  readonly live: boolean
}

// ---------------------------------------------------------------- search

export interface FoundPaths {
  /** How many match; `paths` are the best of them, best first. */
  readonly total: number
  readonly paths: readonly {
    readonly path: string
    readonly type: EntryType
    readonly bytes: number
    readonly layer: number | null
  }[]
}

export interface SearchRequest {
  readonly text: string
  readonly regex: boolean
  readonly matchCase: boolean
  /** Also versions of files that the final root filesystem does not show. */
  readonly hidden: boolean
}

export interface SearchHit {
  readonly path: string
  /** Layer that holds the bytes; -1 for the pending edits. */
  readonly layer: number
  readonly hidden: boolean
  /** Byte in the file. */
  readonly at: number
  readonly length: number
  /** Counted from 1; null where the file is not text. */
  readonly line: number | null
  readonly before: string
  readonly match: string
  readonly after: string
}

export interface SearchBatch {
  /** New ones; of a thousand hits and more, the first. */
  readonly hits: readonly SearchHit[]
  /** So far: matches, files that have some, bytes gone through. */
  readonly found: number
  readonly files: number
  readonly searched: number
  readonly total: number
}

// ---------------------------------------------------------------- export

/** append: the edits are one more layer. rewrite: what was removed is taken out of the layers below. squash: layers become one. flatten: all do, FROM scratch. */
export type Build = 'append' | 'rewrite' | 'squash' | 'flatten'
/**
 * unpacked: LAYER_0.tar and further beside metadata/, as people take archives apart by hand; zip: the same as a zip.
 * delta: as docker, without the layers that the other side has.
 */
export type Format = 'docker' | 'oci' | 'rootfs' | 'context' | 'unpacked' | 'zip' | 'delta'

export interface ExportRequest {
  readonly build: Build
  readonly format: Format
  /** NAME:TAG; "" leaves the image without a name. */
  readonly tag: string
  /** With the build squash: the lowest layer that is squashed; 0 where it is not given. */
  readonly from?: number
  /** New layers are compressed, a root filesystem as a whole. */
  readonly gzip?: boolean
  /** Seconds: what is written bears no later time. */
  readonly epoch?: number
  /** Leaves the other images of the archive out. */
  readonly alone?: boolean
  /** Of a delta: diff_ids of the layers that the other side has. */
  readonly base?: readonly string[]
}

/** What each build would come to, before it is built. */
export interface BuildSizes {
  /** Bytes of the file that was opened. */
  readonly opened: number
  /**
   * `bytes` with new layers uncompressed; null where it cannot be built, and `why`. `work`: bytes that have to be read
   * and hashed for it.
   */
  readonly builds: readonly {
    readonly build: Build
    readonly bytes: number | null
    readonly work: number
    readonly why: string
  }[]
}

/** What an export will come to, to the byte. */
export interface ExportForecast {
  readonly bytes: number
  readonly imageId: string
  readonly manifestDigest: string
  /** As docker's containerd store and ctr print it: the manifest's digest, or that of the index of platforms it lies in. */
  readonly targetDigest: string
  readonly layers: number
  readonly images: number
}

export interface ExportResult {
  readonly blob: Blob
  readonly fileName: string
  readonly bytes: number
  /** Byte for byte the opened archive: nothing was changed. */
  readonly identical: boolean
  /** Image ID as docker's classic store and podman print it. */
  readonly imageId: string
  readonly manifestDigest: string
  /** As docker's containerd store and ctr print it: the manifest's digest, or that of the index of platforms it lies in. */
  readonly targetDigest: string
  readonly tag: string
  readonly layers: number
  readonly rootfsBytes: number
  /** Images in the archive, the others as they were. */
  readonly images: number
  /** What our own reader found in the result; an error here means it is not offered. */
  readonly notices: readonly Notice[]
  /** What engines will do with it; none where it is no image. */
  readonly engines: readonly EngineRow[]
}

/** What an engine does with an archive; versions of one command that do the same share a row. */
export interface EngineRow {
  /** "docker load (20.10 – 22; 23 – 28)" */
  readonly engine: string
  /** differs: it loads, and something is not as one would think. unread: that depends on layers that are not read yet. */
  readonly verdict: 'loads' | 'differs' | 'fails' | 'unread'
  /** Names as the engine lists them, none for an image to be had by its ID only; the ID as it prints it, null where that is not known. */
  readonly images: readonly { readonly names: readonly string[]; readonly id: string | null }[]
  /** Words of the engine's own message; "" where there is none. */
  readonly says: string
  readonly why: string
  readonly repair: string
}

// ---------------------------------------------------------------- storage

export interface Recent {
  readonly id: string
  readonly name: string
  readonly tags: readonly string[]
  readonly bytes: number
  readonly edits: number
  /** Milliseconds since the epoch. */
  readonly openedAt: number
  /** Whether the layers are all in this browser; if not, the file is asked for again. */
  readonly kept: boolean
}

// ---------------------------------------------------------------- events

export interface TaskView {
  readonly id: number
  /** "reading layers", "checking digests", "keeping layers", "exporting", … */
  readonly label: string
  readonly done: number
  readonly total: number
  /** "bytes", "layers", … */
  readonly unit: string
}

export type Access = 'asking' | 'mine' | 'other' | 'newer'

export type EngineEvent =
  | { readonly type: 'archive'; readonly archive: ArchiveView }
  | { readonly type: 'image'; readonly image: ImageView }
  | { readonly type: 'layer'; readonly layer: LayerView }
  /** The rows changed: ask again. */
  | { readonly type: 'tree'; readonly summary: TreeSummary }
  | { readonly type: 'edits'; readonly edits: EditsView }
  | { readonly type: 'notices'; readonly notices: readonly Notice[] }
  /** Running tasks; empty when all is quiet. */
  | { readonly type: 'tasks'; readonly tasks: readonly TaskView[] }
  | { readonly type: 'storage'; readonly state: 'keeping' | 'kept' | 'partly' | 'full' | 'unavailable' }
  /** Whether the image may be changed here: another tab may have it, or its edits may be of a newer program. */
  | { readonly type: 'access'; readonly access: Access }
  | { readonly type: 'closed' }

/** How a call ends: a fault crosses the wire as data, since comlink keeps only name, message and stack of an error. */
export type Answer<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly fault: Fault }

/** The engine worker. Every method answers with an Answer on the wire; wire.ts turns it back into a value or an ImageError. */
export interface EngineApi {
  subscribe(listener: (events: readonly EngineEvent[]) => void): void
  /** Opens an archive (one file), or an unpacked folder (many). Resolves when layers, history, config and anatomy are known; trees follow as events. */
  open(files: readonly OpenedFile[]): ArchiveView
  openSample(): ArchiveView
  reopen(id: string): ArchiveView
  /** For an archive whose layers are not all kept: the file again; checked to be the same. */
  close(): void
  recents(): readonly Recent[]
  forget(id: string): void
  chooseImage(index: number): ImageView
  /** `check`: hashed whatever its size, as a task. */
  member(index: number, check?: boolean): MemberView
  downloadMember(index: number): Blob

  /** Puts a view on screen; expansion is kept per view. */
  show(request: ViewRequest): TreeSummary
  rows(from: number, count: number): { readonly version: number; readonly rows: readonly Row[] }
  /** Opens or closes a directory by path. `deep` opens all below it. */
  expand(path: string, open: boolean, deep?: boolean): TreeSummary
  /** Opens all parents of `path`; answers the row it stands in, or -1 where the view does not hold it. */
  reveal(path: string): { readonly summary: TreeSummary; readonly row: number }
  /** Row of the next name that starts with `prefix`, after row `from`, wrapping; -1 for none. */
  typeAhead(prefix: string, from: number): number
  /** At most `most` blocks of the view on screen, below `path`. */
  treemap(path: string, most: number): Treemap
  details(at: PathRef): Details
  preview(at: PathRef, from: number, length: number): Preview
  /** Whether two files have the same bytes; reads no further than they agree. */
  sameContents(one: PathRef, other: PathRef): boolean
  /** What an archive in the image holds. Throws `not-an-archive` where the path is none. */
  listing(at: PathRef): Listing
  /** A file as it is, a directory as a tar. */
  download(at: PathRef): { readonly blob: Blob; readonly fileName: string }

  edit(edits: readonly Edit[]): EditsView
  /** The whole config as text that was edited: what differs from the one in force becomes operations. Throws `bad-json` with the place. */
  setConfigText(text: string): EditsView
  undo(): EditsView
  redo(): EditsView
  /** What scrubbing these paths would take out of each layer. */
  copies(paths: readonly string[]): readonly CopyRow[]
  /** What an edit of whole layers would do, with those that are made already. */
  layerPreview(edit: LayerEdit): LayerPreview
  /** Reads an archive as a new base, a file or one that this browser keeps, by its id. A file is kept too: changes that rest on it outlive the page. */
  baseFrom(from: File | string): BaseView
  /** The same without reading its layers: of what the other side has, for a delta. */
  describeBase(from: File | string): BaseView
  /** Operation `index`, before and after. */
  change(index: number): ChangeView
  /** The operations in force as a recipe file. */
  recipe(): { readonly blob: Blob; readonly fileName: string }
  /** Adds a recipe, as one step; `beside` are files that it names. A line that does not fit is named, and nothing of it is used. */
  replayRecipe(text: string, beside: readonly File[]): EditsView
  /** Takes back operation `index` alone. */
  drop(index: number): EditsView

  /** Builds and proves; a build before it that still runs is given up. */
  /** Takes the image over from another tab; `access` says when. */
  takeOver(): void
  export(request: ExportRequest): ExportResult
  /** Size and IDs of an export, exactly, with nothing of it kept; a build or a forecast before it that still runs is given up. */
  foretell(request: ExportRequest): ExportForecast
  stopExport(): void
  /** What was built last is being saved, and stays until it is released or the image is closed. */
  takeExport(): void
  releaseExport(): void
  /** Planning a build takes a second or two where there are half a million files, and nothing else is done meanwhile: ask for one at a time. */
  sizes(request: Omit<ExportRequest, 'build'>, builds: readonly Build[]): BuildSizes
  /** Paths of the final root filesystem by letters or glob. */
  find(query: string, limit: number): FoundPaths
  /** Looks through contents; a search before it ends. Resolves when all is gone through. */
  search(request: SearchRequest, listener: (batch: SearchBatch) => void): void
  stopSearch(): void
  /** What engines will do with the opened archive, as far as its layers are verified by now. */
  rules(): readonly EngineRow[]
  /** The same of an export before it is built: IDs are not known yet. None where it is no image. */
  exportRules(request: ExportRequest): readonly EngineRow[]
  waste(): WasteView
  /** Null where another image was opened meanwhile. */
  diveScore(): DiveView | null
  /** Wasted paths, biggest first. */
  wasteRows(from: number, count: number): readonly WasteRow[]
  /** Everything known of the archive as one JSON document, "peel-report/1". */
  report(): { readonly blob: Blob; readonly fileName: string }
  cancel(task: number): void
  /** The person is at work on the page: for a moment, what can wait leaves the cores to them. */
  makeWay(): void
  /** Whether a request from the worker is blocked, tried out: for the line that says so. */
  probeNetwork(): boolean
}
