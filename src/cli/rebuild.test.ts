/** The terminal: another base, one image of several, and what is said before anything is written. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { MemorySource } from '../core/bytes/source'
import { openArchiveIn } from '../jobs/open'
import { buildArchive, type ArchiveOptions } from '../testkit/archive'
import { letters } from '../testkit/letters'
import { parseArguments } from './arguments'
import { runRebuild } from './rebuild'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'peel-cli-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const file = (name: string, drawing: string, options?: ArchiveOptions): string => {
  writeFileSync(join(folder, name), buildArchive(drawing, options))
  return join(folder, name)
}
const recipe = (name: string, ...operations: unknown[]): string => {
  writeFileSync(join(folder, name), JSON.stringify({ peel: 'recipe/1', operations }))
  return join(folder, name)
}
const rebuilt = (...words: string[]): Promise<string> => runRebuild(parseArguments(['rebuild', ...words]))
const opened = (path: string) => openArchiveIn(new MemorySource(new Uint8Array(readFileSync(path))))

const app = `
image app:1
layer ADD base
  f motd "old"
layer COPY app
  f app "app"
layer COPY more
  f app "more"`
const base = `
image base:2
layer ADD base
  f motd "newer"
  f app "hidden"`

test('a recipe finds its new base beside itself, --onto names another place for it', async () => {
  const archive = file('app.tar', app)
  file('base.tar', base)
  const out = join(folder, 'out.tar')
  const beside = recipe('rebase.json', { op: 'rebase', replace: 1, onto: { file: 'base.tar' } })
  await rebuilt(archive, '--recipe', beside, '-o', out)
  const one = await opened(out)
  expect(one.images[0].config.history?.map(({ created_by }) => created_by)).toEqual([
    'ADD base',
    'COPY app',
    'COPY more',
  ])
  await rebuilt(archive, '--onto', join(folder, 'base.tar'), '--replace', '1', '-o', out)
  expect((await opened(out)).images[0].id).toBe(one.images[0].id)
  const missing = recipe('missing.json', { op: 'rebase', replace: 1, onto: { file: 'gone.tar' } })
  await expect(rebuilt(archive, '--recipe', missing, '-o', out)).rejects.toThrow(/gone\.tar/)
  await expect(rebuilt(archive, '--replace', '1', '-o', out)).rejects.toThrow(/--replace belongs to --onto/)
})

test('--dry-run lists paths, size and IDs, and writes nothing; of a conflict every path, before it refuses', async () => {
  const archive = file('app.tar', app)
  const out = join(folder, 'nothing.tar')
  let text = ''
  const written = vi.spyOn(process.stdout, 'write').mockImplementation((piece) => {
    text += String(piece)
    return true
  })
  try {
    const words = ['--onto', file('base.tar', base), '--replace', '1']
    const told = await rebuilt(archive, ...words, '--dry-run', '-o', out)
    expect(text).toContain('would change: 1\n    /motd')
    expect(text).toContain('shadowed by own layers: 1\n    /app (replaced by layer 2)')
    expect(existsSync(out)).toBe(false)
    expect(told.replace('nothing is written; ', `${out}: `)).toBe(await rebuilt(archive, ...words, '-o', out))
    const move = recipe('move.json', { op: 'move', layer: 2, to: 1 })
    await expect(rebuilt(archive, '--recipe', move, '--dry-run')).rejects.toThrow(
      /^Line 1 of the recipe: Layer 2 cannot move there/,
    )
    expect(text).toContain('in conflict: 1\n    /app (layers 2 and 1: it would be another one)')
  } finally {
    written.mockRestore()
  }
})

test('of several images one is chosen; the others come along, unless it is to be alone', async () => {
  const archive = file('two.tar', `${app}\n${base}`)
  const out = join(folder, 'two-out.tar')
  await expect(rebuilt(archive, '-o', out)).rejects.toThrow('0: linux/amd64 app:1\n  1: linux/amd64 base:2')
  const write = recipe('write.json', { op: 'write', path: '/x', content: { text: 'x' } })
  await rebuilt(archive, '--image', 'base:2', '--recipe', write, '-o', out)
  expect((await opened(out)).images.map(({ layers }) => layers.length)).toEqual([3, 2])
  await rebuilt(archive, '--image', '1', '--alone', '--recipe', write, '-o', out)
  expect((await opened(out)).images.map(({ layers }) => layers.length)).toEqual([2])
})

test('an image with a layer that is not what it is called does not come along, and damage that is written on is said', async () => {
  const archive = file('damaged.tar', `${app}\n${base}`)
  const bytes = readFileSync(archive)
  bytes[bytes.indexOf('hidden')] ^= 1
  writeFileSync(archive, bytes)
  const out = join(folder, 'damaged-out.tar')
  await expect(rebuilt(archive, '--image', '0', '-o', out)).rejects.toThrow(
    /A layer of another image.*--alone/,
  )
  expect(existsSync(out)).toBe(false)
  await rebuilt(archive, '--image', '0', '--alone', '-o', out)
  await expect(rebuilt(archive, '--image', '1', '-o', out)).rejects.toThrow(/Layer 0 is not what/)
  expect(await rebuilt(archive, '--image', '1', '--build', 'flatten', '-o', out)).toContain(
    'peel: Layer 0: The contents have the diff_id',
  )
})

test('gzip by threads, in the program, is what one thread makes of it, and gzip reads it', async () => {
  const archive = file('large.tar', `image large:1\nlayer ADD large\n  f large "${letters(5_000_000)}"`)
  const [here, there] = [join(folder, 'here.tar'), join(folder, 'there.tar')]
  const words = [archive, '--build', 'flatten', '--gzip', '-o']
  await rebuilt(...words, here)
  execFileSync(process.execPath, ['scripts/peel.mjs', 'rebuild', ...words, there], { stdio: 'pipe' })
  expect(readFileSync(there).equals(readFileSync(here))).toBe(true)
  const { images } = await opened(here)
  const { source, diffId } = images[0].layers[0]
  const plain = execFileSync('gzip', ['-dc'], {
    input: await source!.read(0, source!.size),
    maxBuffer: 20_000_000,
  })
  expect(`sha256:${createHash('sha256').update(plain).digest('hex')}`).toBe(diffId)
})

test('blocks of a gzip layer are found by threads, in the program, where one thread finds them', async () => {
  const compress = (tar: Uint8Array): Uint8Array<ArrayBuffer> => new Uint8Array(gzipSync(tar))
  const archive = file(
    'packed.tar',
    `image packed:1\nlayer ADD files\n  f one "${letters(2_000_000)}"\n  f secret "hunter2"\n  f two "${letters(2_000_000, 9)}"`,
    { shape: 'oci', compression: { suffix: '+gzip', compress } },
  )
  const [here, there] = [join(folder, 'packed-here.tar'), join(folder, 'packed-there.tar')]
  const without = recipe('scrub.json', { op: 'scrub', paths: ['/secret'] })
  const words = [archive, '--recipe', without, '--build', 'rewrite', '--gzip', '-o']
  await rebuilt(...words, here)
  execFileSync(process.execPath, ['scripts/peel.mjs', 'rebuild', ...words, there], { stdio: 'pipe' })
  expect(readFileSync(there).equals(readFileSync(here))).toBe(true)
  const [was, is] = [await opened(archive), await opened(there)].map(
    ({ images }) => images[0].layers[0].source!,
  )
  // What stands before the secret is copied: shifted by nothing, since it is the first in both files.
  const half = Math.floor(was.size * 0.4)
  expect(Buffer.compare(await is.read(10, half), await was.read(10, half))).toBe(0)
})
