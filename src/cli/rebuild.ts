/** rebuild: a recipe on an archive, written to a file. */
import { open, readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { MemorySource, type ByteSource } from '../core/bytes/source'
import { added, EMPTY_JOURNAL, inForce } from '../core/edit/journal'
import { readRecipe, type Recipe } from '../core/edit/recipe'
import { ImageError } from '../core/fault/fault'
import { namesOf } from '../core/image/image'
import { configEdits, replay, tagsInForce } from '../jobs/edits'
import { Layers } from '../jobs/layers'
import { memoryStores } from '../jobs/memory-stores'
import { openArchiveIn, openSource } from '../jobs/open'
import { inlinePool } from '../jobs/pool'
import { rebuild, type Build, type Format } from '../jobs/rebuild'
import { Tasks } from '../jobs/tasks'
import type { Arguments } from './arguments'
import { FileSource } from './file-source'
import { size } from './summary'

const BUILDS: Record<string, Build> = { add: 'append', append: 'append', flatten: 'flatten' }
const FORMATS: Record<string, Format> = { docker: 'docker', oci: 'oci', rootfs: 'rootfs' }

/** Answers what was built, for people. Throws the faults of opening, of the recipe and of building; then nothing is written. */
export async function runRebuild({ archive: path, options }: Arguments): Promise<string> {
  const out = options.get('o')
  if (typeof out !== 'string') throw new ImageError('bad-operation', 'Say where to write with -o OUT.')
  const build = chosen(BUILDS, options.get('build') ?? 'add', 'build')
  const format = chosen(FORMATS, options.get('format') ?? 'docker', 'format')
  if (resolve(out) === resolve(path))
    throw new ImageError('bad-operation', 'OUT is the archive itself: it would be gone before it is read.')
  const recipe = await recipeAt(options.get('recipe'))
  const opened = await openSource(FileSource.open(path))
  const archive = await openArchiveIn(opened.tar)
  if (archive.images.length > 1)
    throw new ImageError(
      'bad-operation',
      `The archive holds ${archive.images.length} images; rebuilding takes an archive of one.`,
    )
  const image = archive.images[0]
  const layers = new Layers({
    image,
    pool: inlinePool,
    stores: memoryStores(),
    onLayer: () => {},
    onUnion: () => {},
  })
  await layers.scan(new Tasks(() => {}).start('', 0, ''))
  const journal = added(EMPTY_JOURNAL, recipe.operations)
  const { edited } = replay(layers.union, layers.tables, journal)
  const tag = options.get('tag')
  const {
    archive: result,
    documents,
    notices,
  } = await rebuild({
    image,
    tables: layers.tables,
    plain: layers.plain,
    edited,
    configEdits: configEdits(inForce(journal)),
    tags: typeof tag === 'string' ? [tag] : tagsInForce(inForce(journal), namesOf(image)),
    build,
    format,
    stored: async (id) => new MemorySource(recipe.contents.get(id)!),
    pool: inlinePool,
  })
  const errors = notices.filter(({ severity }) => severity === 'error')
  if (errors.length > 0) throw new ImageError('internal', `The result is not offered: ${errors[0].message}`)
  await write(result, out)
  return `${out}: ${size(result.size)}${format === 'rootfs' ? '' : `, image ID ${documents.configDigest}, manifest ${documents.manifestDigest}`}`
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

async function write(source: ByteSource, path: string): Promise<void> {
  const handle = await open(path, 'w')
  try {
    for await (const piece of source.stream()) await handle.writeFile(piece)
  } finally {
    await handle.close()
  }
}
