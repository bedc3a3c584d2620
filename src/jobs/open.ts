/** A file, or the files of an unpacked folder, to an Archive. */
import { JoinedSource, MemorySource, type ByteSource } from '../core/bytes/source'
import { utf8 } from '../core/bytes/text'
import { sniffCompression, type Compression } from '../core/compress/compression'
import { inflate, plainLimit } from '../core/compress/inflate'
import type { DiffId } from '../core/digest/digest'
import { Sha256, sha256Of } from '../core/digest/sha256'
import { ImageError } from '../core/fault/fault'
import type { Archive } from '../core/image/image'
import { openArchive } from '../core/image/open'
import { TYPE } from '../core/tar/entry'
import { checksums, FIELD, isZeroBlock, readNumber } from '../core/tar/field'
import { encodeHeader, END, paddingOf } from '../core/tar/write'
import { joined, Segments, type StoreSegment } from './segments'

export interface OpenedSource {
  /** The file as it was given. */
  readonly file: ByteSource
  /** The plain tar inside; the file itself where nothing is around it. */
  readonly tar: ByteSource
  readonly compression: Compression
  /** Zeros follow the compressed data. */
  readonly padded?: boolean
}

export interface OpenOptions {
  readonly signal?: AbortSignal
  readonly onBytes?: (done: number) => void
  /** Most plain bytes that a compressed archive may become, for who knows better than `plainLimit`. */
  readonly mostPlain?: number
  /** Where the plain tar of a compressed archive is put as it comes; by default it stays Blobs. */
  readonly store?: StoreSegment
}

/** Takes off a compression around the whole archive. Throws `not-an-archive`, and what inflate throws. */
export async function openSource(
  file: ByteSource,
  { signal, onBytes, mostPlain = plainLimit(file.size), store }: OpenOptions = {},
): Promise<OpenedSource> {
  if (file.size === 0)
    throw new ImageError(
      'not-an-archive',
      'This file is empty. Make an image archive with: docker save IMAGE -o image.tar',
    )
  const head = await file.read(0, Math.min(512, file.size))
  const compression = sniffCompression(head)
  if (compression === 'none') {
    refuseWhatIsNoTar(head)
    return { file, tar: file, compression }
  }
  if (compression !== 'gzip' && compression !== 'zstd')
    throw new ImageError(
      'unsupported-compression',
      `The archive as a whole is compressed with ${compression}, which is not read here. Take it off first: ${compression} -dc ARCHIVE > image.tar`,
    )
  const segments = new Segments(store)
  let padded = false
  const onPadding = (): void => void (padded = true)
  for await (const chunk of inflate(file, compression, { signal, limit: mostPlain, onPadding })) {
    await segments.push(chunk)
    onBytes?.(segments.size)
  }
  const tar = joined(await segments.finish())
  refuseWhatIsNoTar(await tar.read(0, Math.min(512, tar.size)))
  return { file, tar, compression, padded }
}

export async function openArchiveIn(tar: ByteSource, signal?: AbortSignal): Promise<Archive> {
  return openArchive(tar, (stored) => plainDigest(stored, signal), signal)
}

/** diff_id of stored bytes of any compression. */
export async function plainDigest(stored: ByteSource, signal?: AbortSignal): Promise<DiffId> {
  const compression = sniffCompression(await stored.read(0, Math.min(8, stored.size)))
  if (compression === 'none') return (await sha256Of(stored, { signal })) as DiffId
  const hasher = new Sha256()
  for await (const chunk of inflate(stored, compression, { signal, limit: plainLimit(stored.size) }))
    hasher.update(chunk)
  return hasher.digest() as DiffId
}

/** Common files that people drop by mistake, by their first bytes. */
const OTHERS: readonly (readonly [string, string])[] = [
  ['PK\x03\x04', 'a zip archive'],
  ['%PDF', 'a PDF document'],
  ['\x7fELF', 'a program'],
  ['\x89PNG', 'a picture'],
  ['\xff\xd8\xff', 'a picture'],
  ['7z\xbc\xaf', 'a 7-zip archive'],
  ['{', 'a JSON document'],
  ['#!', 'a script'],
]

function refuseWhatIsNoTar(head: Uint8Array): void {
  if (startsATar(head)) return
  const text = String.fromCharCode(...head.subarray(0, 8))
  const inner = sniffCompression(head)
  if (inner !== 'none')
    throw new ImageError(
      'not-an-archive',
      `This is compressed twice: inside, it is compressed with ${inner} once more. Take one off first.`,
    )
  const other =
    OTHERS.find(([magic]) => text.startsWith(magic))?.[1] ?? (isText(head) ? 'a text file' : 'no tar archive')
  throw new ImageError(
    'not-an-archive',
    `This is ${other}, not a container image. A tar as "docker save IMAGE -o image.tar" writes it was expected, plain or compressed with gzip or zstd.`,
  )
}

/** A header with its checksum, or the zero blocks of an empty tar; a damaged header that says "ustar" is the scanner's to name. */
function startsATar(head: Uint8Array): boolean {
  if (head.length < 512) return false
  const { unsigned, signed } = checksums(head, 0)
  const claimed = readNumber(head, FIELD.checksum[0], FIELD.checksum[1])
  return (
    isZeroBlock(head, 0) ||
    claimed === unsigned ||
    claimed === signed ||
    String.fromCharCode(...head.subarray(257, 262)) === 'ustar'
  )
}

function isText(head: Uint8Array): boolean {
  return head.every((byte) => byte >= 0x20 || (byte >= 0x09 && byte <= 0x0d))
}

/** An unpacked archive laid out as a tar again, by path: what is dropped as a folder opens like a file. Contents stay where they are. */
export function folderAsTar(
  files: readonly { readonly path: string; readonly source: ByteSource }[],
): ByteSource {
  const parts: ByteSource[] = []
  const top = commonFolder(files.map(({ path }) => path))
  for (const { path, source } of [...files].sort((a, b) => (a.path < b.path ? -1 : 1))) {
    const header = encodeHeader({
      path: utf8(path.slice(top.length)),
      type: TYPE.file,
      mode: 0o644,
      uid: 0,
      gid: 0,
      size: source.size,
      mtime: 0,
    })
    parts.push(new MemorySource(header), source, new MemorySource(paddingOf(source.size)))
  }
  return new JoinedSource([...parts, new MemorySource(END)])
}

/** The folder that was dropped: every path starts with it. */
function commonFolder(paths: readonly string[]): string {
  const first = paths[0] ?? ''
  const top = first.slice(0, first.indexOf('/') + 1)
  return top !== '' && paths.every((path) => path.startsWith(top)) ? top : ''
}
