/**
 * Images to measure on: docker saves and OCI layouts of a given size, the same bytes every time on the same Node.
 * Contents are slices of a real program (Node's own), so that they compress as files do, not as zeros or noise; of the one
 * of real files they are this machine's.
 */
import { spawnSync } from 'node:child_process'
import { createHash, type Hash } from 'node:crypto'
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { utf8 } from '../../src/core/bytes/text'
import { TYPE } from '../../src/core/tar/entry'
import { encodeHeader, END, paddingOf } from '../../src/core/tar/write'
import { root, say, which } from '../ensure.mjs'
import { realFiles, type RealFile } from './real-files'

export type Compression = 'plain' | 'gzip' | 'zstd'

export interface Size {
  readonly name: string
  readonly entries: number
  /** Of file contents, all layers together. */
  readonly bytes: number
  readonly layers: number
  /** Whether its files are this machine's own, as they are, rather than made to size: then `bytes` is about so many. */
  readonly real?: boolean
}

export const SIZES = {
  small: { name: '100 MB, 5,000 entries', entries: 5_000, bytes: 100e6, layers: 6 },
  medium: { name: '1 GB, 60,000 entries', entries: 60_000, bytes: 1e9, layers: 6 },
  large: { name: '4 GB, 200,000 entries', entries: 200_000, bytes: 4e9, layers: 10 },
  huge: { name: '10 GB, 500,000 entries', entries: 500_000, bytes: 10e9, layers: 40 },
  half: { name: '600 MB, 500,000 entries', entries: 500_000, bytes: 600e6, layers: 40 },
  real: { name: '550 MB, 20,000 real files', entries: 20_000, bytes: 550e6, layers: 6, real: true },
  many: { name: '200 MB, 1,000,000 entries', entries: 1_000_000, bytes: 200e6, layers: 6 },
} as const satisfies Record<string, Size>

const folder = join(root, '.cache', 'bench')

/** What the generator makes; a change of it makes the images anew. */
const GENERATION = 1

/** Path of the image, built the first time it is asked for; null where the tool that compresses is not there. */
export function imageOf(key: string, size: Size, compression: Compression = 'plain'): string | null {
  if (compression !== 'plain' && !which(compression)) return null
  const path = join(folder, `${key}-${compression}-${GENERATION}.tar`)
  if (existsSync(path)) return path
  say(`Building an image of ${size.name}, ${compression} …`)
  mkdirSync(folder, { recursive: true })
  const beside = `${path}.part`
  if (compression === 'plain') dockerSave(beside, size)
  else layout(beside, key, size, compression)
  renameSync(beside, path)
  return path
}

/** Paths of the layers of an image of `size`, each a plain tar: for tools that know tars only. */
export function layersOf(key: string, size: Size): string[] {
  const paths = Array.from({ length: size.layers }, (_, i) =>
    join(folder, `${key}-layer-${i}-${GENERATION}.tar`),
  )
  mkdirSync(folder, { recursive: true })
  for (const [layer, path] of paths.entries())
    if (!existsSync(path)) {
      const out = new Out(`${path}.part`)
      writeLayer(out, size, layer)
      out.close()
      renameSync(`${path}.part`, path)
    }
  return paths
}

export function bytesOf(path: string): number {
  return statSync(path).size
}

// ---------------------------------------------------------------- writing

