import 'fake-indexeddb/auto'
import { gzipSync } from 'node:zlib'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { MemorySource, type ByteSource, type Bytes } from '../core/bytes/source'
import { memoryStores } from '../jobs/memory-stores'
import { scanStored } from '../jobs/scan'
import { asBlob, blobOf, joined, type Keep, type StoreSegment } from '../jobs/segments'
import { Spill } from '../jobs/spill'
import { tarOf } from '../testkit/archive'
import { Keyval } from './keyval'
import { openScratch, Scratch, sweepScratch } from './scratch'
import { ScratchSegments } from './scratch-segments'

/** Files as the origin private file system has them; a File of one is good until the file is written again. */
class Folder {
  readonly entries = new Map<string, Folder | Stored>()
  /** Bytes that all files together may take. */
  static room = Infinity

  async getDirectoryHandle(name: string, { create = false } = {}): Promise<Folder> {
    return this.#get(name, create ? () => new Folder() : null)
  }
  async getFileHandle(name: string, { create = false } = {}): Promise<Stored> {
    return this.#get(name, create ? () => new Stored(name) : null)
  }
  #get<T extends Folder | Stored>(name: string, make: (() => T) | null): T {
    const found = this.entries.get(name) as T | undefined
    if (found) return found
    if (!make) throw new DOMException('There is none.', 'NotFoundError')
    const made = make()
    this.entries.set(name, made)
    return made
  }
  async removeEntry(name: string): Promise<void> {
    this.entries.delete(name)
  }
  async *keys(): AsyncIterable<string> {
    yield* this.entries.keys()
  }
}

class Stored {
  readonly kind = 'file'
  readonly name: string
  bytes: Bytes = new Uint8Array(0)
  opened = 0
  #open = false
  constructor(name: string) {
    this.name = name
  }
  async createSyncAccessHandle(): Promise<unknown> {
    if (this.#open) throw new DOMException('It is open.', 'NoModificationAllowedError')
    this.#open = true
    this.opened++
    return {
      write: (bytes: Bytes, { at }: { at: number }) => {
        const count = Math.min(bytes.length, Math.max(0, Folder.room - at))
        const grown = new Uint8Array(Math.max(this.bytes.length, at + count))
        grown.set(this.bytes)
        grown.set(bytes.subarray(0, count), at)
        this.bytes = grown
        return count
      },
      read: (into: Bytes, { at }: { at: number }) => {
        into.set(this.bytes.subarray(at, at + into.length))
        return Math.min(into.length, this.bytes.length - at)
      },
      getSize: () => this.bytes.length,
      truncate: (size: number) => (this.bytes = this.bytes.slice(0, size)),
      close: () => (this.#open = false),
    }
  }
  async getFile(): Promise<File> {
    if (this.#open) throw new DOMException('It is open.', 'InvalidStateError')
    return new File([this.bytes], this.name)
  }
}

const KIB = 1024
const scratchIn = (folder: Folder): Scratch => new Scratch(folder as unknown as FileSystemDirectoryHandle)
const counted = (length: number): Bytes => Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 9)) & 255)
const textOf = async (segments: readonly (ByteSource | Blob)[]): Promise<Buffer> =>
  Buffer.from(await (await blobOf(joined(segments))).arrayBuffer())
/** As a store does it: what it answers has the bytes of now. */
const copying: StoreSegment<Blob> = async (segment) => new Blob([await asBlob(segment).arrayBuffer()])

/** Pushes all of it in pieces that lie in the same memory. */
async function pushed(keep: Keep<unknown>, bytes: Bytes, piece: number): Promise<void> {
  const room = new Uint8Array(piece)
  for (let at = 0; at < bytes.length; at += piece) {
    const part = bytes.subarray(at, at + piece)
    room.set(part)
    await keep.push(room.subarray(0, part.length))
    room.fill(0)
  }
}

beforeEach(() => {
  Folder.room = Infinity
  vi.useRealTimers()
})

