/**
 * Random stacks, random edits: what is written as a new layer gives the tree that was on screen, for appliers that
 * merge as for engines that unpack a layer alone and let overlayfs merge it.
 */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MemorySource, type ByteSource, type Bytes } from '../bytes/source'
import { ImageError } from '../fault/fault'
import { contentOf, pathBytesOf } from '../layer/rows'
import type { EntryTable } from '../layer/table'
import { markerOf } from '../layer/whiteout'
import { applyOperation, editOn, type Edited } from '../edit/apply'
import type { Operation } from '../edit/operation'
import { entryAt, entryOf, type Content, type Entry, type Sources } from '../rootfs/entry'
import { lintLayer } from '../rootfs/lint'
import { listed, tableOf } from '../rootfs/rootfs.fixture'
import { firstDifference } from '../rootfs/same'
import { inodeKey } from '../rootfs/sums'
import { ROOT, Tree } from '../rootfs/tree'
import { unite } from '../rootfs/union'
import { walkTree } from '../rootfs/walk'
import { Notices, type Notice } from '../fault/notice'
import { TYPE, type PaxRecord, type TypeCode } from '../tar/entry'
import { encodeHeader, END, paddingOf } from '../tar/write'
import { layerBytes, layerSize } from './layer'
import { changesFiles, difference, flattened, type PlannedEntry } from './plan'

// ---------------------------------------------------------------- stacks and edits

const name = fc.constantFrom('a', 'b', 'c', 'caf\xe9')
const names = fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'))
const target = fc
  .array(fc.constantFrom('a', 'b', 'c', '..'), { minLength: 1, maxLength: 3 })
  .map((parts) => parts.join('/'))
const meta = fc.record({
  mode: fc.constantFrom(0o755, 0o644, 0o1777, 0o4755),
  uid: fc.constantFrom(0, 1000, 2 ** 33),
  gid: fc.constantFrom(0, 42),
  mtime: fc.constantFrom(0, 1.5, -3, 1700000000),
})
const drawn = fc.record({
  kind: fc.constantFrom('d', 'd', 'd', 'f', 'f', 's', 'h', 'p', 'c', 'w', 'o'),
  path: names,
  target,
  meta,
  size: fc.constantFrom(0, 1, 512, 700),
  xattr: fc.constantFrom<PaxRecord[]>(
    [],
    [],
    [{ key: 'SCHILY.xattr.user.note', value: Uint8Array.of(1, 0, 61, 10) }],
  ),
})
type Drawn = typeof drawn extends fc.Arbitrary<infer T> ? T : never
const stack = fc.array(fc.array(drawn, { maxLength: 8 }), { minLength: 1, maxLength: 3 })

const path = fc
  .oneof(names, fc.constantFrom('a/../b', './c', 'a//b', 'caf\xe9/new'))
  .map((text) => `/${text.replaceAll('\xe9', '\\xe9')}`)
const optional = fc.record(
  {
    mode: fc.constantFrom(0o600, 0o755),
    uid: fc.constantFrom(0, 7),
    gid: fc.constantFrom(0, 8),
    mtime: fc.constantFrom(5, 6.25),
  },
  { requiredKeys: [] },
)
const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({
    op: fc.constant('write' as const),
    path,
    content: fc.constant('c1'),
    size: fc.constantFrom(0, 3, 600),
  }),
  fc
    .tuple(path, optional)
    .map(([p, given]) => ({ op: 'write' as const, path: p, content: 'c2', size: 9, ...given })),
  fc.tuple(path, optional).map(([p, given]) => ({ op: 'mkdir' as const, path: p, ...given })),
  fc.record({ op: fc.constant('symlink' as const), path, target }),
  fc.record({ op: fc.constant('hardlink' as const), path, target: path }),
  fc.record({ op: fc.constant('remove' as const), path }),
  fc.record({ op: fc.constant('remove' as const), path }),
  fc.record({ op: fc.constant('rename' as const), from: path, to: path }),
  fc.tuple(path, optional).map(([p, given]) => ({ op: 'meta' as const, path: p, ...given })),
)

