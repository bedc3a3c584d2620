/**
 * The floors of the house, as data, and the check that every arrow goes down. `import type` counts too: a type is
 * knowledge, and what core knows about the page it cannot be without. The picture is in src/README.md.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse } from 'svelte/compiler'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..')

// ---------------------------------------------------------------- the table

interface Room {
  readonly floor: number
  /** A folder, or one file; the longest one that fits a path is its room. */
  readonly at: string
  /** npm packages it may know; a name that ends in "*" stands for all that start so. `node:*` where it may know Node. */
  readonly packages?: readonly string[]
  readonly why?: string
}

const rooms: readonly Room[] = [
  { floor: 0, at: 'src/core/fault' },
  { floor: 0, at: 'src/core/memory' },
  { floor: 1, at: 'src/core/bytes' },
  { floor: 1, at: 'src/core/digest', packages: ['@stablelib/sha256'] },
  { floor: 2, at: 'src/core/tar' },
  { floor: 2, at: 'src/core/compress', packages: ['fflate'] },
  { floor: 3, at: 'src/core/layer' },
  {
    floor: 3.5,
    at: 'src/core/image',
    packages: ['valibot'],
    why: 'above layer: the members of an archive are scanned and listed as the entries of a layer are',
  },
  { floor: 4, at: 'src/core/rootfs' },
  {
    floor: 5,
    at: 'src/core/edit',
    packages: ['jsonc-parser'],
    why: 'a config edit changes only the bytes of its own field: unknown fields, their order and spacing survive',
  },
  { floor: 6, at: 'src/core/rebuild' },
  { floor: 6, at: 'src/core/engine' },
  { floor: 6, at: 'src/core/insight' },
  {
    floor: 6.5,
    at: 'workers/api.ts',
    why:
      'the contract of page and engine: types only (a test below sees to it), made of core types. It stands under the ' +
      'jobs that fill it in and above the core, which must not know what a screen asks for. The rest of workers/ is a door, floor 9.',
  },
  { floor: 7, at: 'src/jobs' },
  { floor: 8, at: 'src/store', packages: ['idb-keyval', '@isomorphic-git/lightning-fs'] },
  { floor: 8, at: 'src/testkit' },
  {
    floor: 8,
    at: 'src/testkit/corpus.ts',
    packages: ['node:*'],
    why: 'finds archives on disk, for tests; the notation beside it stays pure',
  },
  { floor: 9, at: 'workers', packages: ['comlink'] },
  { floor: 9, at: 'src/cli', packages: ['node:*'] },
  { floor: 10, at: 'src/app', packages: ['svelte', 'comlink'] },
  { floor: 11, at: 'src/ui', packages: ['svelte', '@codemirror/*', '@lezer/*'] },
  { floor: 12, at: 'src/main.ts', packages: ['svelte'] },
  { floor: 12, at: 'e2e', packages: ['playwright', 'axe-core', 'node:*', 'fzstd'] },
  { floor: 12, at: 'src/floors.test.ts', packages: ['*'] },
  { floor: 13, at: 'scripts', packages: ['node:*', 'vite', 'rolldown', 'playwright', 'fzstd'] },
  { floor: 14, at: 'vite.config.ts', packages: ['*'] },
  { floor: 13, at: 'playwright.config.ts', packages: ['*'] },
]

/** Beside their room's own: tests stand outside the program, on the notation, on Node and on outside witnesses. */
const forTests = ['fzstd', 'vitest', 'node:*', 'fast-check', 'modern-tar', 'fake-indexeddb']
const roomsForTests = ['src/testkit', 'src/testkit/corpus.ts']

/** A tool may read what it proves: the harness of e2e drives the same servers and engines as the scripts. */
const alsoAllowed: readonly { from: string; to: string; why: string }[] = [
  {
    from: 'e2e',
    to: 'scripts',
    why: 'one static server, one search for a Chromium, one set of engines for all proofs',
  },
  { from: 'playwright.config.ts', to: 'scripts', why: 'the same' },
]

// ---------------------------------------------------------------- the arrows

