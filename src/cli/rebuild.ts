/** rebuild: a recipe on an archive, written to a file. */
import { readFile, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, resolve } from 'node:path'
import { sizeWords } from '../core/bytes/size'
import { MemorySource, type ByteSource } from '../core/bytes/source'
import { added, EMPTY_JOURNAL } from '../core/edit/journal'
import type { DiffId } from '../core/digest/digest'
import { newBaseIn, type Operation } from '../core/edit/operation'
import { readRecipe, type Recipe } from '../core/edit/recipe'
import { ImageError } from '../core/fault/fault'
import { namesOf, type Archive, type Image } from '../core/image/image'
import type { Documents } from '../core/rebuild/document'
import { companyOf, verifyCompany } from '../jobs/companions'
import { rebuildInputOf } from '../jobs/edited-image'
import { replay, tagsInForce } from '../jobs/edits'
import { mustFit, namedLine } from '../jobs/fit'
import { Layers } from '../jobs/layers'
import { groundOf, ontoIn, withBase, type Onto } from '../jobs/onto'
import { openArchiveIn, openSource } from '../jobs/open'
import { foretold, rebuild, type Build, type Format, type RebuildInput } from '../jobs/rebuild'
import { unseenTask } from '../jobs/tasks'
import type { Arguments } from './arguments'
import { chosenImage } from './chosen-image'
import { FileSource } from './file-source'
import { previewText } from './preview'
import { scratchStores, toScratch } from './scratch'
import { threads } from './threads'
import { writePieces } from './write'

const BUILDS: Record<string, Build> = {
  add: 'append',
  append: 'append',
  rewrite: 'rewrite',
  squash: 'squash',
  flatten: 'flatten',
}
const FORMATS: Record<string, Format> = {
  docker: 'docker',
  oci: 'oci',
  rootfs: 'rootfs',
  context: 'context',
  unpacked: 'unpacked',
  zip: 'zip',
  // Written as docker has it, without the layers of the base.
  delta: 'docker',
}

/** Answers what was built, for people. Throws the faults of opening, of the recipe and of building; then nothing is written. */
export async function runRebuild({ archive: path, options }: Arguments): Promise<string> {
  const dry = options.has('dry-run')
  const out = options.get('o')
  if (!dry && typeof out !== 'string')
    throw new ImageError('bad-operation', 'Say where to write with -o OUT.')
  if (typeof out === 'string' && resolve(out) === resolve(path))
    throw new ImageError('bad-operation', 'OUT is the archive itself: it would be gone before it is read.')
  const { input, preview, damage } = await inputFor(path, options, dry)
  if (dry) {
    process.stdout.write(`${preview}\n`)
    const { bytes, documents } = await foretold(input())
    return `nothing is written; ${said(bytes, documents, input())}`
  }
  const { archive: result, documents, notices } = await rebuild(input())
  const errors = notices.filter(({ severity }) => severity === 'error')
  if (errors.length > 0) throw new ImageError('internal', `The result is not offered: ${errors[0].message}`)
  await write(result, String(out))
  const left = notices.filter(({ code }) => /left-out/.test(code)).map(({ message }) => message)
  const more = [...damage, ...left].map((message) => `\npeel: ${message}`).join('')
  return `${String(out)}: ${said(result.size, documents, input())}${more}`
}

function said(bytes: number, documents: Documents, { format, base }: RebuildInput): string {
  const isImage = format === 'docker' || format === 'oci'
  const { manifestDigest, targetDigest } = documents
  const index = targetDigest === manifestDigest ? '' : `, index ${targetDigest}`
  const ids = isImage ? `, image ID ${documents.configDigest}, manifest ${manifestDigest}${index}` : ''
  const layers = base?.length === 1 ? 'the layer of the base is' : `${base?.length} layers of the base are`
  const only = base ? `, for docker load with the classic store where ${layers}` : ''
  return `${sizeWords(bytes)}${ids}${only}`
}

interface Asked {
  /** Throws where a line of the recipe does not fit. */
  readonly input: () => RebuildInput
  /** What the recipe does to whole layers, for --dry-run. */
  readonly preview: string
  /** Layers that are not what they are called: what is built of their contents is not what the image once held. */
  readonly damage: readonly string[]
}

async function inputFor(path: string, options: Arguments['options'], dry: boolean): Promise<Asked> {
  const build = chosen(BUILDS, options.get('build') ?? 'add', 'build')
  const format = chosen(FORMATS, options.get('format') ?? 'docker', 'format')
  const squashFrom = wholeNumber(options.get('from'), 'from')
  if (squashFrom !== undefined && build !== 'squash')
    throw new ImageError('bad-operation', '--from belongs to --build squash.')
  const base = await baseFor(options)
  const epoch = wholeNumber(options.get('epoch'), 'epoch')
  const recipe = await recipeFor(options)
  const { archive, image, layers } = await opened(path, options.get('image'))
  const onto = await ontoFor(recipe.operations, options, image)
  const operations = onto ? withBase(recipe.operations, image, onto) : recipe.operations
  const ground = groundOf(layers, onto)
  const preview = dry ? previewText(ground, operations) : ''
  const tag = options.get('tag')
  const tags = typeof tag === 'string' ? [tag] : tagsInForce(operations, namesOf(image))
  const together = (format === 'docker' || format === 'oci') && !base && !options.has('alone')
  const company = together ? await companyOf(archive, image, tags, threads) : undefined
  if (company) await verifyCompany(company, threads)
  const input = (): RebuildInput => {
    const { edited, stack } = replay(ground, added(EMPTY_JOURNAL, operations), namedLine)
    mustFit(operations, image)
    return {
      ...rebuildInputOf({ image, layers, onto, operations, edited, stack }),
      tags,
      build,
      squashFrom,
      format,
      gzip: options.has('gzip'),
      epoch,
      base,
      company,
      stored: async (id) => new MemorySource(recipe.contents.get(id)!),
      store: toScratch,
      hashAsWritten: true,
      pool: threads,
    }
  }
  const damage = layers.notices.list
    .filter(({ code }) => /^(diffid|digest)-mismatch$/.test(code))
    .map(({ message, where }) => `Layer ${where.layer}: ${message}`)
  return { input, preview, damage }
}

