/**
 * npm run fuzz [-- --seconds 60] [--seed 1] [--only N]: mutated archives, headers, gzip streams and JSON.
 *
 * Every outcome must be an image or a fault with a code. A crash, a hang (20 s without an answer) or more than 1.5 GB of
 * memory is a failure; the file that did it is kept in test-results/fuzz/, and --seed S --only N makes it again.
 */
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { gzipSync } from 'node:zlib'
import { MemorySource, type Bytes } from '../src/core/bytes/source'
import { ImageError } from '../src/core/fault/fault'
import { unite } from '../src/core/rootfs/union'
import { openArchiveIn, openSource } from '../src/jobs/open'
import { scanStored } from '../src/jobs/scan'
import { buildArchive, type Shape } from '../src/testkit/archive'
import { corpus, root } from '../src/testkit/corpus'
import { samples } from '../src/testkit/samples'

const HANG = 20_000
const MEMORY = 1.5e9

// ---------------------------------------------------------------- chance, the same every time

type Chance = (below: number) => number

/** mulberry32: small, and good enough to choose bytes with. */
function chance(seed: number): Chance {
  let state = seed >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
}

// ---------------------------------------------------------------- what is mutated

/** Small archives: drawn ones in every shape, and the small ones of the corpus with its oddities of tar. */
function seeds(): Bytes[] {
  const compression = { suffix: '+gzip', compress: (tar: Bytes): Bytes => new Uint8Array(gzipSync(tar)) }
  const drawn = samples
    .filter(({ name }) => name !== 'demo') // large, and nothing in it that the others lack
    .flatMap(({ drawing }) => [
      ...(['docker', 'docker20', 'oci'] satisfies Shape[]).map((shape) => buildArchive(drawing, { shape })),
      buildArchive(drawing, { shape: 'oci', compression }),
      new Uint8Array(gzipSync(buildArchive(drawing))),
    ])
  const real = (corpus ? ['real', 'tar/go-archive-tar', 'tar/tar-rs'] : [])
    .flatMap((folder) =>
      readdirSync(join(corpus as string, folder)).map((name) => join(corpus as string, folder, name)),
    )
    .filter((path) => statSync(path).size < 100_000)
    .sort()
    .map((path) => new Uint8Array(readFileSync(path)))
  return [...drawn, ...real]
}

const BYTES = [0x00, 0xff, 0x80, 0x7f, 0x20, 0x2f, 0x2e, 0x30, 0x37, 0x22, 0x7b]
const WORDS = [
  'null',
  '-1',
  '1e999',
  '""',
  '[]',
  '{}',
  '"sha256:"',
  '"../../etc/passwd"',
  '99999999999999999999',
  'true',
]
const FLAGS = '01234567xgLKSDVMNA\0 Z'

function mutate(bytes: Bytes, pick: Chance): Bytes {
  let out = bytes.slice()
  for (let times = 1 + pick(4); times > 0 && out.length > 0; times--)
    out = MUTATIONS[pick(MUTATIONS.length)](out, pick)
  return out
}

const blockAt = (bytes: Bytes, pick: Chance): number => 512 * pick(Math.max(1, bytes.length >> 9))

const MUTATIONS: readonly ((bytes: Bytes, pick: Chance) => Bytes)[] = [
  (bytes, pick) => set(bytes, pick(bytes.length), bytes[pick(bytes.length)] ^ (1 << pick(8))),
  (bytes, pick) => set(bytes, pick(bytes.length), BYTES[pick(BYTES.length)]),
  (bytes, pick) => bytes.slice(0, pick(bytes.length)),
  (bytes, pick) => {
    const [from, to] = [blockAt(bytes, pick), blockAt(bytes, pick)] // one block over another
    bytes.copyWithin(to, from, Math.min(from + 512, bytes.length))
    return bytes
  },
  (bytes, pick) => {
    const at = blockAt(bytes, pick) // a block less
    return joined(bytes.subarray(0, at), bytes.subarray(at + 512))
  },
  (bytes, pick) => {
    const at = blockAt(bytes, pick) // a block twice
    return joined(bytes.subarray(0, at + 512), bytes.subarray(at))
  },
  header, // Twice and thrice: a header that is still sealed reaches the code behind the checksum.
  header,
  header,
  document,
  document,
]

