import { expect, test } from 'vitest'
import { hashOf, home, routeOf, type Route } from './route'

test('an address says what is looked at and nothing that stands at its default', () => {
  expect(hashOf(home)).toBe('')
  expect(hashOf({ ...home, archive: 'a1' })).toBe('#archive=a1')
  expect(hashOf({ ...home, archive: 'a1', view: { kind: 'only', layer: 3 }, path: '/etc/os-release' })).toBe(
    '#archive=a1&view=only-3&path=/etc/os-release',
  )
})

test('the address of a route leads back to it, whatever the path is called', () => {
  const routes: Route[] = [
    home,
    { ...home, archive: 'sha256:ab', image: 2, tab: 'anatomy', view: { kind: 'edits' }, member: 7 },
    {
      ...home,
      archive: 'x',
      shape: 'treemap',
      zoom: '/usr/lib',
      colouring: 'kind',
      path: '/a',
      facet: 'life',
    },
    {
      ...home,
      archive: 'x',
      shape: 'flat',
      narrowing: {
        filter: '^/etc/.*\\.(conf|d)$ & more+',
        regex: true,
        changes: ['added', 'metadata'],
        types: ['file', 'fifo'],
        atLeast: 1_500_000,
        atMost: 20_000_000_000,
        sort: 'size',
        descending: true,
      },
    },
    { ...home, archive: 'x', view: { kind: 'asOf', layer: 0 }, path: '/a b/c&d=e#f+g%h/ü\\x80', step: 4 },
  ]
  for (const route of routes) expect(routeOf(hashOf(route))).toEqual(route)
})

test('what narrows the view is in the address, and only that', () => {
  const narrowing = { ...home.narrowing, filter: '*.conf', types: ['file'], sort: 'size' } as const
  expect(hashOf({ ...home, archive: 'a', shape: 'flat', narrowing, facet: 'life' })).toBe(
    '#archive=a&shape=flat&filter=*.conf&type=file&sort=size',
  )
})

test('zoom and colours of the treemap are in the address while it is on screen', () => {
  const map = { ...home, archive: 'a', zoom: '/usr/lib', colouring: 'change' } as const
  expect(hashOf({ ...map, shape: 'treemap' })).toBe('#archive=a&shape=treemap&zoom=/usr/lib&colour=change')
  expect(hashOf(map)).toBe('#archive=a')
})

test('a mangled address leads to what is still understood', () => {
  expect(routeOf('#tab=nowhere&view=only-x&image=-1&archive=a')).toEqual({ ...home, archive: 'a' })
  expect(
    routeOf(
      '#archive=a&shape=round&type=file.cake&change=x&sort=-taste&atLeast=much&facet=smell&zoom=&colour=taste',
    ),
  ).toEqual({ ...home, archive: 'a', narrowing: { ...home.narrowing, types: ['file'] } })
  expect(routeOf('#%E0%A4%A')).toEqual(home)
  expect(routeOf('')).toEqual(home)
})
