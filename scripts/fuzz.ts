/**
 * npm run fuzz [-- --seconds 60] [--seed 1] [--only N]: mutated archives, headers, compressed streams, JSON and recipes.
 *
 * Every outcome must be an image or a fault with a code; headers read whole and in pieces must say the same; what a
 * recipe makes of an image must come back from the layer that is written for it. A crash, a hang (20 s without an answer) or more than 1.5 GB of
 * memory is a failure; the file that did it is kept in test-results/fuzz/, and --seed S --only N makes it again.
 */
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { gzipSync } from 'node:zlib'
import { execFileSync } from 'node:child_process'
import { MemorySource, type Bytes, type ByteSource } from '../src/core/bytes/source'
import { sniffCompression } from '../src/core/compress/compression'
import { inflate } from '../src/core/compress/inflate'
import { applyOperation, editOn } from '../src/core/edit/apply'
import type { Operation } from '../src/core/edit/operation'
import { ImageError } from '../src/core/fault/fault'
import { Notices } from '../src/core/fault/notice'
import { bodyAtOf, contentOf, pathBytesOf, sizeOf } from '../src/core/layer/rows'
import { scanLayer } from '../src/core/layer/scan'
import type { EntryTable } from '../src/core/layer/table'
import { layerBytes } from '../src/core/rebuild/layer'
import { difference } from '../src/core/rebuild/plan'
import type { Content } from '../src/core/rootfs/entry'
import { lintLayer } from '../src/core/rootfs/lint'
import { firstDifference } from '../src/core/rootfs/same'
import { Tree } from '../src/core/rootfs/tree'
import { applyLayer, unite } from '../src/core/rootfs/union'
import { SourceInput, StreamInput, type TarInput } from '../src/core/tar/input'
import { openArchiveIn, openSource } from '../src/jobs/open'
import { scanStored } from '../src/jobs/scan'
import { buildArchive, tarOf, type Shape } from '../src/testkit/archive'
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

