/** What compressed layers inflate to, in a folder of its own below the system's temporary one, gone when the program ends: an image may be larger than memory. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BlobSource, type ByteSource } from '../core/bytes/source'
import { memoryStores } from '../jobs/memory-stores'
import type { SegmentStore, SegmentWriter, Stores } from '../jobs/ports'
import type { Segment } from '../jobs/segments'
import { FileSource } from './file-source'
import { writePieces } from './write'

let folder: string | null = null
let files = 0

function scratchFolder(): string {
  if (folder !== null) return folder
  const made = mkdtempSync(join(tmpdir(), 'peel-'))
  folder = made
  process.once('exit', () => rmSync(made, { recursive: true, force: true }))
  // Without a listener these end the program at once, and no exit handler runs.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
  return made
}

/** Puts a segment on disk. Read as a file: Node's own Blob of a file takes five times as long for the many small reads of a build. */
export const toScratch = async (segment: Segment): Promise<ByteSource> => {
  const path = join(scratchFolder(), String(files++))
  await writePieces(path, segment instanceof Blob ? new BlobSource(segment).stream() : segment)
  return FileSource.open(path)
}

/** Holds what is put, and nothing under a key: the terminal keeps no image from one run to the next. */
class Scratch implements SegmentStore {
  has = async (): Promise<boolean> => false
  get = async (): Promise<null> => null
  late = async (): Promise<null> => null
  list = async (): Promise<readonly { readonly key: string; readonly bytes: number }[]> => []
  remove = async (): Promise<void> => {}
  write = async (): Promise<SegmentWriter> => ({
    append: toScratch,
    commit: async () => {},
    abandon: async () => {},
  })
}

export function scratchStores(): Stores {
  return { ...memoryStores(), layers: new Scratch() }
}
