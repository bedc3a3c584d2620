/**
 * One small database per concern, by idb-keyval. This file adds what idb-keyval leaves out: durability by choice,
 * connections that are opened again after the browser closed them, and faults instead of DOMExceptions.
 */
import { delMany, get, getMany, keys, setMany, type UseStore } from 'idb-keyval'
import { ImageError } from '../core/fault/fault'

const STORE = 'keyval'

/**
 * A 'cache' can be made again: writes resolve once the system has the bytes, which is faster, and what cannot be read is
 * as if it were not there. A 'record' cannot: writes resolve once the bytes are on disk, and a read that fails throws,
 * since what looks absent would be written over.
 */
export type Kind = 'cache' | 'record'

interface Asked {
  readonly key: IDBValidKey
  readonly resolve: (value: unknown) => void
  readonly reject: (reason: unknown) => void
}

export class Keyval {
  readonly #use: UseStore
  readonly #kind: Kind
  #asked: Asked[] = []
  constructor(name: string, kind: Kind) {
    this.#kind = kind
    this.#use = database(name, kind === 'cache' ? 'relaxed' : 'strict')
  }

  /**
   * undefined where the key is not there; of a cache, also where its bytes are lost. What is asked for in one turn is
   * read in one transaction: each costs about a millisecond, and an image has up to 127 layers.
   */
  get<T>(key: IDBValidKey): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      if (this.#asked.length === 0) queueMicrotask(() => void this.#answer())
      this.#asked.push({ key, resolve: resolve as (value: unknown) => void, reject })
    })
  }

  getMany<T>(of: IDBValidKey[]): Promise<(T | undefined)[]> {
    return Promise.all(of.map((key) => this.get<T>(key)))
  }

  async #answer(): Promise<void> {
    const asked = this.#asked
    this.#asked = []
    const alone = ({ key, resolve, reject }: Asked): void => void this.#alone(key).then(resolve, reject)
    if (asked.length === 1) return alone(asked[0])
    try {
      const values = await getMany<unknown>(
        asked.map(({ key }) => key),
        this.#use,
      )
      asked.forEach(({ resolve }, index) => resolve(values[index]))
    } catch {
      // One that cannot be read fails the transaction, and the others with it: each for itself, then.
      asked.forEach(alone)
    }
  }

  #alone(key: IDBValidKey): Promise<unknown> {
    return get<unknown>(key, this.#use).catch((thrown: unknown) => this.#absent(thrown))
  }

  #absent(thrown: unknown): undefined {
    if (this.#kind === 'record' || !isLost(thrown)) asFault(thrown)
  }

  /** In one transaction: all or nothing. Throws `storage-full` or `storage-unavailable`. */
  set(...entries: [IDBValidKey, unknown][]): Promise<void> {
    return setMany(entries, this.#use).catch(asFault)
  }

  remove(of: IDBValidKey[]): Promise<void> {
    return delMany(of, this.#use).catch(asFault)
  }

  keys(): Promise<IDBValidKey[]> {
    return keys(this.#use).catch(asFault)
  }

  /** Writes and removes in one transaction. */
  async replace(entries: readonly [IDBValidKey, unknown][], gone: readonly IDBValidKey[]): Promise<void> {
    try {
      await this.#use('readwrite', (store) => {
        for (const key of gone) store.delete(key)
        for (const [key, value] of entries) store.put(value, key)
        return finished(store.transaction)
      })
    } catch (thrown) {
      asFault(thrown)
    }
  }
}

/** A store function of idb-keyval, which takes any: its own `createStore` knows no durability and no second try. */
function database(name: string, durability: IDBTransactionDurability): UseStore {
  let opening: Promise<IDBDatabase> | null = null
  const forget = (): void => void (opening = null)
  const open = (): Promise<IDBDatabase> => (opening ??= openDatabase(name, forget).catch(forgetting(forget)))
  const begin = async (mode: IDBTransactionMode): Promise<IDBObjectStore> => {
    try {
      return (await open()).transaction(STORE, mode, { durability }).objectStore(STORE)
    } catch (thrown) {
      if (!isClosed(thrown)) throw thrown
      forget()
      return (await open()).transaction(STORE, mode, { durability }).objectStore(STORE)
    }
  }
  return async (mode, callback) => callback(await begin(mode))
}

function forgetting(forget: () => void): (thrown: unknown) => never {
  return (thrown) => {
    forget()
    throw thrown
  }
}

function openDatabase(name: string, closed: () => void): Promise<IDBDatabase> {
  const request = indexedDB.open(name)
  request.onupgradeneeded = () => void request.result.createObjectStore(STORE)
  return new Promise((resolve, reject) => {
    request.onerror = () => reject(request.error ?? new Error('IndexedDB cannot be opened.'))
    request.onsuccess = () => {
      const db = request.result
      // Safari drops connections at will, and "clear site data" must not wait for us.
      db.onclose = closed
      db.onversionchange = () => {
        closed()
        db.close()
      }
      resolve(db)
    }
  })
}

function finished(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve()
    transaction.onabort = transaction.onerror = () =>
      reject(transaction.error ?? new Error('The write was aborted.'))
  })
}

const nameOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.name : '')
const isClosed = (thrown: unknown): boolean => nameOf(thrown) === 'InvalidStateError'

/**
 * What browsers say when the side file of a value is gone (w3c/IndexedDB#423), or the value cannot be read back.
 */
export function isLost(thrown: unknown): boolean {
  return ['NotFoundError', 'NotReadableError', 'UnknownError', 'DataError', 'DataCloneError'].includes(
    nameOf(thrown),
  )
}

/** Chromium reports a full disk as an UnknownError about blobs. */
const fullDisk = /quota|space|full|write blobs/i

/** Throws `storage-full` or `storage-unavailable` for whatever IndexedDB threw. */
export function asFault(thrown: unknown): never {
  if (thrown instanceof ImageError) throw thrown
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  if (nameOf(thrown) === 'QuotaExceededError' || fullDisk.test(message))
    throw new ImageError('storage-full', 'This browser has no room left to keep more of the image.')
  throw new ImageError('storage-unavailable', `This browser's storage cannot be used now: ${message}`)
}
