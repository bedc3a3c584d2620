/** The address carries what is looked at (archive, image, tab, view, path), never what is in it. */
import type { ViewKind } from '../../workers/api'

export const tabs = ['files', 'config', 'dockerfile', 'anatomy', 'waste', 'changes'] as const
export type Tab = (typeof tabs)[number]

export interface Route {
  /** Key of the archive; "" for the start screen. */
  readonly archive: string
  readonly image: number
  readonly tab: Tab
  readonly view: ViewKind
  /** Path in the inspector; "" for none. */
  readonly path: string
  /** Step in the inspector: index into the image's steps; null for none. */
  readonly step: number | null
  /** Member in the inspector of the anatomy; null for none. */
  readonly member: number | null
}

export const home: Route = {
  archive: '',
  image: 0,
  tab: 'files',
  view: { kind: 'rootfs' },
  path: '',
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
  if (route.path !== '') words.push(['path', route.path])
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
    path: words.get('path') ?? '',
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

function wholeNumber(word: string | null): number | null {
  return word !== null && /^\d{1,9}$/.test(word) ? Number(word) : null
}

/** Slashes and colons may stand in a fragment, and are easier to read than %2F. */
function encoded(value: string): string {
  return encodeURIComponent(value).replaceAll('%2F', '/').replaceAll('%3A', ':')
}