const latin = (text: string): Bytes => new Uint8Array(Buffer.from(text, 'latin1'))
const TYPES: Record<string, TypeCode> = {
  d: TYPE.directory,
  f: TYPE.file,
  s: TYPE.symlink,
  h: TYPE.hardlink,
  p: TYPE.fifo,
  c: TYPE.char,
  w: TYPE.file,
  o: TYPE.file,
}

function tarOf(entries: readonly Drawn[]): Bytes {
  const parts = entries.flatMap(({ kind, path: p, target: to, meta: m, size, xattr }) => {
    const slash = p.lastIndexOf('/') + 1
    const full =
      kind === 'w' ? `${p.slice(0, slash)}.wh.${p.slice(slash)}` : kind === 'o' ? `${p}/.wh..wh..opq` : p
    const body = new Uint8Array(kind === 'f' ? size : 0).fill(p.length)
    const link = kind === 's' || kind === 'h' ? latin(to) : undefined
    return [
      encodeHeader({
        path: latin(full),
        type: TYPES[kind],
        ...m,
        size: body.length,
        link,
        major: 1,
        minor: 3,
        pax: kind === 'h' ? [] : xattr,
      }),
      body,
      paddingOf(body.length),
    ]
  })
  return new Uint8Array(Buffer.concat([...parts, END]))
}

interface Stack {
  readonly plain: readonly ByteSource[]
  readonly tables: readonly EntryTable[]
  readonly union: Tree
}

async function stackOf(layers: readonly (readonly Drawn[])[]): Promise<Stack> {
  const tars = layers.map(tarOf)
  const tables = await Promise.all(tars.map((tar) => tableOf(tar)))
  const union = unite(tables)
  union.seal(tables) // As the union on screen.
  return { plain: tars.map((tar) => new MemorySource(tar)), tables, union }
}

function edited({ union, tables }: Stack, operations: readonly Operation[]): Edited {
  const edits = editOn(union, tables)
  for (const one of operations) {
    const before = listed2(edits.tree)
    try {
      applyOperation(edits, one)
    } catch (thrown) {
      if (!(thrown instanceof ImageError)) throw thrown
      expect(listed2(edits.tree), 'an operation that fails changes nothing').toEqual(before)
    }
  }
  return edits
}

/** `listed`, as plain text. */
const listed2 = (tree: Tree): string => [...listed(tree)].map(([p, what]) => `${p} ${what}`).join('\n')

async function written(planned: Iterable<PlannedEntry>, { plain, tables }: Stack): Promise<Bytes> {
  const entries = [...planned]
  // Stored contents have the size that their operation names.
  const sizes = new Map(entries.map(({ entry }) => [entry.content, entry.size]))
  const open = (content: Content): ByteSource =>
    content.from === 'layer'
      ? contentOf(plain[content.layer], tables[content.layer], content.row)
      : new MemorySource(new Uint8Array(sizes.get(content) ?? 0).fill(9))
  const pieces: Bytes[] = []
  for await (const piece of layerBytes(entries, open)) pieces.push(piece)
  const tar = new Uint8Array(Buffer.concat(pieces))
  expect(tar.length).toBe(layerSize(entries))
  return tar
}

/** Layers that every engine takes have no link that leads nowhere. */
const isSound = (tree: Tree): boolean => {
  for (let node = 1; node < tree.length; node++)
    if (tree.alive[node] === 1 && (tree.type[node] as number) === TYPE.hardlink) return false
  return true
}

// ---------------------------------------------------------------- an engine that unpacks alone, and overlayfs

interface Thing {
  readonly type: number
  readonly words: string
  readonly inode: string
}
type Root = Map<string, Thing>

const wordsOf = ({ type, mode, uid, gid, size, mtime, link, major, minor, pax }: Entry): string =>
  [
    type,
    type === TYPE.symlink ? '' : `${mode.toString(8)} ${uid}:${gid} ${mtime}`,
    type === TYPE.file ? size : '',
    type === TYPE.symlink ? Buffer.from(link).toString('latin1') : '',
    `${major},${minor}`,
    type === TYPE.symlink
      ? ''
      : pax
          .filter(({ key }) => key.includes('xattr'))
          .map(({ key, value }) => `${key}=${Buffer.from(value).toString('hex')}`)
          .join(),
  ].join(' ')

