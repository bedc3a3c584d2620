/** What became of nodes in the layer that was applied last: which, and how they were before. */

/** The columns, cut to their length; index by index one node. */
export interface TouchedColumns {
  /** Nodes in the order they were first touched. */
  readonly nodes: Int32Array
  /** 1 or 0; type and inode as they were. */
  readonly wasAlive: Uint8Array
  readonly wasType: Uint8Array
  readonly wasInodeLayer: Int16Array
  readonly wasInodeRow: Int32Array
}

/** Grows while a layer is applied. A base layer of a million entries touches all of them: columns, not lists. */
export class Touched implements TouchedColumns {
  #length = 0
  #nodes = new Int32Array(64)
  #alive = new Uint8Array(64)
  #type = new Uint8Array(64)
  #layer = new Int16Array(64)
  #row = new Int32Array(64)

  static from({ nodes, wasAlive, wasType, wasInodeLayer, wasInodeRow }: TouchedColumns): Touched {
    const touched = new Touched()
    touched.#length = nodes.length
    touched.#nodes = Int32Array.from(nodes)
    touched.#alive = Uint8Array.from(wasAlive)
    touched.#type = Uint8Array.from(wasType)
    touched.#layer = Int16Array.from(wasInodeLayer)
    touched.#row = Int32Array.from(wasInodeRow)
    return touched
  }

  push(node: number, alive: number, type: number, inodeLayer: number, inodeRow: number): void {
    const at = this.#length++
    if (at === this.#nodes.length) this.#resize(Math.max(64, at * 2))
    this.#nodes[at] = node
    this.#alive[at] = alive
    this.#type[at] = type
    this.#layer[at] = inodeLayer
    this.#row[at] = inodeRow
  }

  /** No more will come: what was set aside for it is let go. */
  trim(): void {
    if (this.#length < this.#nodes.length) this.#resize(this.#length)
  }

  #resize(length: number): void {
    this.#nodes = resized(this.#nodes, new Int32Array(length))
    this.#alive = resized(this.#alive, new Uint8Array(length))
    this.#type = resized(this.#type, new Uint8Array(length))
    this.#layer = resized(this.#layer, new Int16Array(length))
    this.#row = resized(this.#row, new Int32Array(length))
  }

  get nodes(): Int32Array {
    return this.#nodes.subarray(0, this.#length)
  }
  get wasAlive(): Uint8Array {
    return this.#alive.subarray(0, this.#length)
  }
  get wasType(): Uint8Array {
    return this.#type.subarray(0, this.#length)
  }
  get wasInodeLayer(): Int16Array {
    return this.#layer.subarray(0, this.#length)
  }
  get wasInodeRow(): Int32Array {
    return this.#row.subarray(0, this.#length)
  }
}

type Column = Int32Array<ArrayBuffer> | Uint8Array<ArrayBuffer> | Int16Array<ArrayBuffer>

function resized<T extends Column>(old: T, other: T): T {
  other.set(old.length > other.length ? old.subarray(0, other.length) : old)
  return other
}
