/** Modes and owners, each combination once: a layer of a million entries has a dozen. */
import { nameText, sameBytes } from '../bytes/text'
import { grown } from './strings'

export interface Owner {
  /** Permission bits with setuid, setgid and sticky: 0o7777. */
  readonly mode: number
  /** Beyond 32 bits too (base-256, PAX). */
  readonly uid: number
  readonly gid: number
  /** Empty where the header names none. */
  readonly uname: string
  readonly gname: string
}

/** Indices of owners, in as few bytes as the largest takes. */
export type OwnerColumn = Uint8Array | Uint16Array | Uint32Array

export class OwnersBuilder {
  #list: Owner[] = []
  readonly #index = new Map<string, number>()
  #column: OwnerColumn = new Uint8Array(256)
  #last = -1
  readonly #uname = new LastName()
  readonly #gname = new LastName()

  set(
    row: number,
    mode: number,
    uid: number,
    gid: number,
    unameBytes: Uint8Array,
    gnameBytes: Uint8Array,
  ): void {
    const uname = this.#uname.text(unameBytes)
    const gname = this.#gname.text(gnameBytes)
    const last = this.#list[this.#last]
    const same =
      last?.mode === mode &&
      last.uid === uid &&
      last.gid === gid &&
      last.uname === uname &&
      last.gname === gname
    if (!same) this.#last = this.#add({ mode, uid, gid, uname, gname })
    if (row >= this.#column.length) this.#column = grown(this.#column, this.#column.length * 2)
    this.#column[row] = this.#last
    if (this.#column[row] !== this.#last) this.#widen(row)
  }

  /** A dozen need a byte; one each for a million files does not happen, but may. */
  #widen(row: number): void {
    this.#column =
      this.#column instanceof Uint8Array ? Uint16Array.from(this.#column) : Uint32Array.from(this.#column)
    this.#column[row] = this.#last
  }

  #add(owner: Owner): number {
    const { mode, uid, gid, uname, gname } = owner
    const key = `${mode},${uid},${gid},${uname.length},${uname},${gname}`
    let index = this.#index.get(key)
    if (index === undefined) this.#index.set(key, (index = this.#list.push(owner) - 1))
    return index
  }

  /** Of the first `length` rows; and an empty builder again. */
  finish(length: number): { owner: OwnerColumn; owners: readonly Owner[] } {
    const owners = { owner: this.#column.slice(0, length), owners: this.#list }
    this.#list = []
    this.#index.clear()
    this.#last = -1
    if (!(this.#column instanceof Uint8Array)) this.#column = new Uint8Array(256)
    return owners
  }
}

/** Nearly every header names whom the one before it named. */
class LastName {
  #bytes = new Uint8Array(0)
  #text = ''

  text(bytes: Uint8Array): string {
    if (!sameBytes(bytes, this.#bytes)) {
      this.#bytes = bytes.slice()
      this.#text = nameText(bytes)
    }
    return this.#text
  }
}