function rootOf(tree: Tree, sources: Sources): Root {
  const root: Root = new Map()
  walkTree(tree, ROOT, (node) => {
    const entry = entryOf(tree, sources, node)
    root.set(tree.path(node), {
      type: entry.type,
      words: wordsOf(entry),
      inode: entry.type === TYPE.directory ? '' : `${inodeKey(tree, node)}`,
    })
  })
  return root
}

const parentOf = (p: string): string => p.slice(0, p.lastIndexOf('/'))
const hides = (p: string, top: string): boolean => p === top || p.startsWith(`${top}/`)

const latinOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')

/** The layer alone in an empty directory, as moby's overlay2 and containerd do: what they could not do is thrown. */
function unpackedAlone(table: EntryTable): { root: Root; opaque: Set<string> } {
  const root: Root = new Map()
  const opaque = new Set<string>()
  for (let row = 0; row < table.length; row++) {
    const p = `/${latinOf(pathBytesOf(table, row)).replace(/\/$/, '')}`
    if (p === '/.') continue
    const dir = parentOf(p)
    if (dir !== '' && root.get(dir)?.type !== TYPE.directory)
      throw new Error(`${p}: ${dir} is not listed before it`)
    const last = latin(p.slice(dir.length + 1))
    const marker = markerOf(last, 0, last.length)
    if (marker === 'opaque') opaque.add(dir)
    else if (marker === 'whiteout') {
      const gone = `${dir}/${p.slice(dir.length + 5)}`
      if (root.has(gone)) throw new Error(`mknod ${gone}: file exists`)
      root.set(gone, { type: -1, words: 'whiteout', inode: '' })
    } else {
      if (root.has(p)) throw new Error(`${p}: stands there already`)
      const entry = entryAt([table], 0, row)
      if (entry.type === TYPE.hardlink) {
        const first = root.get(`/${latinOf(entry.link)}`)
        if (!first || first.type === -1) throw new Error(`link ${latinOf(entry.link)}: no such file`)
        root.set(p, first)
      } else
        root.set(p, {
          type: entry.type,
          words: wordsOf(entry),
          inode: entry.type === TYPE.directory ? '' : `upper ${row}`,
        })
    }
  }
  return { root, opaque }
}

/** overlayfs: the upper directory over the lower one. */
function overlaid(lower: Root, { root: upper, opaque }: { root: Root; opaque: Set<string> }): Root {
  const merged: Root = new Map(lower)
  const drop = (top: string, itself: boolean): void => {
    for (const p of [...merged.keys()]) if (hides(p, top) && (itself || p !== top)) merged.delete(p)
  }
  for (const [p, thing] of upper) {
    const below = merged.get(p)
    if (thing.type === -1 || !(thing.type === TYPE.directory && below?.type === TYPE.directory)) drop(p, true)
    if (opaque.has(p)) drop(p, false)
    if (thing.type !== -1) merged.set(p, thing)
  }
  return merged
}

/** Paths with what is there, and which of them share an inode. */
function shape(root: Root): string[] {
  const groups = new Map<string, string[]>()
  for (const [p, { inode }] of root) if (inode !== '') groups.set(inode, [...(groups.get(inode) ?? []), p])
  return [...root]
    .map(([p, { words, inode }]) => `${p} ${words} ${(groups.get(inode) ?? []).sort().join('=')}`)
    .sort()
}

// ---------------------------------------------------------------- the laws

const RUNS = Number(process.env.PEEL_RUNS ?? 1200)
const escaped = (tree: Tree, sources: Sources): Root => {
  // Paths of the tree escape what is no UTF-8; the engine's are bytes.
  const out: Root = new Map()
  for (const [p, thing] of rootOf(tree, sources)) out.set(p.replaceAll('\\xe9', '\xe9'), thing)
  return out
}