interface Arrow {
  /** As written, e.g. "../bytes/source", "svelte/store", "node:fs". Null: computed, so that nobody can check it. */
  readonly to: string | null
  readonly line: number
}

/** Every way in which a TypeScript file names another: import, export from, import(), import types, new URL, glob. */
function arrowsOfTypeScript(text: string): Arrow[] {
  const file = ts.createSourceFile('file.ts', text, ts.ScriptTarget.Latest, true, ts.ScriptKind.TS)
  const arrows: Arrow[] = []
  const add = (node: ts.Node, target: ts.Node | undefined): void => {
    const line = file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1
    arrows.push({ to: target && ts.isStringLiteralLike(target) ? target.text : null, line })
  }
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node, node.moduleSpecifier)
    else if (ts.isExportDeclaration(node) && node.moduleSpecifier) add(node, node.moduleSpecifier)
    else if (ts.isImportTypeNode(node))
      add(node, ts.isLiteralTypeNode(node.argument) ? node.argument.literal : node.argument)
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      add(node, node.arguments[0])
    else if (ts.isCallExpression(node) && node.expression.getText(file).startsWith('import.meta.glob'))
      add(node, node.arguments[0])
    else if (
      ts.isNewExpression(node) &&
      node.expression.getText(file) === 'URL' &&
      node.arguments?.[1]?.getText(file) === 'import.meta.url'
    )
      add(node, node.arguments[0])
    ts.forEachChild(node, visit)
  }
  visit(file)
  return arrows
}

/** The same of a component, scripts and markup alike: the compiler's own tree, walked whole. */
function arrowsOfSvelte(text: string): Arrow[] {
  const arrows: Arrow[] = []
  const literal = (node: unknown): string | null =>
    isNode(node) && node.type === 'Literal' && typeof node.value === 'string' ? node.value : null
  const add = (node: SvelteNode, target: unknown): void => {
    arrows.push({ to: literal(target), line: text.slice(0, node.start ?? 0).split('\n').length })
  }
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(visit)
    if (!isNode(value)) return
    const { type } = value
    if (type === 'ImportDeclaration' || type === 'ImportExpression') add(value, value.source)
    else if (type === 'ExportAllDeclaration' || (type === 'ExportNamedDeclaration' && value.source))
      add(value, value.source)
    else if (type === 'TSImportType')
      add(value, isNode(value.argument) ? (value.argument.literal ?? value.argument) : null)
    else if (type === 'NewExpression' && isNode(value.callee) && value.callee.name === 'URL') {
      const [target, base] = Array.isArray(value.arguments) ? value.arguments : []
      if (isNode(base) && isNode(base.object) && base.object.type === 'MetaProperty') add(value, target)
    }
    for (const [key, child] of Object.entries(value)) if (key !== 'loc') visit(child)
  }
  const tree = parse(text, { modern: true })
  visit([tree.module, tree.instance, tree.fragment])
  return arrows
}

interface SvelteNode {
  readonly type?: unknown
  readonly start?: number
  readonly [key: string]: unknown
}
const isNode = (value: unknown): value is SvelteNode =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

// ---------------------------------------------------------------- the rule

/** A test, or what tests beside it share. */
const isTest = (path: string): boolean => /\.(test|fixture)\.ts$/.test(path)

/** The narrowest room of a path, which may be written without its ending, as imports are. */
function roomOf(path: string): Room | undefined {
  return rooms
    .filter((room) => path === room.at || `${path}.ts` === room.at || path.startsWith(`${room.at}/`))
    .sort((one, other) => other.at.length - one.at.length)[0]
}

/** "@scope/name/deep" → "@scope/name", "svelte/store" → "svelte". */
const packageOf = (specifier: string): string =>
  specifier.startsWith('node:')
    ? specifier
    : specifier
        .split('/')
        .slice(0, specifier.startsWith('@') ? 2 : 1)
        .join('/')

const fits = (name: string, pattern: string): boolean =>
  pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern

