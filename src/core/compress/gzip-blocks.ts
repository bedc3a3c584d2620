/**
 * Where the blocks of a gzip file lie, so that a stretch of its plain bytes can go into another gzip file as it is stored:
 * a block may be copied wherever the same 32 KiB of plain bytes stand before it (RFC 1951, 2 and 3.2.3).
 */
import type { ByteSource, Bytes } from '../bytes/source'
import { BitJoin } from './bits'
import { WINDOW } from './deflate-codes'
import type { BlockKind } from './deflate-stream'
import { DeflateSkimmer } from './deflate-skim'
import { checkTrailer, nextMember, readHeader, step } from './gzip'
import { SourceWindow } from './window'

/**
 * Runs of whole blocks in the order of the file, their plain bytes one behind the other. Columns, since a layer of a
 * gigabyte has ten thousand runs.
 */
export interface GzipBlocks {
  /** Offset of a run's first plain byte, and behind the last run how many there are in all. */
  readonly plainAt: Float64Array<ArrayBuffer>
  /** The bits of a run, from the first of the file on. */
  readonly bitAt: Float64Array<ArrayBuffer>
  readonly bitEnd: Float64Array<ArrayBuffer>
  /** The bit at which the first stored block of a run starts; -1 where it has none. */
  readonly storedAt: Float64Array<ArrayBuffer>
  /** FIRST: nothing of its member goes before. FINAL: it is one block, and says that it is the last of its member. */
  readonly flags: Uint8Array<ArrayBuffer>
}

const FIRST = 1
const FINAL = 2

/** A run takes blocks until it has so many plain bytes. The file's own blocks are often shorter, and a hundred times as many. */
const RUN = 64 * 1024

/**
 * Reads all of a gzip file. Throws `bad-gzip` as the walker does for what it sees: damage in contents or a CRC that does
 * not match passes by.
 */
export async function gzipBlocks(source: ByteSource, signal?: AbortSignal): Promise<GzipBlocks> {
  const window = new SourceWindow(source, signal)
  const runs = new Runs()
  try {
    await readHeader(window)
    do await skimMember(window, runs)
    while (await nextMember(window))
  } finally {
    await window.close()
  }
  return runs.finish()
}

async function skimMember(window: SourceWindow, runs: Runs): Promise<void> {
  const before = runs.plain
  /** Bits ahead of what the skimmer is given. */
  let ahead = 0
  const skimmer = new DeflateSkimmer((bit, plain, kind) => runs.block(ahead + bit, before + plain, kind))
  runs.member()
  for (;;) {
    ahead = (window.offset - window.at) * 8
    if (step(skimmer, window) === 'end') break
    await window.has(window.available + 1)
  }
  runs.end(ahead + skimmer.ended, before + skimmer.plain)
  await checkTrailer(window, null, skimmer.plain)
}

class Runs {
  readonly #plainAt: number[] = []
  readonly #bitAt: number[] = []
  readonly #bitEnd: number[] = []
  readonly #storedAt: number[] = []
  readonly #flags: number[] = []
  /** Plain bytes of the runs that have ended. */
  plain = 0
  #open = false
  #flag = 0

  member(): void {
    this.#flag = FIRST
  }

  block(bit: number, plain: number, { final, stored }: BlockKind): void {
    if (!this.#open || final || plain - this.plain >= RUN) this.#start(bit, plain, final)
    const run = this.#storedAt.length - 1
    if (stored && this.#storedAt[run] < 0) this.#storedAt[run] = bit
  }

  #start(bit: number, plain: number, final: boolean): void {
    if (this.#open) this.end(bit, plain)
    this.#open = true
    this.#plainAt.push(plain)
    this.#bitAt.push(bit)
    this.#storedAt.push(-1)
    this.#flags.push(this.#flag | (final ? FINAL : 0))
    this.#flag = 0
  }

  end(bit: number, plain: number): void {
    this.#bitEnd.push(bit)
    this.plain = plain
    this.#open = false
  }

  finish(): GzipBlocks {
    return {
      plainAt: Float64Array.from([...this.#plainAt, this.plain]),
      bitAt: Float64Array.from(this.#bitAt),
      bitEnd: Float64Array.from(this.#bitEnd),
      storedAt: Float64Array.from(this.#storedAt),
      flags: Uint8Array.from(this.#flags),
    }
  }
}

/** Runs [from, to) that may be copied where plain bytes [at, end) go as they are; null where there are none. */
export function runsWithin(
  { plainAt, flags }: GzipBlocks,
  at: number,
  end: number,
): { from: number; to: number } | null {
  let from = firstNotBelow(plainAt, at)
  // A match reaches back a window, or to the start of its member.
  while (from < flags.length && !(flags[from] & FIRST) && plainAt[from] < at + WINDOW) from++
  let to = firstNotBelow(plainAt, end)
  if (to > flags.length || plainAt[to] > end) to--
  return to > from ? { from, to } : null
}

function firstNotBelow(ascending: Float64Array, value: number): number {
  let [low, high] = [0, ascending.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (ascending[middle] < value) low = middle + 1
    else high = middle
  }
  return low
}

/**
 * The blocks of runs [from, to) as bytes of another deflate stream, from a byte boundary to a byte boundary, none of them
 * the last one. Throws the faults of `stored`, the file that `blocks` are of.
 */
export async function* copiedBlocks(
  stored: ByteSource,
  blocks: GzipBlocks,
  from: number,
  to: number,
): AsyncGenerator<Bytes, void, undefined> {
  const bits = new BitJoin()
  for (let run = from, end = from; run < to; run = end) {
    // Runs that stand side by side in the file, and of which none but the first says that it is the last.
    do end++
    while (end < to && !(blocks.flags[end] & (FIRST | FINAL)))
    yield* copyRuns(bits, stored, blocks, run, end)
  }
  yield bits.close()
}

async function* copyRuns(
  bits: BitJoin,
  stored: ByteSource,
  { bitAt, bitEnd, storedAt, flags }: GzipBlocks,
  run: number,
  end: number,
): AsyncGenerator<Bytes, void, undefined> {
  let start = bitAt[run]
  if (flags[run] & FINAL) {
    yield* bits.add(0, 1)
    start++
  }
  // Bytes of a stored block start where a byte does. Behind it both files are at the end of a byte, and stay side by side.
  const block = bits.count === start % 8 ? -1 : (storedAt.subarray(run, end).find((bit) => bit >= 0) ?? -1)
  if (block >= 0) {
    yield* bits.copy(stored, start, block + 3)
    yield* bits.pad()
    start = Math.ceil((block + 3) / 8) * 8
  }
  yield* bits.copy(stored, start, bitEnd[end - 1])
}