describe('a layer of the difference', () => {
  test('laid on the lower layers gives the edited tree, merged by us or overlaid by an engine', async () => {
    await fc.assert(
      fc.asyncProperty(
        stack,
        fc.array(operation, { minLength: 1, maxLength: 6 }),
        async (layers, operations) => {
          const lower = await stackOf(layers)
          fc.pre(isSound(lower.union))
          const edits = edited(lower, operations)
          const planned = [...difference(edits)]
          expect(planned.length > 0).toBe(changesFiles(edits.tree))
          checkOrder(planned)
          const table = await tableOf(await written(planned, lower))
          const tables = [...lower.tables, table]
          const notices = new Notices()
          lintLayer(lower.union, tables, lower.tables.length, notices)
          const again = unite(tables)
          expect(
            firstDifference(
              { tree: edits.tree, sources: edits.sources },
              { tree: again, sources: { tables, upper: [] } },
            ),
          ).toBeNull()
          // Attributes that a person asks for may be beyond what Linux has.
          const isAsked = ({ code }: Notice): boolean => /^(owner|time|xattr|capability|acl)-/.test(code)
          expect(notices.list.filter((notice) => !isAsked(notice))).toEqual([])
          const engine = overlaid(
            escaped(lower.union, { tables: lower.tables, upper: [] }),
            unpackedAlone(table),
          )
          expect(shape(engine)).toEqual(shape(escaped(edits.tree, edits.sources)))
        },
      ),
      { numRuns: RUNS },
    )
  })

  test('no edits, or edits that come to nothing, need no layer', async () => {
    const lower = await stackOf([
      [
        {
          kind: 'f',
          path: 'a',
          target: 'a',
          meta: { mode: 0o644, uid: 0, gid: 0, mtime: 0 },
          size: 1,
          xattr: [],
        },
      ],
    ])
    for (const operations of [
      [],
      [
        { op: 'mkdir', path: '/new' },
        { op: 'remove', path: '/new' },
      ],
    ] as Operation[][])
      expect([...difference(edited(lower, operations))]).toEqual([])
  })
})

describe('all in one layer', () => {
  test('gives the edited tree', async () => {
    await fc.assert(
      fc.asyncProperty(stack, fc.array(operation, { maxLength: 4 }), async (layers, operations) => {
        const lower = await stackOf(layers)
        fc.pre(isSound(lower.union))
        const edits = edited(lower, operations)
        const planned = [...flattened(edits.tree, edits.sources)]
        checkOrder(planned)
        const tar = await written(planned, lower)
        const table = await tableOf(tar)
        const again = unite([table])
        expect(
          firstDifference(
            { tree: edits.tree, sources: edits.sources },
            { tree: again, sources: { tables: [table], upper: [] } },
          ),
        ).toBeNull()
        expect(shape(overlaid(new Map(), unpackedAlone(table)))).toEqual(
          shape(escaped(edits.tree, edits.sources)),
        )
        expect(Buffer.from(await written(flattened(edits.tree, edits.sources), lower)).equals(tar)).toBe(true)
      }),
      { numRuns: RUNS / 2 },
    )
  })
})

/** Parents before children, markers before siblings, no marker beside an entry of its name, no hard link but to an earlier entry. */
function checkOrder(planned: readonly PlannedEntry[]): void {
  const seen = new Set<string>()
  const marked = new Set<string>()
  const started = new Set<string>()
  for (const { path: bytes, linkTo } of planned) {
    const p = Buffer.from(bytes).toString('latin1')
    if (p === '.') continue
    const slash = p.lastIndexOf('/')
    const dir = slash < 0 ? '' : p.slice(0, slash)
    expect(dir === '' || seen.has(dir), `${p} before its parent`).toBe(true)
    const last = p.slice(slash + 1)
    if (last.startsWith('.wh.')) {
      expect(started.has(dir), `the marker ${p} behind a sibling`).toBe(false)
      marked.add(`${dir}/${last.slice(4)}`)
    } else {
      started.add(dir)
      expect(marked.has(`${dir}/${last}`), `${p} beside its marker`).toBe(false)
    }
    if (linkTo)
      expect(seen.has(Buffer.from(linkTo).toString('latin1')), `${p}: its link's target comes later`).toBe(
        true,
      )
    expect(seen.has(p), `${p} twice`).toBe(false)
    seen.add(p)
  }
}
