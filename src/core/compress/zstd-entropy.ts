/** The two entropy codes of zstd (RFC 8878, 4): finite state entropy, and Huffman codes whose weights it packs. */

/** Why a frame is none; the caller knows the offset. */
export class ZstdError extends Error {}

/** Index of the highest bit that is set; -1 for 0. */
export const highestBit = (value: number): number => 31 - Math.clz32(value)

/** A decoding table: in state s, `symbol[s]` is next, and the following state is next[s] + as many bits as bits[s]. */
export interface FseTable {
  readonly log: number
  readonly symbol: Uint8Array
  readonly bits: Uint8Array
  readonly next: Uint16Array
}

/** The table of one symbol that needs no bits. */
export function rleTable(symbol: number): FseTable {
  return { log: 0, symbol: Uint8Array.of(symbol), bits: new Uint8Array(1), next: new Uint16Array(1) }
}

/**
 * The table of normalized counts (RFC 8878, 4.1.1): each symbol gets as many states as its count; -1 counts as less
 * than one and gets a state at the end.
 */
export function fseTable(counts: readonly number[], log: number): FseTable {
  const size = 1 << log
  const symbol = new Uint8Array(size)
  const following = new Uint16Array(counts.length)
  let last = size
  counts.forEach((count, index) => {
    following[index] = Math.abs(count)
    if (count === -1) symbol[--last] = index
  })
  spread(counts, symbol, last)
  const bits = new Uint8Array(size)
  const next = new Uint16Array(size)
  for (let state = 0; state < size; state++) {
    const value = following[symbol[state]]++
    bits[state] = log - highestBit(value)
    next[state] = (value << bits[state]) - size
  }
  return { log, symbol, bits, next }
}

function spread(counts: readonly number[], symbol: Uint8Array, last: number): void {
  const size = symbol.length
  const step = (size >> 1) + (size >> 3) + 3
  let at = 0
  counts.forEach((count, index) => {
    for (let turn = 0; turn < count; turn++) {
      symbol[at] = index
      do at = (at + step) & (size - 1)
      while (at >= last)
    }
  })
}

/** Reads normalized counts (RFC 8878, 4.1.1) from input[at, end); `at` of the result is behind them. */
export function readFseTable(
  input: Uint8Array,
  at: number,
  end: number,
  maxLog: number,
  maxSymbol: number,
): { table: FseTable; at: number } {
  const endBit = end * 8
  let bit = at * 8
  const take = (count: number): number => {
    const from = bit >>> 3
    const word = input[from] | (input[from + 1] << 8) | (input[from + 2] << 16)
    bit += count
    if (bit > endBit) throw new ZstdError('a table of counts that is cut off')
    return (word >>> ((bit - count) & 7)) & ((1 << count) - 1)
  }
  const log = take(4) + 5
  if (log > maxLog) throw new ZstdError('a table of counts that is too fine')
  const counts: number[] = []
  let left = 1 << log
  while (left > 0) {
    // A number from 0 to left + 1; those that fit in one bit less are written with one bit less.
    const width = highestBit(left + 1)
    const short = (2 << width) - 2 - left
    let value = take(width)
    if (value >= short && take(1)) value += (1 << width) - short
    counts.push(value - 1)
    left -= Math.abs(value - 1)
    if (value === 1)
      for (let run = 3; run === 3;) for (let zero = (run = take(2)); zero > 0; zero--) counts.push(0)
    if (counts.length > maxSymbol + 1) throw new ZstdError('a table of counts for symbols that do not exist')
  }
  return { table: fseTable(counts, log), at: (bit + 7) >>> 3 }
}

/** Bits [start, …) of a stream that is read backwards; its highest set bit only marks where it begins. */
export function backwardStart(input: Uint8Array, start: number, end: number): number {
  if (end <= start || input[end - 1] === 0) throw new ZstdError('a bit stream without its end mark')
  return (end - 1) * 8 + highestBit(input[end - 1])
}

/** Look-up by the next `log` bits: symbol << 4 | length of its code. */
export interface HuffmanTable {
  readonly log: number
  readonly entries: Uint16Array
}

const MAX_HUFFMAN_LOG = 11