/** What is wrong with an arrow from the file at `path`, or null. */
function offence(path: string, arrow: Arrow): string | null {
  const from = roomOf(path)
  const here = `${path}:${arrow.line}`
  if (!from) return `${here}: this file is in no room of the table`
  if (arrow.to === null) return `${here}: a computed import, which nobody can check`
  if (!/^[./]/.test(arrow.to)) {
    const name = packageOf(arrow.to)
    const allowed = [...(from.packages ?? []), ...(isTest(path) ? forTests : [])]
    return allowed.some((pattern) => fits(name, pattern))
      ? null
      : `${here}: ${from.at} may not know the package ${name}`
  }
  const file = arrow.to.replace(/[?#].*$/, '')
  if (!isTest(path) && /\.(test|fixture)(\.ts)?$/.test(file)) return `${here}: ${file} is for tests only`
  const target = file.startsWith('/') ? file.slice(1) : posix.normalize(posix.join(posix.dirname(path), file))
  const to = roomOf(target)
  if (!to) return `${here}: ${target} is in no room of the table`
  if (to === from || to.floor < from.floor) return null
  if (isTest(path) && roomsForTests.includes(to.at)) return null
  if (alsoAllowed.some((pair) => pair.from === from.at && pair.to === to.at)) return null
  return `${here}: ${from.at} (floor ${from.floor}) may not know ${target} (${to.at}, floor ${to.floor})`
}

function offencesIn(path: string, text: string): string[] {
  const arrows = path.endsWith('.svelte') ? arrowsOfSvelte(text) : arrowsOfTypeScript(text)
  return arrows.map((arrow) => offence(path, arrow)).filter((words) => words !== null)
}

// ---------------------------------------------------------------- the files

/** Every file below `folder`, as posix paths from the root of the repository. */
function filesBelow(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort()
}

const sources = [
  ...['src', 'workers', 'e2e', 'scripts'].flatMap(filesBelow),
  'vite.config.ts',
  'playwright.config.ts',
]
const read = (path: string): string => {
  try {
    return readFileSync(join(root, path), 'utf8')
  } catch {
    return ''
  }
}

describe('floors', () => {
  test('every arrow goes down, and every package is met in its room', () => {
    const offences = sources
      .filter((path) => /\.(ts|svelte)$/.test(path))
      .flatMap((path) => offencesIn(path, read(path)))
    expect(offences).toEqual([])
  })

  test('the contract is types only', () => {
    const { outputText } = ts.transpileModule(read('workers/api.ts'), {
      compilerOptions: {
        target: ts.ScriptTarget.ES2023,
        module: ts.ModuleKind.ESNext,
        verbatimModuleSyntax: true,
      },
    })
    expect(outputText.replace(/\/\*[^]*?\*\/|\/\/.*|export \{\};?|\s/g, '')).toBe('')
  })

  test('a room that may know a package has it among the dependencies', () => {
    const manifest = JSON.parse(read('package.json')) as Record<'dependencies' | 'devDependencies', object>
    const known = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies })
    // Both come with what is listed: @lezer with @codemirror/language, rolldown with vite.
    const named = [...rooms.flatMap((room) => room.packages ?? []), ...forTests].filter(
      (name) => !['*', 'node:*', '@lezer/*', 'rolldown'].includes(name),
    )
    expect(named.filter((pattern) => !known.some((name) => fits(name, pattern)))).toEqual([])
  })
})

