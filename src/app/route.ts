/** The address carries what is looked at (archive, image, tab, view, shape, filter, zoom, path), never what is in it. */
import type { Change, SortKey, ViewKind, ViewRequest } from '../../workers/api'
import { ENTRY_TYPES } from '../core/tar/entry'

export const tabs = ['files', 'config', 'dockerfile', 'anatomy', 'waste', 'changes'] as const
export type Tab = (typeof tabs)[number]
/** How the tree is drawn. */
export const shapes = ['list', 'flat', 'treemap'] as const
export type Shape = (typeof shapes)[number]
/** What the colours of the treemap say. */
export const colourings = ['layer', 'change', 'kind'] as const
export type Colouring = (typeof colourings)[number]
/** How a path is looked at. */
export const facets = ['text', 'hex', 'contents', 'details', 'life'] as const
export type Facet = (typeof facets)[number]
/** What of a view is shown, and in which order. */
export type Narrowing = Pick<
  ViewRequest,
  'filter' | 'regex' | 'changes' | 'types' | 'atLeast' | 'atMost' | 'sort' | 'descending'
>

export interface Route {
  /** Key of the archive; "" for the start screen. */
  readonly archive: string
  readonly image: number
  readonly tab: Tab
  readonly view: ViewKind
  readonly shape: Shape
  /** Directory that fills the treemap, and what its colours say. */
  readonly zoom: string
  readonly colouring: Colouring
  readonly narrowing: Narrowing
  /** Path in the inspector; "" for none. */
  readonly path: string
  /** "text": whatever fits the path. */
  readonly facet: Facet
  /** Step in the inspector: index into the image's steps; null for none. */
  readonly step: number | null
  /** Member in the inspector of the anatomy; null for none. */
  readonly member: number | null
}

/** Everything of a view. */
export const unfiltered = {
  filter: '',
  regex: false,
  changes: [],
  types: [],
  atLeast: undefined,
  atMost: undefined,
} as const
const everything: Narrowing = { ...unfiltered, sort: 'name', descending: false }

export const home: Route = {
  archive: '',
  image: 0,
  tab: 'files',
  view: { kind: 'rootfs' },
  shape: 'list',
  zoom: '/',
  colouring: 'layer',
  narrowing: everything,
  path: '',
  facet: 'text',
  step: null,
  member: null,
}

/** "#archive=…&tab=config": what stands at its default is left out. */
export function hashOf(route: Route): string {
  if (route.archive === '') return ''
  const words: [string, string][] = [['archive', route.archive]]
  if (route.image !== 0) words.push(['image', String(route.image)])
  if (route.tab !== 'files') words.push(['tab', route.tab])
  if (route.view.kind !== 'rootfs') words.push(['view', viewWord(route.view)])
  if (route.shape !== 'list') words.push(['shape', route.shape])
  if (route.shape === 'treemap') words.push(...mapWords(route))
  words.push(...narrowingWords(route.narrowing))
  if (route.path !== '') words.push(['path', route.path])
  if (route.path !== '' && route.facet !== 'text') words.push(['facet', route.facet])
  if (route.step !== null) words.push(['step', String(route.step)])
  if (route.member !== null) words.push(['member', String(route.member)])
  return `#${words.map(([name, value]) => `${name}=${encoded(value)}`).join('&')}`
}

/** The route that an address names. What it does not understand falls back to the default: addresses are typed and mangled. */
export function routeOf(hash: string): Route {
  const words = new URLSearchParams(hash.replace(/^#/, '').replaceAll('+', '%2B'))
  return {
    archive: words.get('archive') ?? '',
    image: wholeNumber(words.get('image')) ?? 0,
    tab: tabs.find((tab) => tab === words.get('tab')) ?? 'files',
    view: viewOf(words.get('view') ?? ''),
    shape: shapes.find((shape) => shape === words.get('shape')) ?? 'list',
    zoom: words.get('zoom') || '/',
    colouring: colourings.find((colouring) => colouring === words.get('colour')) ?? 'layer',
    narrowing: narrowingOf(words),
    path: words.get('path') ?? '',
    facet: facets.find((facet) => facet === words.get('facet')) ?? 'text',
    step: wholeNumber(words.get('step')),
    member: wholeNumber(words.get('member')),
  }
}

function viewWord(view: ViewKind): string {
  return view.kind === 'asOf' || view.kind === 'only' ? `${view.kind}-${view.layer}` : view.kind
}

function viewOf(word: string): ViewKind {
  if (word === 'edits') return { kind: 'edits' }
  const [, kind, layer] = /^(asOf|only)-(\d{1,6})$/.exec(word) ?? []
  return kind === 'asOf' || kind === 'only' ? { kind, layer: Number(layer) } : { kind: 'rootfs' }
}

function mapWords({ zoom, colouring }: Route): [string, string][] {
  const words: [string, string][] = []
  if (zoom !== '/') words.push(['zoom', zoom])
  if (colouring !== 'layer') words.push(['colour', colouring])
  return words
}

function narrowingWords(narrowing: Narrowing): [string, string][] {
  const { filter, regex, changes = [], types = [], atLeast, atMost, sort, descending } = narrowing
  const words: [string, string][] = []
  if (filter !== '') words.push(['filter', filter])
  if (regex) words.push(['regex', 'yes'])
  if (changes.length > 0) words.push(['change', changes.join('.')])
  if (types.length > 0) words.push(['type', types.join('.')])
  if (atLeast !== undefined) words.push(['atLeast', String(atLeast)])
  if (atMost !== undefined) words.push(['atMost', String(atMost)])
  if (sort !== 'name' || descending) words.push(['sort', `${descending ? '-' : ''}${sort}`])
  return words
}

function narrowingOf(words: URLSearchParams): Narrowing {
  const sort = words.get('sort') ?? ''
  const key = sortKeys.find((known) => known === sort.replace('-', ''))
  return {
    filter: words.get('filter') ?? '',
    regex: words.get('regex') === 'yes',
    changes: someOf(changesKnown, words.get('change')),
    types: someOf(ENTRY_TYPES, words.get('type')),
    atLeast: wholeNumber(words.get('atLeast')) ?? undefined,
    atMost: wholeNumber(words.get('atMost')) ?? undefined,
    sort: key ?? 'name',
    descending: key !== undefined && sort.startsWith('-'),
  }
}

const sortKeys: readonly SortKey[] = ['name', 'size', 'mode', 'owner', 'mtime', 'layer', 'change']
const changesKnown: readonly Change[] = ['added', 'changed', 'metadata', 'removed', 'same']

function someOf<T extends string>(known: readonly T[], word: string | null): readonly T[] {
  const asked = (word ?? '').split('.')
  return known.filter((one) => asked.includes(one))
}

function wholeNumber(word: string | null): number | null {
  return word !== null && /^\d{1,15}$/.test(word) ? Number(word) : null
}

/** Slashes and colons may stand in a fragment, and are easier to read than %2F. */
function encoded(value: string): string {
  return encodeURIComponent(value).replaceAll('%2F', '/').replaceAll('%3A', ':')
}
