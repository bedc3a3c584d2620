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
const pathOf = (id: string): string => `${DIRECTORY}/${id}`

/** The tree as lightning-fs keeps it: maps of maps by name, with the attributes of a node under 0. */
type TreeNode = Map<string | number, unknown>

/**
 * Where lightning-fs puts inodes and its tree: ours, for strict durability, and to know what the stored tree holds.
 * The latter it does not say: `flush` does nothing, without a word, when its idle timer was faster.
 */
class InodeStore {
  readonly #records = new Keyval(NAME, 'strict')
  /** Names in the tree that was stored last. */
  stored: ReadonlySet<string> = new Set()

  async saveSuperblock(root: TreeNode): Promise<void> {
    const names = namesIn(root)
    await this.#records.set(['tree', root])
    this.stored = names
  }
  async loadSuperblock(): Promise<TreeNode | undefined> {
    const root = await this.#records.get<TreeNode>('tree')
    this.stored = root ? namesIn(root) : new Set()
    return root
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

  /** null where it is not there, or its bytes are lost. */
  get(id: string): Promise<Uint8Array<ArrayBuffer> | null> {
    return this.#inTurn(async (fs) => {
      const bytes = await fs.readFile(pathOf(id)).catch(absent)
      return bytes instanceof Uint8Array ? bytes.slice() : null
    })
  }

  remove(id: string): Promise<void> {
    return this.#inTurn(async (fs) => {
      await fs.unlink(pathOf(id)).catch(absent)
      await fs.flush()
    })
  }

  ids(): Promise<readonly string[]> {
    return this.#inTurn((fs) => fs.readdir(DIRECTORY))
  }

  /** Runs `job` after everything that was asked before. */
  #inTurn<T>(job: (fs: FS.PromisifiedFS) => Promise<T>): Promise<T> {
    const result = this.#turn
      .then(async () => job((this.#fs ??= await openVolume(this.#inodes))))
      .catch(asFault)
    this.#turn = result.catch(() => undefined)
    return result
  }

  async #writeWaiting(): Promise<void> {
    const writes = this.#waiting
    this.#waiting = []
    try {
      await this.#write(writes)
      for (const { done } of writes) done()
    } catch (thrown) {
      for (const { failed } of writes) failed(thrown)
    }
  }

  /** Again where the idle timer stored the tree between our write and our flush: then the names are not in it. */
  async #write(writes: readonly Write[]): Promise<void> {
    const fs = (this.#fs ??= await openVolume(this.#inodes))
    for (let turn = 0; turn < 3; turn++) {
      try {
        for (const { id, bytes } of writes) await fs.writeFile(pathOf(id), bytes)
        await fs.flush()
      } catch (thrown) {
        asFault(thrown)
      }
      if (writes.every(({ id }) => this.#inodes.stored.has(id))) return
    }
    throw new ImageError('storage-unavailable', "This browser's storage did not keep an edited file.")
  }
}

async function openVolume(inodes: InodeStore): Promise<FS.PromisifiedFS> {
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