function set(bytes: Bytes, at: number, value: number): Bytes {
  bytes[at] = value
  return bytes
}

function joined(...parts: readonly Uint8Array[]): Bytes {
  return new Uint8Array(Buffer.concat(parts))
}

/** One field of a tar header, and the checksum made right again. */
function header(bytes: Bytes, pick: Chance): Bytes {
  const headers: number[] = []
  for (let at = 0; at + 512 <= bytes.length; at += 512)
    if (bytes[at + 257] === 0x75 && bytes[at + 258] === 0x73) headers.push(at)
  if (headers.length === 0) return bytes
  const at = headers[pick(headers.length)]
  const fields = [
    [0, 100],
    [100, 8],
    [108, 8],
    [116, 8],
    [124, 12],
    [136, 12],
    [156, 1],
    [157, 100],
    [329, 8],
    [345, 155],
  ]
  const [from, length] = fields[pick(fields.length)]
  if (length === 1) bytes[at + from] = FLAGS.charCodeAt(pick(FLAGS.length))
  else if (length > 12)
    for (let i = 0; i < 3; i++) bytes[at + from + pick(length)] = BYTES[pick(BYTES.length)]
  else {
    const numbers = [
      '0',
      '7'.repeat(length - 1),
      '-1',
      '',
      ' 12 ',
      '9',
      String(pick(5000)),
      '\x80\0\0\0\0\0\0\x01',
      '\xff'.repeat(length),
    ]
    const text = numbers[pick(numbers.length)].padEnd(length, '\0').slice(0, length)
    for (let i = 0; i < length; i++) bytes[at + from + i] = text.charCodeAt(i)
  }
  let sum = 0
  for (let i = 0; i < 512; i++) sum += i >= 148 && i < 156 ? 0x20 : bytes[at + i]
  const sealed = `${sum.toString(8).padStart(6, '0')}\0 `
  for (let i = 0; i < 8; i++) bytes[at + 148 + i] = sealed.charCodeAt(i)
  return bytes
}

/** One value in a JSON document or a PAX record, in place: its length stays, so that the tar around it stays whole. */
function document(bytes: Bytes, pick: Chance): Bytes {
  const quotes: number[] = []
  for (let at = 0; at < bytes.length - 40; at++) if (bytes[at] === 0x3a || bytes[at] === 0x3d) quotes.push(at)
  if (quotes.length === 0) return bytes
  const at = quotes[pick(quotes.length)] + 1
  const word = WORDS[pick(WORDS.length)]
  for (let i = 0; i < word.length && at + i < bytes.length; i++) bytes[at + i] = word.charCodeAt(i)
  return bytes
}

// ---------------------------------------------------------------- one try

/** The fault's code, or "image". Throws what is neither. */
async function outcomeOf(bytes: Bytes): Promise<string> {
  try {
    const { tar } = await openSource(new MemorySource(bytes))
    const archive = await openArchiveIn(tar)
    for (const image of archive.images) {
      const tables = []
      for (const { source, compression } of image.layers)
        if (source)
          try {
            tables.push((await scanStored(source, compression)).table)
          } catch (thrown) {
            if (!(thrown instanceof ImageError)) throw thrown // A broken layer is a fault of that layer.
          }
      unite(tables)
    }
    return 'image'
  } catch (thrown) {
    if (thrown instanceof ImageError && thrown.fault.code !== 'internal') return thrown.fault.code
    throw thrown
  }
}

type Word =
  | { readonly kind: 'begin'; readonly n: number }
  | { readonly kind: 'end'; readonly n: number; readonly outcome: string }
  | { readonly kind: 'failed'; readonly n: number; readonly words: string }

