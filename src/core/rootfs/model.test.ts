/**
 * Random stacks of layers, united by our columns and by a naive model of image-spec, layer.md: a map of paths, written
 * from the text and from nothing of ours. What the text leaves open is as semantics and engines have it: of a path
 * listed twice the last counts, and a parent that is a link to a directory is followed.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { TYPE } from '../tar/entry'
import { encodeHeader, END, paddingOf } from '../tar/write'
import { listed, unionOfTars } from './rootfs.fixture'

interface Drawn {
  readonly kind: 'd' | 'f' | 's' | 'h' | 'p' | 'w' | 'o'
  /** Names from the root; how they are spelled is `dress`'s business. */
  readonly path: readonly string[]
  readonly target: string
  readonly dress: number
}

// ---------------------------------------------------------------- the model

interface Thing {
  kind: string
  /** Layer and row of the entry that holds the data. */
  inode: string
  target: string
}
type Root = Map<string, Thing>

const parentOf = (path: string): string => path.slice(0, path.lastIndexOf('/'))
const below = (root: Root, path: string): string[] =>
  [...root.keys()].filter((other) => other.startsWith(`${path}/`))
const cleanNames = (path: string): string[] => {
  const names: string[] = []
  for (const name of path.split('/'))
    if (name === '..') names.pop()
    else if (name !== '' && name !== '.') names.push(name)
  return names
}

/** Where a path leads in a root filesystem, all links followed but perhaps the last; null where it leads nowhere. */
function follow(
  root: Root,
  start: string,
  names: readonly string[],
  last: boolean,
  hops = { left: 40 },
): string | null {
  let at = start
  for (const [i, name] of names.entries()) {
    if (name === '' || name === '.') continue
    if (at !== '' && root.get(at)?.kind !== 'd') return null
    if (name === '..') {
      at = at === '' ? '' : parentOf(at)
      continue
    }
    const next = `${at}/${name}`
    const there = root.get(next)
    if (!there) return null
    const isLast = names.slice(i + 1).every((rest) => rest === '' || rest === '.')
    if (there.kind === 's' && (last || !isLast)) {
      if (hops.left-- === 0) return null
      const to = follow(root, there.target.startsWith('/') ? '' : at, there.target.split('/'), true, hops)
      if (to === null) return null
      at = to
    } else at = next
  }
  return at
}

function remove(root: Root, path: string): void {
  for (const inner of below(root, path)) root.delete(inner)
  root.delete(path)
}

/** The directory that the names before the last lead to, made where it is not there. */
function directoryFor(root: Root, names: readonly string[]): string {
  let at = ''
  for (const name of names) {
    const next = `${at}/${name}`
    const there = root.get(next)
    if (there?.kind === 'd') at = next
    else {
      const start = there?.target.startsWith('/') ? '' : at
      const from = there?.kind === 's' ? follow(root, start, there.target.split('/'), true) : null
      if (from !== null && (from === '' || root.get(from)?.kind === 'd')) at = from
      else {
        remove(root, next)
        root.set(next, { kind: 'd', inode: '-1:-1', target: '' })
        at = next
      }
    }
  }
  return at
}

function lay(root: Root, entries: readonly Drawn[], layer: number): void {
  // Markers act on lower layers only, wherever they stand in the tar.
  for (const { kind, path } of entries) {
    if (kind === 'w') {
      const dir = follow(root, '', path.slice(0, -1), true)
      if (dir !== null && (dir === '' || root.get(dir)?.kind === 'd'))
        remove(root, `${dir}/${path[path.length - 1]}`)
    } else if (kind === 'o') {
      const dir = follow(root, '', path, true)
      if (dir !== null && (dir === '' || root.get(dir)?.kind === 'd'))
        for (const inner of below(root, dir)) root.delete(inner)
    }
  }
  const late: { at: string; target: string; inode: string }[] = []
  const linked = (target: string): Thing | null => {
    const at = follow(root, '', cleanNames(target), false)
    const there = at === null ? undefined : root.get(at)
    return there && there.kind !== 'd' && there.kind !== '?' ? there : null
  }
  entries.forEach(({ kind, path, target }, row) => {
    if (kind === 'w' || kind === 'o') return
    const at = `${directoryFor(root, path.slice(0, -1))}/${path[path.length - 1]}`
    const there = root.get(at)
    if (kind === 'd' && there?.kind === 'd') {
      root.set(at, { kind, inode: `${layer}:${row}`, target: '' })
      return
    }
    if (kind === 'h') {
      // A directory that is replaced goes with all below before the link is looked up; what stands there itself may be the target.
      for (const inner of below(root, at)) root.delete(inner)
      const thing = linked(target)
      if (thing) root.set(at, { ...thing })
      else {
        root.set(at, { kind: '?', inode: `${layer}:${row}`, target: '' })
        late.push({ at, target, inode: `${layer}:${row}` })
      }
      return
    }
    remove(root, at)
    root.set(at, { kind, inode: `${layer}:${row}`, target })
  })
  // Links whose target came later in the layer.
  for (let again = true; again;) {
    again = false
    for (const { at, target: wanted, inode } of late) {
      const thing = root.get(at)?.kind === '?' && root.get(at)?.inode === inode ? linked(wanted) : null
      if (!thing) continue
      root.set(at, { ...thing })
      again = true
    }
  }
}