describe('the map', () => {
  test('every source file has its line in src/README.md, and every line its file (npm run map)', () => {
    const lines = [...read('src/README.md').matchAll(/^- `([^`]+)` +\S.*$/gm)].map((match) => match[1])
    const files = sources.filter(
      (path) => /\.(ts|svelte|css|mjs|sh)$/.test(path) && !isTest(path) && read(path) !== '',
    )
    expect({
      missing: files.filter((path) => !lines.includes(path)),
      gone: lines.filter((path) => read(path) === ''),
    }).toEqual({ missing: [], gone: [] })
  })
})

describe('the check itself', () => {
  const planted: readonly [what: string, path: string, text: string, words: RegExp | null][] = [
    ['an import upwards', 'src/core/tar/x.ts', `import { a } from '../layer/table'`, /floor 2.*floor 3/],
    [
      'a type import upwards',
      'src/core/fault/x.ts',
      `import type { A } from '../bytes/source'`,
      /floor 0.*floor 1/,
    ],
    [
      'an import across one floor',
      'src/core/tar/x.ts',
      `import { a } from '../compress/gzip'`,
      /floor 2.*floor 2/,
    ],
    ['a re-export upwards', 'src/core/image/x.ts', `export { a } from '../rootfs/tree'`, /floor 3.*floor 4/],
    ['export * upwards', 'src/jobs/x.ts', `export * from '../store/idb'`, /floor 7.*floor 8/],
    [
      'a dynamic import upwards',
      'src/jobs/x.ts',
      `const a = await import('../app/words')`,
      /floor 7.*floor 10/,
    ],
    ['a type taken by import()', 'src/jobs/x.ts', `let a: import('../app/words').Words`, /floor 7.*floor 10/],
    [
      'a worker by URL',
      'src/jobs/x.ts',
      `new Worker(new URL('../../workers/layer.ts', import.meta.url))`,
      /floor 9/,
    ],
    [
      'a worker by ?worker',
      'src/jobs/x.ts',
      `import L from '../../workers/layer?worker'`,
      /floor 7.*floor 9/,
    ],
    ['a glob', 'src/jobs/x.ts', `import.meta.glob('../ui/*.svelte')`, /floor 7.*floor 11/],
    ['a computed import', 'src/jobs/x.ts', `await import(name)`, /computed/],
    ['a package outside its room', 'src/jobs/x.ts', `import { gunzipSync } from 'fflate'`, /package fflate/],
    [
      'a deep package path',
      'src/app/x.ts',
      `import a from '@stablelib/sha256'`,
      /package @stablelib\/sha256/,
    ],
    ['Node in the core', 'src/core/tar/x.ts', `import fs from 'node:fs'`, /package node:fs/],
    ['Node without its prefix', 'src/core/tar/x.ts', `import fs from 'fs'`, /package fs/],
    ['a file in no room', 'src/utils/x.ts', `import a from './b'`, /no room/],
    [
      'a script of a component',
      'src/app/X.svelte',
      `<script lang="ts">import A from '../ui/A.svelte'</script>`,
      /floor 11/,
    ],
    [
      'markup of a component',
      'src/app/X.svelte',
      `{#await import('../ui/A.svelte') then A}<A.default />{/await}`,
      /floor 11/,
    ],
    [
      'a module script',
      'src/app/X.svelte',
      `<script module lang="ts">import type { A } from '../ui/a'</script>`,
      /floor 11/,
    ],
    [
      'a test that knows a higher room',
      'src/core/tar/x.test.ts',
      `import { a } from '../rootfs/tree'`,
      /floor 4/,
    ],
    ['a fixture in the program', 'src/core/tar/x.ts', `import { a } from './a.fixture'`, /for tests only/],
    ['a fixture in a test', 'src/core/tar/x.test.ts', `import { a } from './a.fixture'`, null],
    ['an import downwards', 'src/core/layer/x.ts', `import { a } from '../tar/header'`, null],
    ['its own folder', 'src/core/layer/x.ts', `import { a } from './table'`, null],
    ['jobs know the contract', 'src/jobs/x.ts', `import type { Row } from '../../workers/api'`, null],
    ['a package in its room', 'src/core/compress/x.ts', `import { gunzipSync } from 'fflate'`, null],
    [
      'a test with the notation and Node',
      'src/core/tar/x.test.ts',
      `import '../../testkit/notation'; import 'node:fs'`,
      null,
    ],
    [
      'words that only look like imports',
      'src/core/tar/x.ts',
      `const a = "import b from '../ui/b'" // import '../ui/c'`,
      null,
    ],
  ]
  test.each(planted)('%s', (_, path, text, words) => {
    const found = offencesIn(path, text)
    if (words === null) expect(found).toEqual([])
    else {
      expect(found).toHaveLength(1)
      expect(found[0]).toMatch(words)
    }
  })
})