describe('segments by way of files', () => {
  test('are what was pushed; two files take turns, and go when nobody needs them', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const folder = new Folder()
    const bytes = counted(7000 * KIB)
    const keep = new ScratchSegments(scratchIn(folder), copying, 1536 * KIB)
    await pushed(keep, bytes, 256 * KIB)
    const segments = await keep.finish()
    expect(segments.map(({ size }) => size / KIB)).toEqual([1536, 1536, 1536, 1536, 856])
    expect((await textOf(segments)).equals(bytes)).toBe(true)
    expect(keep.size).toBe(bytes.length)
    expect(folder.entries.size).toBe(2)
    await vi.runAllTimersAsync()
    expect(folder.entries.size).toBe(0)
  })

  test('a small layer opens no file', async () => {
    const folder = new Folder()
    const keep = new ScratchSegments(scratchIn(folder), copying)
    await pushed(keep, counted(5000), 700)
    expect((await textOf(await keep.finish())).equals(counted(5000))).toBe(true)
    expect(folder.entries.size).toBe(0)
    expect(await new ScratchSegments(scratchIn(folder), copying).finish()).toEqual([])
  })

  test('what could not be put away is read back before the file is written again', async () => {
    const bytes = counted(5000 * KIB)
    const keep = new ScratchSegments<Blob>(scratchIn(new Folder()), async () => null, 1024 * KIB)
    await pushed(keep, bytes, 256 * KIB)
    expect((await textOf(await keep.finish())).equals(bytes)).toBe(true)
  })

  test('a disk that is full in the middle: the rest stays in memory, and not a byte is lost', async () => {
    const bytes = counted(9000 * KIB)
    for (const room of [0, 100, 1100 * KIB, 1300 * KIB + 7]) {
      Folder.room = room
      const folder = new Folder()
      const put = vi.fn(copying)
      const keep = new ScratchSegments(scratchIn(folder), put, 2048 * KIB)
      await pushed(keep, bytes, 256 * KIB)
      expect((await textOf(await keep.finish())).equals(bytes)).toBe(true)
      expect(put.mock.calls.length).toBeGreaterThan(3)
    }
  })

  test('a disk that is full behind the first segment: the store is given one after the other, in their order', async () => {
    const bytes = counted(4096 * KIB)
    let [putting, most] = [0, 0]
    const put: StoreSegment<Blob> = async (segment) => {
      most = Math.max(most, ++putting)
      const stored = await copying(segment)
      await new Promise((resolve) => setTimeout(resolve, segment instanceof File ? 20 : 0))
      putting--
      return stored
    }
    const keep = new ScratchSegments(scratchIn(new Folder()), put, 1024 * KIB)
    await pushed(keep, bytes.slice(0, 1024 * KIB), 256 * KIB)
    Folder.room = 100
    await pushed(keep, bytes.slice(1024 * KIB), 256 * KIB)
    expect((await textOf(await keep.finish())).equals(bytes)).toBe(true)
    expect(most).toBe(1)
  })

  test('no file can be opened', async () => {
    const folder = new Folder()
    folder.getFileHandle = async () => {
      throw new DOMException('No.', 'UnknownError')
    }
    const keep = new ScratchSegments(scratchIn(folder), copying, 1024 * KIB)
    await pushed(keep, counted(3000 * KIB), 256 * KIB)
    expect((await textOf(await keep.finish())).equals(counted(3000 * KIB))).toBe(true)
  })

  test('a store that fails: whoever waits for the segments hears of it, and the file is free again', async () => {
    const folder = new Folder()
    const scratch = scratchIn(folder)
    const keep = new ScratchSegments(scratch, () => Promise.reject(new Error('gone')), 1024 * KIB)
    await pushed(keep, counted(1500 * KIB), 512 * KIB)
    await expect(keep.finish()).rejects.toThrow('gone')
    keep.close()
    scratch.give(await scratch.take())
    expect([...folder.entries.values()].every((file) => (file as Stored).opened >= 1)).toBe(true)
  })

  test('a scan over them sees what a scan over Blobs sees', async () => {
    const tar = tarOf(
      Array.from({ length: 300 }, (_, i) => [`usr/share/file-${i}`, counted(i * 73)] as const),
    )
    const stored = new MemorySource(new Uint8Array(gzipSync(tar)))
    const keep = new ScratchSegments(scratchIn(new Folder()), copying, 1024 * KIB)
    const plain = await scanStored(stored, 'gzip')
    const { table, segments, plainBytes } = await scanStored(stored, 'gzip', { keep })
    expect(table).toEqual(plain.table)
    expect(plainBytes).toBe(tar.length)
    expect((await textOf(segments!)).equals(tar)).toBe(true)
  })

  test('a store in memory keeps the bytes, not the file', async () => {
    const spill = new Spill(memoryStores().layers, 'key')
    const keep = new ScratchSegments(scratchIn(new Folder()), (one) => spill.put(one), 1024 * KIB)
    await pushed(keep, counted(4000 * KIB), 512 * KIB)
    expect((await textOf(await keep.finish())).equals(counted(4000 * KIB))).toBe(true)
  })
})

describe('the folder of a worker', () => {
  const withFiles = (root: Folder): void =>
    void vi.stubGlobal('navigator', { storage: { getDirectory: async () => root } })

  test('is used where IndexedDB copies files, and leaves nothing of the trial', async () => {
    const root = new Folder()
    withFiles(root)
    expect(await openScratch()).toBeInstanceOf(Scratch)
    expect(await new Keyval('peel-settings', 'cache').keys()).toEqual([])
    const all = root.entries.get('peel-scratch') as Folder
    expect(all.entries.size).toBe(1)
    // What a worker left that is gone: without Web Locks, one that began long ago.
    all.entries.set('1000-dead', new Folder())
    await sweepScratch()
    expect([...all.entries.keys()]).not.toContain('1000-dead')
    expect(all.entries.size).toBe(1)
  })

  test('is not used where IndexedDB would keep the place of a file, nor where there are no such files', async () => {
    withFiles(new Folder())
    const get = vi.spyOn(Keyval.prototype, 'get').mockResolvedValue(new Blob(['as it is']))
    expect(await openScratch()).toBeNull()
    get.mockRestore()
    vi.stubGlobal('navigator', { storage: {} })
    expect(await openScratch()).toBeNull()
    vi.unstubAllGlobals()
  })
})
