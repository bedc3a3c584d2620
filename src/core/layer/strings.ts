/** Byte strings one after the other, and the same with each kept only once. */

export interface Strings {
  readonly bytes: Uint8Array
  /** Where string i ends; the one before it ends where it starts. */
  readonly end: Uint32Array
}

export function startOf({ end }: Strings, index: number): number {
  return index === 0 ? 0 : end[index - 1]
}

export function stringAt(strings: Strings, index: number): Uint8Array {
  return strings.bytes.subarray(startOf(strings, index), strings.end[index])
}

export class StringsBuilder {
  #bytes = new Uint8Array(1024)
  #end = new Uint32Array(64)
  #length = 0

  get length(): number {
    return this.#length
  }

  /** Adds `bytes` [from, to); answers its index. */
  push(bytes: Uint8Array, from = 0, to = bytes.length): number {
    const index = this.#length++
    const start = index === 0 ? 0 : this.#end[index - 1]
    const end = start + to - from
    if (end > this.#bytes.length) this.#bytes = grown(this.#bytes, Math.max(end, this.#bytes.length * 2))
    if (index === this.#end.length) this.#end = grown(this.#end, index * 2)
    // Names are short: a call of `set` with a view costs more than the bytes.
    const held = this.#bytes
    if (to - from < 64) for (let i = from, at = start; i < to; i++) held[at++] = bytes[i]
    else held.set(bytes.subarray(from, to), start)
    this.#end[index] = end
    return index
  }

  /** Whether string `index` is `bytes` [from, to). */
  is(index: number, bytes: Uint8Array, from: number, to: number): boolean {
    // Fields are looked up once: in the loop that took a third of it (a profile of Chromium).
    const ends = this.#end
    const end = ends[index]
    if (end - (index === 0 ? 0 : ends[index - 1]) !== to - from) return false
    const held = this.#bytes
    for (let i = to - 1, at = end - 1; i >= from; i--, at--) if (held[at] !== bytes[i]) return false
    return true
  }

  /** The strings, and an empty builder again. */
  finish(): Strings {
    const length = this.#length
    this.#length = 0
    return {
      bytes: this.#bytes.slice(0, length === 0 ? 0 : this.#end[length - 1]),
      end: this.#end.slice(0, length),
    }
  }
}

export class DistinctStrings {
  readonly #strings = new StringsBuilder()
  /** By their bytes as characters: the platform's hash of strings is one that nobody can prepare collisions for. */
  readonly #index = new Map<string, number>()
  #last = -1
  #before = -1

  /** Index of `bytes` [from, to); of the two asked for last, without making a key. */
  add(bytes: Uint8Array, from: number, to: number): number {
    if (this.#last >= 0 && this.#strings.is(this.#last, bytes, from, to)) return this.#last
    const before = this.#before
    this.#before = this.#last
    if (before >= 0 && this.#strings.is(before, bytes, from, to)) return (this.#last = before)
    const key = characters(bytes, from, to)
    let index = this.#index.get(key)
    if (index === undefined) this.#index.set(key, (index = this.#strings.push(bytes, from, to)))
    return (this.#last = index)
  }

  finish(): Strings {
    this.#index.clear()
    this.#last = this.#before = -1
    return this.#strings.finish()
  }
}

function characters(bytes: Uint8Array, from: number, to: number): string {
  let text = ''
  for (let at = from; at < to; at += 4096)
    text += String.fromCharCode.apply(
      null,
      bytes.subarray(at, Math.min(to, at + 4096)) as unknown as number[],
    )
  return text
}

/** A longer copy; what is new is 0. */
export function grown<T extends Uint8Array | Uint16Array | Uint32Array | Int32Array | Float64Array>(
  column: T,
  length: number,
): T {
  const wider = new (column.constructor as new (length: number) => T)(length)
  wider.set(column)
  return wider
}