class Out {
  readonly #file: number
  #pending: Uint8Array[] = []
  #length = 0
  #hash: Hash | null = null
  constructor(path: string) {
    this.#file = openSync(path, 'w')
  }
  write(bytes: Uint8Array): void {
    this.#hash?.update(bytes)
    this.#pending.push(bytes)
    this.#length += bytes.length
    if (this.#length > 4 << 20) this.#flush()
  }
  hashFromHere(): void {
    this.#hash = createHash('sha256')
  }
  hashed(): string {
    const digest = this.#hash!.digest('hex')
    this.#hash = null
    return digest
  }
  close(): void {
    this.#flush()
    closeSync(this.#file)
  }
  #flush(): void {
    writeSync(this.#file, Buffer.concat(this.#pending))
    this.#pending = []
    this.#length = 0
  }
}

const header = (path: string, size: number, type: 0 | 5 = 0): Uint8Array =>
  encodeHeader({
    path: utf8(path),
    type: type === 5 ? TYPE.directory : TYPE.file,
    mode: type === 5 ? 0o755 : 0o644,
    uid: 0,
    gid: 0,
    size,
    mtime: 1_700_000_000,
  })

let program: Buffer | null = null
function material(): Buffer {
  if (program) return program
  const file = openSync(process.execPath, 'r')
  program = Buffer.alloc(64 << 20)
  program = program.subarray(0, readSync(file, program, 0, program.length, 0))
  closeSync(file)
  return program
}

/** mulberry32. */
function chance(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

interface ImageFile {
  readonly path: string
  readonly size: number
  readonly directory: boolean
  /** Offset in the material, or the path of a file of this machine. */
  readonly contents: number | string
}

/** Files of one layer. */
function filesOf(size: Size, layer: number): Iterable<ImageFile> {
  return size.real ? realOf(size, layer) : madeOf(size, layer)
}

const listed = new Map<Size, readonly RealFile[]>()

/** A share of them for each layer, in the order of their paths; a hundred of the layer below once more: waste to be found. */
function* realOf(size: Size, layer: number): Generator<ImageFile> {
  const all = listed.get(size) ?? realFiles(size.entries, size.bytes)
  listed.set(size, all)
  const share = Math.ceil(all.length / size.layers)
  const own = all.slice(layer * share, (layer + 1) * share)
  for (const { path, size } of [
    ...own,
    ...all.slice(Math.max(0, (layer - 1) * share), layer * share).slice(0, 100),
  ])
    yield { path: path.slice(1), size, directory: false, contents: path }
}

/** A directory for each fifty; three quarters of the bytes in a quarter of the files, and none of more than six times the mean. */
function* madeOf(size: Size, layer: number): Generator<ImageFile> {
  const random = chance(layer + 1)
  const entries = Math.floor(size.entries / size.layers)
  const mean = size.bytes / size.entries
  for (let i = 0; i < entries; i++) {
    const directory = `usr/lib/part-${layer}/dir-${Math.floor(i / 2500)}/group-${Math.floor(i / 50)}`
    if (i % 50 === 0) {
      yield { path: directory, size: 0, directory: true, contents: 0 }
      continue
    }
    // Every tenth file of a layer above the base takes the place of one below: waste to be found.
    const owner = layer > 0 && i % 10 === 1 ? layer - 1 : layer
    const path = `usr/lib/part-${owner}/dir-${Math.floor(i / 2500)}/group-${Math.floor(i / 50)}/module-${i}.so`
    yield {
      path,
      size: Math.floor(mean * spread(random())),
      contents: Math.floor(random() * 32e6),
      directory: false,
    }
  }
}

/** Mean 1: three quarters of a file's share in a quarter of the files. */
function spread(x: number): number {
  return x < 0.75 ? 0.25 * (x / 0.375) : 3 * ((x - 0.75) / 0.125)
}

function writeLayer(out: Out, size: Size, layer: number): void {
  for (const file of filesOf(size, layer)) {
    out.write(header(file.path, file.size, file.directory ? 5 : 0))
    if (typeof file.contents === 'number') writeMaterial(out, file.contents, file.size)
    else {
      const bytes = readFileSync(file.contents)
      if (bytes.length !== file.size) throw new Error(`${file.contents} changed while the image was made.`)
      out.write(bytes)
    }
    out.write(paddingOf(file.size))
  }
  out.write(END)
}

function writeMaterial(out: Out, from: number, size: number): void {
  const bytes = material()
  for (let left = size, at = from; left > 0; at = 0) {
    const piece = bytes.subarray(at, Math.min(bytes.length, at + left))
    out.write(piece)
    left -= piece.length
  }
}

function layerSize(size: Size, layer: number): number {
  let sum = END.length
  for (const file of filesOf(size, layer)) sum += 512 + Math.ceil(file.size / 512) * 512
  return sum
}

function configOf(diffIds: readonly string[]): Uint8Array {
  return utf8(
    JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      config: { Cmd: ['/bin/sh'], Env: ['PATH=/usr/bin'] },
      created: '2024-01-01T00:00:00Z',
      history: diffIds.map((_, i) => ({
        created: '2024-01-01T00:00:00Z',
        created_by: `COPY part-${i} /usr/lib # buildkit`,
      })),
      rootfs: { type: 'layers', diff_ids: diffIds.map((id) => `sha256:${id}`) },
    }),
  )
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

function member(out: Out, path: string, bytes: Uint8Array): void {
  out.write(header(path, bytes.length))
  out.write(bytes)
  out.write(paddingOf(bytes.length))
}

/** As docker 20 saves: folders with layer.tar, which need not be named by a digest. */
function dockerSave(path: string, size: Size): void {
  const out = new Out(path)
  const diffIds: string[] = []
  const names = Array.from({ length: size.layers }, (_, i) => `layer-${i}/layer.tar`)
  for (const [layer, name] of names.entries()) {
    const bytes = layerSize(size, layer)
    out.write(header(name, bytes))
    out.hashFromHere()
    writeLayer(out, size, layer)
    diffIds.push(out.hashed())
    out.write(paddingOf(bytes))
  }
  const config = configOf(diffIds)
  member(out, `${sha256(config)}.json`, config)
  member(
    out,
    'manifest.json',
    utf8(JSON.stringify([{ Config: `${sha256(config)}.json`, RepoTags: ['bench:1'], Layers: names }])),
  )
  out.write(END)
  out.close()
}

/** As skopeo and BuildKit write it: an OCI layout with compressed layers. */
function layout(path: string, key: string, size: Size, compression: 'gzip' | 'zstd'): void {
  const out = new Out(path)
  const OCI = 'application/vnd.oci.image'
  const diffIds: string[] = []
  const layers: { mediaType: string; digest: string; size: number }[] = []
  for (const plain of layersOf(key, size)) {
    diffIds.push(hashFile(plain))
    const stored = `${plain}.${compression}`
    const level = compression === 'gzip' ? '-6' : '-3'
    const file = openSync(stored, 'w')
    const { status } = spawnSync(compression, [level, '-c', plain], { stdio: ['ignore', file, 'inherit'] })
    closeSync(file)
    if (status !== 0) throw new Error(`${compression} failed on ${plain}.`)
    const digest = hashFile(stored)
    layers.push({
      mediaType: `${OCI}.layer.v1.tar+${compression}`,
      digest: `sha256:${digest}`,
      size: bytesOf(stored),
    })
    out.write(header(`blobs/sha256/${digest}`, bytesOf(stored)))
    for (const piece of pieces(stored)) out.write(piece)
    out.write(paddingOf(bytesOf(stored)))
    rmSync(stored)
  }
  const config = configOf(diffIds)
  const manifest = utf8(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: `${OCI}.manifest.v1+json`,
      config: { mediaType: `${OCI}.config.v1+json`, digest: `sha256:${sha256(config)}`, size: config.length },
      layers,
    }),
  )
  member(out, `blobs/sha256/${sha256(config)}`, config)
  member(out, `blobs/sha256/${sha256(manifest)}`, manifest)
  member(out, 'oci-layout', utf8('{"imageLayoutVersion":"1.0.0"}'))
  member(
    out,
    'index.json',
    utf8(
      JSON.stringify({
        schemaVersion: 2,
        manifests: [
          {
            mediaType: `${OCI}.manifest.v1+json`,
            digest: `sha256:${sha256(manifest)}`,
            size: manifest.length,
            annotations: { 'org.opencontainers.image.ref.name': '1' },
          },
        ],
      }),
    ),
  )
  out.write(END)
  out.close()
}

function* pieces(path: string): Generator<Uint8Array> {
  const file = openSync(path, 'r')
  try {
    for (;;) {
      const buffer = new Uint8Array(1 << 20)
      const length = readSync(file, buffer)
      if (length === 0) return
      yield buffer.subarray(0, length)
    }
  } finally {
    closeSync(file)
  }
}

function hashFile(path: string): string {
  const hash = createHash('sha256')
  for (const piece of pieces(path)) hash.update(piece)
  return hash.digest('hex')
}