/** A document with one value, key or bracket of it in another place, of any length. */
function restructured(text: string, pick: Chance): string {
  const spots = [...text.matchAll(/"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|[[\]{}]|true|false|null/g)]
  if (spots.length === 0) return text
  const [one, other] = [spots[pick(spots.length)], spots[pick(spots.length)]]
  const words = [
    WORDS[pick(WORDS.length)],
    other[0],
    '',
    `${one[0]},${one[0]}`,
    `{"${'x'.repeat(pick(50))}":${one[0]}}`,
    '['.repeat(pick(2000)),
    `"sha256:${'0'.repeat(64)}"`,
  ]
  return text.slice(0, one.index) + words[pick(words.length)] + text.slice(one.index + one[0].length)
}

// ---------------------------------------------------------------- one try

/** The fault's code, or what it came to. Throws what is neither. */
async function settled(job: () => Promise<string>): Promise<string> {
  try {
    return await job()
  } catch (thrown) {
    if (thrown instanceof ImageError && thrown.fault.code !== 'internal') return thrown.fault.code
    throw thrown
  }
}

/** All layers of all images of an archive, scanned and united; a broken layer is a fault of that layer. */
async function readWhole(bytes: Bytes): Promise<string> {
  const { tar } = await openSource(new MemorySource(bytes))
  const archive = await openArchiveIn(tar)
  for (const image of archive.images) {
    const tables: EntryTable[] = []
    for (const { source, compression } of image.layers)
      if (source)
        await settled(async () => {
          tables.push((await scanStored(source, compression)).table)
          return ''
        })
    const tree = new Tree()
    const notices = new Notices()
    tables.forEach((_, layer) => {
      lintLayer(tree, tables, layer, notices)
      applyLayer(tree, tables, layer, notices)
    })
  }
  return 'image'
}

/** A tar read whole, and in pieces of a size that fits nothing: the same entries, or the same fault. */
async function readTwice(tar: Bytes, pick: Chance): Promise<string> {
  const piece = 1 + pick(1500)
  async function* pieces(): AsyncIterable<Bytes> {
    for (let at = 0; at < tar.length; at += piece) yield tar.slice(at, at + piece)
  }
  const seen = (input: TarInput): Promise<string> =>
    settled(async () => {
      const table = await scanLayer(input, new Notices())
      const rows = Array.from({ length: table.length }, (_, row) => {
        const path = Buffer.from(pathBytesOf(table, row)).toString('hex')
        return `${path} ${sizeOf(table, row)} ${bodyAtOf(table, row)}`
      })
      return `tar ${rows.join()}`
    })
  const [whole, cut] = [
    await seen(new SourceInput(new MemorySource(tar))),
    await seen(new StreamInput(pieces())),
  ]
  if (whole !== cut) throw new Error(`in one piece: ${whole.slice(0, 200)}; in many: ${cut.slice(0, 200)}`)
  return whole.startsWith('tar') ? 'tar' : whole
}

async function inflated(bytes: Bytes): Promise<string> {
  let length = 0
  for await (const chunk of inflate(new MemorySource(bytes), sniffCompression(bytes), { limit: 256 << 20 }))
    length += chunk.length
  return length >= 0 ? 'stream' : ''
}

const PATHS = [
  '/etc',
  '/etc/motd',
  '/bin/sh',
  '/new',
  '/a',
  '/a/b',
  '/etc/new/file',
  '/usr',
  '/usr/lib',
  '/tmp/x',
  '/',
  '/..',
  '/caf\\xe9',
  '/.wh.x',
]

/** A recipe on a drawn image; the layer written for it, laid on the others, must give the tree that it made. */
async function recipe(archive: Bytes, pick: Chance): Promise<string> {
  const { images } = await openArchiveIn(new MemorySource(archive))
  const plain = images[0].layers.map(({ source }) => source as ByteSource)
  const tables: EntryTable[] = []
  for (const source of plain) tables.push((await scanStored(source, 'none')).table)
  const edited = editOn(unite(tables), tables)
  const live = (): string => {
    const { tree } = edited
    const node = pick(tree.length)
    return tree.alive[node] === 1 && pick(3) > 0 ? tree.path(node) : PATHS[pick(PATHS.length)]
  }
  for (let times = 1 + pick(8); times > 0; times--) {
    const operations: Operation[] = [
      { op: 'write', path: live(), content: 'c', size: pick(2000) },
      { op: 'mkdir', path: live() },
      { op: 'symlink', path: live(), target: pick(2) ? live() : '../x' },
      { op: 'hardlink', path: live(), target: live() },
      { op: 'remove', path: live() },
      { op: 'rename', from: live(), to: live() },
      { op: 'copy', from: live(), to: live() },
      { op: 'meta', path: live(), mode: pick(0o10000), mtime: pick(2) ? -pick(1e9) : pick(1e9) / 7 },
    ]
    await settled(async () => {
      applyOperation(edited, operations[pick(operations.length)])
      return ''
    })
  }
  const planned = [...difference(edited)]
  const sizes = new Map(planned.map(({ entry }) => [entry.content, entry.size]))
  const pieces: Bytes[] = []
  const open = (content: Content): ByteSource =>
    content.from === 'layer'
      ? contentOf(plain[content.layer], tables[content.layer], content.row)
      : new MemorySource(new Uint8Array(sizes.get(content) ?? 0))
  for await (const piece of layerBytes(planned, open)) pieces.push(piece)
  const all = [
    ...tables,
    await scanLayer(new SourceInput(new MemorySource(joined(...pieces))), new Notices()),
  ]
  const wrong = firstDifference(
    { tree: edited.tree, sources: edited.sources },
    { tree: unite(all), sources: { tables: all, upper: [] } },
  )
  if (wrong) throw new Error(`the layer gives another tree: ${wrong.path}: ${wrong.what}`)
  return 'recipe'
}

interface Seeds {
  readonly archives: readonly Bytes[]
  readonly tars: readonly Bytes[]
  readonly streams: readonly Bytes[]
  readonly drawn: readonly Bytes[]
}

function allSeeds(): Seeds {
  const archives = seeds()
  const tars = archives.filter((bytes) => sniffCompression(bytes) === 'none')
  const streams = tars
    .slice(0, 20)
    .flatMap((bytes) => [
      new Uint8Array(gzipSync(bytes)),
      new Uint8Array(gzipSync(bytes, { level: 1, memLevel: 1 })),
      joined(gzipSync(bytes.subarray(0, 600)), gzipSync(bytes.subarray(600)), new Uint8Array(64)),
    ])
  try {
    for (const bytes of tars.slice(0, 10))
      streams.push(new Uint8Array(execFileSync('zstd', ['-q', '-c'], { input: bytes })))
  } catch {
    console.warn('SKIPPED: zstd is not installed; its streams are not mutated.')
  }
  const drawn = samples.filter(({ name }) => name !== 'demo').map(({ drawing }) => buildArchive(drawing))
  return { archives, tars, streams, drawn }
}

interface Try {
  readonly bytes: Bytes
  readonly run: () => Promise<string>
}

/** The n-th try of a seed: half of them archives, the rest by turns. */
function tryFor(all: Seeds, seed: number, n: number): Try {
  const pick = chance(seed * 1_000_003 + n)
  const one = (list: readonly Bytes[]): Bytes => list[pick(list.length)]
  switch (n % 8) {
    case 1: {
      let bytes: Bytes = one(all.tars).slice()
      for (let times = 1 + pick(3); times > 0; times--) bytes = header(bytes, pick)
      return { bytes, run: () => readTwice(bytes, pick) }
    }
    case 3: {
      const bytes = mutate(one(all.streams), pick)
      return { bytes, run: () => inflated(bytes) }
    }
    case 5: {
      const bytes = withDocument(one(all.drawn), pick)
      return { bytes, run: () => readWhole(bytes) }
    }
    case 7: {
      const bytes = one(all.drawn)
      return { bytes, run: () => recipe(bytes, pick) }
    }
    default: {
      const bytes = mutate(one(all.archives), pick)
      return { bytes, run: () => readWhole(bytes) }
    }
  }
}

/** One JSON member of a drawn archive restructured, the tar laid out again around it. */
function withDocument(archive: Bytes, pick: Chance): Bytes {
  const members: [path: string, body: Bytes][] = []
  for (let at = 0; at + 512 <= archive.length && archive[at] !== 0;) {
    const text = (from: number, length: number): string =>
      Buffer.from(archive.subarray(at + from, at + from + length))
        .toString('latin1')
        .split('\0')[0]
    const size = parseInt(text(124, 12), 8)
    members.push([text(0, 100), archive.slice(at + 512, at + 512 + size)])
    at += 512 + Math.ceil(size / 512) * 512
  }
  const documents = members.filter(([, body]) => body[0] === 0x7b || body[0] === 0x5b)
  const chosen = documents[pick(documents.length)]
  let text = Buffer.from(chosen[1]).toString('utf8')
  for (let times = 1 + pick(3); times > 0; times--) text = restructured(text, pick)
  chosen[1] = new Uint8Array(Buffer.from(text))
  return tarOf(members)
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

async function work({ seed, from, until, only }: Job): Promise<void> {
  const all = allSeeds()
  const say = (word: Word): void => parentPort?.postMessage(word)
  for (let n = only ?? from; only === null ? Date.now() < until : n === only; n++) {
    say({ kind: 'begin', n })
    try {
      const outcome = await settled(tryFor(all, seed, n).run)
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
      writeFileSync(join(folder, `${seed}-${n}.tar`), tryFor(allSeeds(), seed, n).bytes)
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

  console.log(`${tried} mutated inputs, seed ${seed}:`)
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