/** Reads a tree description (RFC 8878, 4.2.1); `at` of the result is behind it. */
export function readHuffmanTable(
  input: Uint8Array,
  at: number,
  end: number,
): { table: HuffmanTable; at: number } {
  if (at >= end) throw new ZstdError('a Huffman tree that is cut off')
  const header = input[at++]
  const stop = at + (header < 128 ? header : (header - 126) >> 1)
  if (stop > end) throw new ZstdError('a Huffman tree that is cut off')
  const weights = header < 128 ? packedWeights(input, at, stop) : plainWeights(input, at, header - 127)
  return { table: huffmanTable(weights), at: stop }
}

function plainWeights(input: Uint8Array, at: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => (input[at + (index >> 1)] >> (index & 1 ? 0 : 4)) & 15)
}

/** Two states that take turns, until the bits run out (RFC 8878, 4.2.1.2). */
function packedWeights(input: Uint8Array, at: number, end: number): number[] {
  const { table, at: start } = readFseTable(input, at, end, 6, 255)
  const startBit = start * 8
  let bit = backwardStart(input, start, end)
  const take = (count: number): number => {
    bit -= count
    const from = bit >> 3
    return ((input[from] | (input[from + 1] << 8)) >>> (bit & 7)) & ((1 << count) - 1)
  }
  const states = [take(table.log), take(table.log)]
  if (bit < startBit) throw new ZstdError('Huffman weights that are cut off')
  const weights: number[] = []
  for (let turn = 0; weights.length < 255; turn ^= 1) {
    const state = states[turn]
    weights.push(table.symbol[state])
    if (bit - table.bits[state] < startBit) {
      weights.push(table.symbol[states[turn ^ 1]])
      return weights
    }
    states[turn] = table.next[state] + take(table.bits[state])
  }
  throw new ZstdError('Huffman weights for symbols that do not exist')
}

/** A symbol of weight w has 2^(w-1) entries; the weight of the last symbol is what is left to a power of two. */
function huffmanTable(weights: number[]): HuffmanTable {
  let sum = 0
  for (const weight of weights) {
    if (weight > MAX_HUFFMAN_LOG) throw new ZstdError('a Huffman code that is too long')
    if (weight > 0) sum += 1 << (weight - 1)
  }
  const log = highestBit(sum) + 1
  const left = (1 << log) - sum
  if (sum === 0 || log > MAX_HUFFMAN_LOG || left !== 1 << highestBit(left) || weights.length > 255)
    throw new ZstdError('Huffman weights that do not add up')
  const all = [...weights, highestBit(left) + 1]
  const entries = new Uint16Array(1 << log)
  let at = 0
  for (let weight = 1; weight <= log; weight++)
    all.forEach((of, symbol) => {
      if (of !== weight) return
      entries.fill((symbol << 4) | (log + 1 - weight), at, (at += 1 << (weight - 1)))
    })
  return { log, entries }
}

/**
 * Decodes one Huffman stream, input[start, end) read backwards, into out[from, to): all of it, and exactly.
 * Behind `end` four more bytes can be read.
 */
export function decodeHuffman(
  { log, entries }: HuffmanTable,
  input: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
  from: number,
  to: number,
): void {
  const startBit = start * 8
  const mask = (1 << log) - 1
  let bit = backwardStart(input, start, end)
  // Two symbols a read: 22 bits at most, and 7 that belong to others, fit in a word.
  for (const fastEnd = to - 1; from < fastEnd && bit - 2 * log >= startBit;) {
    const base = bit - 2 * log
    const at = base >>> 3
    const word =
      (input[at] | (input[at + 1] << 8) | (input[at + 2] << 16) | (input[at + 3] << 24)) >>> (base & 7)
    const one = entries[(word >>> log) & mask]
    const two = entries[(word >>> (log - (one & 15))) & mask]
    out[from++] = one >>> 4
    out[from++] = two >>> 4
    bit -= (one & 15) + (two & 15)
  }
  while (from < to) {
    const base = bit - log
    const at = Math.max(base, startBit) >>> 3
    const word = input[at] | (input[at + 1] << 8) | (input[at + 2] << 16)
    // Below the start of the stream there are zeros.
    const entry =
      base >= startBit
        ? entries[(word >>> (base & 7)) & mask]
        : entries[((word & ((1 << (bit - startBit)) - 1)) << (startBit - base)) & mask]
    out[from++] = entry >>> 4
    bit -= entry & 15
    if (bit < startBit) break
  }
  if (from !== to || bit !== startBit) throw new ZstdError('a Huffman stream of another length than promised')
}