/** The recipe of --recipe; behind it, what --onto asks for, unless the recipe does. */
async function recipeFor(options: Arguments['options']): Promise<Recipe> {
  const recipe = await recipeAt(options.get('recipe'))
  const file = options.get('onto')
  const replace = wholeNumber(options.get('replace'), 'replace')
  if (typeof file !== 'string') {
    if (replace === undefined) return recipe
    throw new ImageError('bad-operation', '--replace belongs to --onto: it says how many layers give way.')
  }
  if (newBaseIn(recipe.operations) === null) {
    const rebase = { op: 'rebase', onto: { file: basename(file), diffIds: [] } } as const
    const operation = replace === undefined ? rebase : { ...rebase, replace }
    return { ...recipe, operations: [...recipe.operations, operation] }
  }
  if (replace === undefined) return recipe
  throw new ImageError(
    'bad-operation',
    'The recipe says itself how many layers give way; leave --replace out.',
  )
}

/** The new base that the recipe asks for: of --onto, or of the file that it names beside itself. */
async function ontoFor(
  operations: readonly Operation[],
  options: Arguments['options'],
  image: Image,
): Promise<Onto | null> {
  const base = newBaseIn(operations)
  if (!base) return null
  const [given, recipe] = [options.get('onto'), options.get('recipe')]
  if (typeof given !== 'string' && base.file === '')
    throw new ImageError(
      'bad-operation',
      'The recipe puts the image onto another one: name its archive with --onto.',
    )
  const path =
    typeof given === 'string' ? given : resolve(dirname(typeof recipe === 'string' ? recipe : ''), base.file)
  const { tar } = await openSource(FileSource.open(path), { store: toScratch })
  const task = unseenTask()
  return ontoIn(tar, { ...base, file: base.file || basename(path) }, image, {
    pool: threads,
    stores: scratchStores(),
    task,
  })
}

/** With --format delta: the diff_ids of the image that the other side has. */
async function baseFor(options: Arguments['options']): Promise<readonly DiffId[] | undefined> {
  const isDelta = options.get('format') === 'delta'
  const path = options.get('base')
  if (isDelta !== (typeof path === 'string'))
    throw new ImageError(
      'bad-operation',
      isDelta
        ? 'A delta needs to know what the other side has: --base ARCHIVE.'
        : '--base belongs to --format delta.',
    )
  if (typeof path !== 'string') return undefined
  const { tar } = await openSource(FileSource.open(path), { store: toScratch })
  const { images } = await openArchiveIn(tar)
  if (images.length > 1)
    throw new ImageError(
      'bad-operation',
      `The base holds ${images.length} images; it takes an archive of one.`,
    )
  return images[0].layers.map(({ diffId }) => diffId)
}

/** An archive and the image of it that is meant, its layers read. */
async function opened(
  path: string,
  which: string | true | undefined,
): Promise<{ archive: Archive; image: Image; layers: Layers }> {
  const { tar } = await openSource(FileSource.open(path), { store: toScratch })
  const archive = await openArchiveIn(tar)
  const image = chosenImage(archive, which)
  const layers = new Layers({
    image,
    pool: threads,
    stores: scratchStores(),
  })
  await layers.scan(unseenTask())
  await layers.verify(unseenTask())
  const { anyFault } = layers
  // An image with a layer that cannot be read has a root filesystem that nobody knows.
  if (anyFault) throw new ImageError(anyFault.code, anyFault.message, anyFault.where)
  return { archive, image, layers }
}

function wholeNumber(word: string | true | undefined, name: string): number | undefined {
  if (word === undefined) return undefined
  if (typeof word === 'string' && /^\d{1,12}$/.test(word)) return Number(word)
  throw new ImageError('bad-operation', `--${name} takes a whole number; "${String(word)}" is none.`)
}

function chosen<T>(table: Record<string, T>, word: string | true, name: string): T {
  const value = typeof word === 'string' ? table[word] : undefined
  if (value !== undefined) return value
  throw new ImageError(
    'bad-operation',
    `--${name} takes ${Object.keys(table).join(', ')}; "${String(word)}" is not there.`,
  )
}

async function recipeAt(path: string | true | undefined): Promise<Recipe> {
  if (typeof path !== 'string') return { operations: [], contents: new Map() }
  let json: unknown
  try {
    json = JSON.parse(await readFile(path, 'utf8'))
  } catch (thrown) {
    throw new ImageError('bad-operation', `The recipe ${path} cannot be read: ${(thrown as Error).message}`)
  }
  return readRecipe(json, async (file) => {
    try {
      return new Uint8Array(await readFile(resolve(dirname(path), file)))
    } catch {
      throw new ImageError('bad-operation', `The recipe names the file ${file}, which is not beside it.`)
    }
  })
}

/** Under another name until all of it is there: a failure leaves no half file, and what was there stays. */
async function write(source: ByteSource, path: string): Promise<void> {
  const there = await stat(path).catch(() => null)
  // A pipe or a device is written to, and never replaced.
  const beside = there && !there.isFile() ? path : `${path}.part`
  try {
    await writePieces(beside, source.stream())
    if (beside !== path) await rename(beside, path)
  } catch (thrown) {
    if (beside !== path) await rm(beside, { force: true })
    throw thrown
  }
}
