/**
 * The writable upper directory: one lightning-fs volume, flat, with file names that mean nothing. Paths, modes, owners
 * and times of edited files are the recipe's; lightning-fs follows symlinks, loses renames, and knows no more of them.
 *
 * There must be one instance in a worker, and it takes turns with those of other tabs by a lock of its own.
 */
import './global'
import FS from '@isomorphic-git/lightning-fs'
import { ImageError } from '../core/fault/fault'
import { asFault, Keyval } from './keyval'

const NAME = 'peel-upper'
const DIRECTORY = '/c'
/** How often the tree is asked for before it counts as unreadable: five seconds in all. */
const LOADS = 10
const pathOf = (id: string): string => `${DIRECTORY}/${id}`

/** The tree as lightning-fs keeps it: maps of maps by name, with the attributes of a node under 0. */
type TreeNode = Map<string | number, unknown>

/**
 * Where lightning-fs puts inodes and its tree: ours, for strict durability, and to know what the stored tree holds.
 * The latter it does not say: `flush` does nothing, without a word, when its idle timer was faster.
 */
class InodeStore {
  readonly #records = new Keyval(NAME, 'record')
  /** Names in the tree that was stored last. */
  stored: ReadonlySet<string> = new Set()
  /** Why the tree was not stored, the last time it was not. */
  failure: unknown = null

  /** Never rejects: lightning-fs also calls it from its idle timer, and would be of no use ever after. */
  async saveSuperblock(root: TreeNode): Promise<void> {
    const names = namesIn(root)
    try {
      await this.#records.set(['tree', root])
      this.stored = names
    } catch (thrown) {
      this.failure = thrown
    }
  }

  /** Again where it fails: lightning-fs would take it for an empty tree, or hold its lock and never work again. */
  async loadSuperblock(): Promise<TreeNode | undefined> {
    for (let turn = 1; ; turn++)
      try {
        const root = await this.#records.get<TreeNode>('tree')
        this.stored = root ? namesIn(root) : new Set()
        return root
      } catch (thrown) {
        if (turn === LOADS) throw thrown
        await new Promise((resolve) => setTimeout(resolve, 100 * turn))
      }
  }

  /** Throws where the tree cannot be read: asked before lightning-fs is. */
  async check(): Promise<void> {
    await this.#records.get('tree')
  }
  readFile(inode: number): Promise<Uint8Array | undefined> {
    return this.#records.get(inode)
  }
  writeFile(inode: number, bytes: Uint8Array): Promise<void> {
    return this.#records.set([inode, bytes])
  }
  unlink(inode: number): Promise<void> {
    return this.#records.remove([inode])
  }
  async wipe(): Promise<void> {
    await this.#records.remove(await this.#records.keys())
  }
  /** The connection is kept: lightning-fs closes it each time it falls idle. */
  async close(): Promise<void> {}
}

function namesIn(root: TreeNode): Set<string> {
  const top = root.get('/') as TreeNode | undefined
  const directory = top?.get(DIRECTORY.slice(1)) as TreeNode | undefined
  return new Set([...(directory?.keys() ?? [])].filter((name) => typeof name === 'string'))
}

interface Write {
  readonly id: string
  readonly bytes: Uint8Array
  readonly done: () => void
  readonly failed: (thrown: unknown) => void
}

export class Volume {
  readonly #inodes = new InodeStore()
  #fs: FS.PromisifiedFS | null = null
  /** The end of the queue: one operation at a time. */
  #turn: Promise<unknown> = Promise.resolve()
  #waiting: Write[] = []

  /** Resolves when bytes and tree are on disk. Writes that are waiting together share one flush. */
  put(id: string, bytes: Uint8Array): Promise<void> {
    return new Promise((done, failed) => {
      // Copied: lightning-fs stores the whole buffer below a view.
      this.#waiting.push({ id, bytes: bytes.slice(), done, failed })
      if (this.#waiting.length === 1) void this.#inTurn(() => this.#writeWaiting())
    })
  }

  /** null where it is not there. */
  get(id: string): Promise<Uint8Array<ArrayBuffer> | null> {
    return this.#inTurn(async () => {
      const fs = await this.#opened()
      const bytes = await fs.readFile(pathOf(id)).catch(absent)
      return bytes instanceof Uint8Array ? bytes.slice() : null
    })
  }

  remove(id: string): Promise<void> {
    return this.#inTurn(async () => {
      const fs = await this.#opened()
      await fs.unlink(pathOf(id)).catch(absent)
      await this.#flush(fs)
    })
  }

  ids(): Promise<readonly string[]> {
    return this.#inTurn(async () => (await this.#opened()).readdir(DIRECTORY))
  }

  /** Runs `job` after everything that was asked before. */
  #inTurn<T>(job: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(job).catch(asFault)
    this.#turn = result.catch(() => undefined)
    return result
  }

  /** Only in turn, so never twice at once; again after it failed. */
  async #opened(): Promise<FS.PromisifiedFS> {
    return (this.#fs ??= await openVolume(this.#inodes))
  }

  /** Whatever happens, each of the writes is answered. */
  async #writeWaiting(): Promise<void> {
    const writes = this.#waiting
    this.#waiting = []
    try {
      await this.#write(writes).catch(asFault)
      for (const { done } of writes) done()
    } catch (thrown) {
      for (const { failed } of writes) failed(thrown)
    }
  }

  async #flush(fs: FS.PromisifiedFS): Promise<void> {
    this.#inodes.failure = null
    await fs.flush()
    if (this.#inodes.failure) throw this.#inodes.failure
  }

  /** Again where the idle timer stored the tree between our write and our flush: then the names are not in it. */
  async #write(writes: readonly Write[]): Promise<void> {
    const fs = await this.#opened()
    for (let turn = 0; turn < 3; turn++) {
      for (const { id, bytes } of writes) await fs.writeFile(pathOf(id), bytes)
      await this.#flush(fs)
      if (writes.every(({ id }) => this.#inodes.stored.has(id))) return
    }
    throw new ImageError('storage-unavailable', "This browser's storage did not keep an edited file.")
  }
}

async function openVolume(inodes: InodeStore): Promise<FS.PromisifiedFS> {
  await inodes.check()
  const options = { db: inodes, defer: true, uid: 0, gid: 0 } as unknown as FS.Options
  const { promises } = new FS(NAME, options)
  await promises.mkdir(DIRECTORY).catch((thrown: unknown) => {
    if ((thrown as { code?: string }).code !== 'EEXIST') throw thrown
  })
  return promises
}

function absent(thrown: unknown): undefined {
  if ((thrown as { code?: string }).code !== 'ENOENT') throw thrown
}
