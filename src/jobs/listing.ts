/** What an archive that lies in the image holds: names and sizes, nothing unpacked to stay. */
import { joinedBytes } from '../core/bytes/join'
import type { Listing } from '../../workers/api'
import type { ByteSource, Bytes } from '../core/bytes/source'
import { ENTRY_TYPES } from '../core/tar/entry'
import { nameText } from '../core/bytes/text'
import { sniffCompression, SNIFF_LENGTH, type Compression } from '../core/compress/compression'
import { inflate } from '../core/compress/inflate'
import { listZip } from '../core/compress/zip'
import { ImageError } from '../core/fault/fault'
import { Notices } from '../core/fault/notice'
import { scanLayer } from '../core/layer/scan'
import { linkTextOf, pathBytesOf, sizeOf } from '../core/layer/rows'
import type { EntryTable } from '../core/layer/table'
import { SourceInput, StreamInput } from '../core/tar/input'

/** Lines that a person may read; the rest is counted. */
const MOST = 5000
/** Plain bytes that are gone through to list a compressed archive. */
const MOST_PLAIN = 1024 * 1024 * 1024

/** Throws `not-an-archive` where it is none, and what the readers of its format throw. */
export async function listingOf(source: ByteSource, name: string, signal?: AbortSignal): Promise<Listing> {
  const head = await source.read(0, Math.min(512, source.size))
  if (String.fromCharCode(...head.subarray(0, 4)) === 'PK\x03\x04') return zipListing(source)
  const compression = sniffCompression(head.subarray(0, SNIFF_LENGTH))
  if (compression === 'none') {
    if (!isTar(head)) throw new ImageError('not-an-archive', 'This file is no tar, zip or compressed file.')
    return tarListing('tar', await scanLayer(new SourceInput(source, signal), new Notices(), signal))
  }
  return inflated(source, compression, name, signal)
}

async function zipListing(source: ByteSource): Promise<Listing> {
  const { total, entries } = await listZip(source, MOST)
  return {
    format: 'zip',
    total,
    entries: entries.map(({ path, directory, bytes }) => ({
      path,
      type: directory ? 'directory' : 'file',
      bytes,
      link: '',
    })),
  }
}

/** A compressed tar is listed; of any other compressed file there is only its size to be said. */
async function inflated(
  source: ByteSource,
  compression: Compression,
  name: string,
  signal?: AbortSignal,
): Promise<Listing> {
  const chunks = inflate(source, compression, { signal, limit: MOST_PLAIN })[Symbol.asyncIterator]()
  let head: Bytes = new Uint8Array(0)
  let ended = false
  while (head.length < 512 && !ended) {
    const { value, done } = await chunks.next()
    ended = done === true
    if (value) head = joinedBytes([head, value])
  }
  const rest = { [Symbol.asyncIterator]: () => chunks }
  if (isTar(head.subarray(0, 512))) {
    const input = new StreamInput(after(head, rest))
    return tarListing(`tar, ${compression}`, await scanLayer(input, new Notices(), signal))
  }
  let bytes = head.length
  for await (const chunk of rest) bytes += chunk.length
  const path = name.replace(/\.(gz|zst|xz|bz2|lz4)$/i, '')
  return { format: compression, total: 1, entries: [{ path, type: 'file', bytes, link: '' }] }
}

async function* after(head: Bytes, rest: AsyncIterable<Bytes>): AsyncIterable<Bytes> {
  yield head
  yield* rest
}

function tarListing(format: string, table: EntryTable): Listing {
  const entries = Array.from({ length: Math.min(MOST, table.length) }, (_, row) => ({
    path: nameText(pathBytesOf(table, row)),
    type: ENTRY_TYPES[table.type[row]],
    bytes: sizeOf(table, row),
    link: linkTextOf(table, row),
  }))
  return { format, total: table.length, entries }
}

const isTar = (head: Uint8Array): boolean => String.fromCharCode(...head.subarray(257, 262)) === 'ustar'