// ---------------------------------------------------------------- the drawings

const name = fc.constantFrom('a', 'b', 'c')
const names = fc.array(name, { minLength: 1, maxLength: 3 })
const target = fc.oneof(
  fc
    .array(fc.constantFrom('a', 'b', 'c', '..', '.'), { minLength: 1, maxLength: 3 })
    .map((parts) => parts.join('/')),
  names.map((parts) => `/${parts.join('/')}`),
)
const entry = fc.record({
  kind: fc.constantFrom<Drawn['kind']>('d', 'd', 'd', 'f', 'f', 's', 's', 'h', 'p', 'w', 'o'),
  path: names,
  target,
  dress: fc.nat(5),
})
const stack = fc.array(fc.array(entry, { maxLength: 9 }), { minLength: 1, maxLength: 5 })

const TYPES = {
  d: TYPE.directory,
  f: TYPE.file,
  s: TYPE.symlink,
  h: TYPE.hardlink,
  p: TYPE.fifo,
  w: TYPE.file,
  o: TYPE.file,
}

function tarOf(entries: readonly Drawn[]): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder()
  const parts = entries.flatMap(({ kind, path, target: to, dress }) => {
    const dir = path.slice(0, -1).join('/')
    const last = path[path.length - 1]
    const plain =
      kind === 'w'
        ? `${dir}${dir && '/'}.wh.${last}`
        : kind === 'o'
          ? `${path.join('/')}/.wh..wh..opq`
          : path.join('/')
    const dressed = [
      plain,
      `./${plain}`,
      `/${plain}`,
      plain.replaceAll('/', '//'),
      `x/../${plain}`,
      `../${plain}`,
    ][dress]
    const isLink = kind === 's' || kind === 'h'
    const body = kind === 'f' ? text.encode(dressed) : new Uint8Array(0)
    const header = encodeHeader({
      path: text.encode(dressed),
      type: TYPES[kind],
      mode: 0o755,
      uid: 0,
      gid: 0,
      size: body.length,
      mtime: 0,
      link: isLink ? text.encode(to) : undefined,
    })
    return [header, body, paddingOf(body.length)]
  })
  return new Uint8Array(Buffer.concat([...parts, END]))
}

test('random stacks unite as the model has it', async () => {
  await fc.assert(
    fc.asyncProperty(stack, async (layers) => {
      const root: Root = new Map()
      layers.forEach((entries, layer) => lay(root, entries, layer))
      const { tree } = await unionOfTars(layers.map(tarOf))
      const model = [...root].map(([path, { kind, inode }]) => `${path} ${kind} ${inode}`).sort()
      const ours = [...listed(tree)].map(([path, what]) => `${path} ${what}`).sort()
      expect(ours).toEqual(model)
    }),
    { numRuns: Number(process.env.PEEL_RUNS ?? 3000) },
  )
})

test('3,000 levels deep, taken away in one stroke, and listed from the bottom', async () => {
  const path = Array.from({ length: 3000 }, (_, i) => `d${i % 10}`)
  const listing = path.map((_, i): Drawn => ({
    kind: 'd',
    path: path.slice(0, 3000 - i),
    target: '',
    dress: 0,
  }))
  const deep = await unionOfTars([
    tarOf(listing),
    tarOf([{ kind: 'f', path: [...path, 'leaf'], target: '', dress: 0 }]),
  ])
  expect(deep.tree.length).toBe(3002)
  expect(deep.counts).toEqual([
    { added: 3000, changed: 0, removed: 0 },
    { added: 1, changed: 0, removed: 0 },
  ])
  const gone = await unionOfTars([tarOf(listing), tarOf([{ kind: 'w', path: ['d0'], target: '', dress: 0 }])])
  expect(listed(gone.tree).size).toBe(0)
  expect(gone.counts[1]).toEqual({ added: 0, changed: 0, removed: 3000 })
}, 120_000)