interface Job {
  readonly seed: number
  readonly from: number
  readonly until: number
  readonly only: number | null
}

const inputFor = (all: readonly Bytes[], seed: number, n: number): Bytes => {
  const pick = chance(seed * 1_000_003 + n)
  return mutate(all[pick(all.length)], pick)
}

async function work({ seed, from, until, only }: Job): Promise<void> {
  const all = seeds()
  const say = (word: Word): void => parentPort?.postMessage(word)
  for (let n = only ?? from; only === null ? Date.now() < until : n === only; n++) {
    say({ kind: 'begin', n })
    try {
      const outcome = await outcomeOf(inputFor(all, seed, n))
      const { rss } = process.memoryUsage()
      if (rss > MEMORY) throw new Error(`${(rss / 1e9).toFixed(1)} GB of memory`)
      say({ kind: 'end', n, outcome })
    } catch (thrown) {
      say({
        kind: 'failed',
        n,
        words: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown),
      })
    }
  }
}

// ---------------------------------------------------------------- the watch

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '60' },
      seed: { type: 'string', default: '1' },
      only: { type: 'string' },
    },
  })
  const [seconds, seed] = [Number(values.seconds), Number(values.seed)]
  const only = values.only === undefined ? null : Number(values.only)
  const until = Date.now() + seconds * 1000
  const outcomes = new Map<string, number>()
  const failures = new Map<string, { n: number; words: string; times: number }>()
  let tried = 0

  const fail = (n: number, words: string): void => {
    // One cause shows itself a thousand times; its first two lines name it.
    const key = words.split('\n').slice(0, 2).join('\n')
    const known = failures.get(key)
    if (known) known.times++
    else {
      failures.set(key, { n, words, times: 1 })
      const folder = join(root, 'test-results/fuzz')
      mkdirSync(folder, { recursive: true })
      writeFileSync(join(folder, `${seed}-${n}.tar`), inputFor(seeds(), seed, n))
      console.log(`FAILED  --seed ${seed} --only ${n}: ${words}\n`)
    }
  }

  for (let from = 0, again = true; again && (only !== null || Date.now() < until);) {
    again = false
    const worker = new Worker(new URL(import.meta.url), {
      workerData: { seed, from, until, only } satisfies Job,
    })
    let current = from
    await new Promise<void>((resolve) => {
      let watch: NodeJS.Timeout | undefined
      const give = (n: number, words: string): void => {
        clearTimeout(watch)
        fail(n, words)
        tried++
        from = n + 1
        again = only === null
        void worker.terminate()
      }
      worker.on('message', (word: Word) => {
        if (word.kind === 'begin') {
          current = word.n
          clearTimeout(watch)
          watch = setTimeout(() => give(word.n, `no answer after ${HANG / 1000} s`), HANG)
        } else {
          tried++
          if (word.kind === 'failed') fail(word.n, word.words)
          else outcomes.set(word.outcome, (outcomes.get(word.outcome) ?? 0) + 1)
        }
      })
      worker.on('error', (error) => give(current, `the thread died: ${error.message}`))
      worker.on('exit', () => {
        clearTimeout(watch)
        resolve()
      })
    })
  }

  console.log(`${tried} mutated archives, seed ${seed}:`)
  for (const [code, times] of [...outcomes].sort((one, other) => other[1] - one[1]))
    console.log(`  ${String(times).padStart(7)}  ${code}`)
  for (const { n, words, times } of failures.values())
    console.log(`  ${String(times).padStart(7)}  FAILED, first at --only ${n}: ${words.split('\n')[0]}`)
  const failed = [...failures.values()].reduce((sum, { times }) => sum + times, 0)
  console.log(`\n${tried - failed} passed, ${failed} failed`)
  process.exitCode = failed > 0 || tried === 0 ? 1 : 0
}

if (isMainThread) await main()
else await work(workerData as Job)
