/**
 * Files that segments are written to on their way to IndexedDB, in the origin private file system: bytes written through
 * a synchronous handle never pass through the browser's own process, where Blobs of them do, twice. Each worker has a
 * folder of its own, under its session; the same few files are written again and again.
 */
import type { Bytes } from '../core/bytes/source'
import { Keyval } from './keyval'
import { livingSessions, session } from './session'

const FOLDER = 'peel-scratch'
/** So long files wait for the next layer before they are taken away, ms. */
const IDLE = 3000

/** A folder of this worker's own; null where the browser has no such files, or they cannot be used for this. */
export async function openScratch(): Promise<Scratch | null> {
  try {
    const own = session() // Its lock is asked for before there is anything of it to be swept away.
    const all = await folderOfAll(true)
    const scratch = new Scratch(await all.getDirectoryHandle(own, { create: true }))
    void sweepScratch().catch(() => undefined) // A worker often takes the place of one that was ended at work.
    return (await isCopied(scratch)) ? scratch : null
  } catch {
    return null // Private windows, old browsers, pages from a file.
  }
}

/** Takes away what workers left that are gone. */
export async function sweepScratch(): Promise<void> {
  const all = await folderOfAll(false)
  // Names first: whoever made one of these held its lock before.
  const names: string[] = []
  for await (const name of all.keys()) names.push(name)
  const isAlive = await livingSessions()
  for (const name of names) if (!isAlive(name)) await all.removeEntry(name, { recursive: true })
}

async function folderOfAll(create: boolean): Promise<FileSystemDirectoryHandle> {
  const root = await navigator.storage.getDirectory()
  return root.getDirectoryHandle(FOLDER, { create })
}

/**
 * Whether IndexedDB keeps the bytes of a file, and not where it lies: written over, the file must not change what is
 * kept. Chromium, Firefox and WebKit copy; no standard says that they must.
 */
async function isCopied(scratch: Scratch): Promise<boolean> {
  const records = new Keyval('peel-settings', 'cache')
  const key = `scratch/${session()}`
  const texts = ['as it was', 'as it is'].map((text) => new TextEncoder().encode(text))
  try {
    for (const [turn, text] of texts.entries()) {
      const file = await scratch.take()
      file.write(text)
      const sealed = await file.seal()
      if (turn === 0) await records.set([key, sealed])
      scratch.give(file)
    }
    const kept = await records.get<Blob>(key)
    return (await kept?.text()) === 'as it was'
  } finally {
    await records.remove([key])
  }
}

export class Scratch {
  readonly #folder: FileSystemDirectoryHandle
  #made = 0
  #free: FileSystemFileHandle[] = []
  #idle: ReturnType<typeof setTimeout> | undefined

  constructor(folder: FileSystemDirectoryHandle) {
    this.#folder = folder
  }

  /** A file to be written from its beginning. What it held before is written over, and whoever has a File of it has it no more. */
  async take(): Promise<ScratchFile> {
    clearTimeout(this.#idle)
    const handle =
      this.#free.pop() ?? (await this.#folder.getFileHandle(String(this.#made++), { create: true }))
    return new ScratchFile(handle, await handle.createSyncAccessHandle())
  }

  /** Nothing of it is needed any more. */
  give(file: ScratchFile): void {
    file.close()
    this.#free.push(file.handle)
    clearTimeout(this.#idle)
    this.#idle = setTimeout(() => void this.#clear().catch(() => {}), IDLE) // What is left, the next start sweeps away.
  }

  async #clear(): Promise<void> {
    for (const { name } of this.#free.splice(0)) await this.#folder.removeEntry(name)
  }
}

export class ScratchFile {
  readonly handle: FileSystemFileHandle
  #access: FileSystemSyncAccessHandle | null
  size = 0

  constructor(handle: FileSystemFileHandle, access: FileSystemSyncAccessHandle) {
    this.handle = handle
    this.#access = access
  }

  /** Throws where not all of it could be written; what was written before stays. */
  write(bytes: Bytes): void {
    if (this.#access!.write(bytes, { at: this.size }) < bytes.length)
      throw new Error('There is no more room.')
    this.size += bytes.length
  }

  /** What was written, while the file is open. */
  *written(): Iterable<Bytes> {
    for (let at = 0; at < this.size;) {
      const piece = new Uint8Array(Math.min(1024 * 1024, this.size - at))
      if (this.#access!.read(piece, { at }) < piece.length)
        throw new Error('What was written cannot be read.')
      yield piece
      at += piece.length
    }
  }

  /** All of it; good until the file is taken again. */
  async seal(): Promise<File> {
    if (this.#access!.getSize() !== this.size) this.#access!.truncate(this.size)
    this.close()
    return this.handle.getFile()
  }

  close(): void {
    this.#access?.close()
    this.#access = null
  }
}
