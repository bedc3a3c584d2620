import { describe, expect, test } from 'vitest'
import { attributesEdit, hasBit, timeText, withBit, type Attributes } from './attributes'

const was: Attributes = {
  mode: '0644',
  uid: '0',
  gid: '0',
  mtime: '2024-09-06T11:20:07Z',
  xattrs: [
    { name: 'user.one', value: 'text' },
    { name: 'security.capability', value: 'cap_net_raw+ep' },
  ],
}
const edit = (some: Partial<Attributes>) => attributesEdit(was, { ...was, ...some })

describe('attributes as typed', () => {
  test('only what differs is an edit', () => {
    expect(edit({})).toEqual({})
    expect(edit({ mode: '4755', gid: '5' })).toEqual({ mode: 0o4755, gid: 5 })
    expect(edit({ mtime: '1700000000' })).toEqual({ mtime: 1_700_000_000 })
    expect(edit({ mtime: timeText(1_700_000_000) })).toEqual({ mtime: 1_700_000_000 })
    expect(edit({ mode: '', uid: '', gid: '', mtime: '' })).toEqual({})
  })

  test('extended attributes: taken away, set in words, hex and text', () => {
    expect(
      edit({
        xattrs: [
          { name: 'security.capability', value: 'cap_net_bind_service+ep' },
          { name: 'user.hex', value: '0x00 ff' },
        ],
      }),
    ).toEqual({
      xattrs: {
        'user.one': null,
        'security.capability': 'AQAAAgAEAAAAAAAAAAAAAAAAAAA=',
        'user.hex': 'AP8=',
      },
    })
  })

  test('what is wrong is said', () => {
    expect(edit({ mode: '0999' })).toMatch(/octal/)
    expect(edit({ mode: '17777' })).toMatch(/octal/)
    expect(edit({ uid: 'root' })).toMatch(/numbers/)
    expect(edit({ mtime: 'yesterday' })).toMatch(/2026/)
    expect(edit({ xattrs: [{ name: 'security.capability', value: 'everything' }] })).toMatch(/cap_net_raw/)
    expect(edit({ xattrs: [{ name: 'user.x', value: '0x0' }] })).toMatch(/hex/)
  })

  test('bits beyond rwx are set and taken away in the digits', () => {
    expect(withBit('0755', 0o4000, true)).toBe('4755')
    expect(withBit('6755', 0o2000, false)).toBe('4755')
    expect(withBit('what', 0o2000, true)).toBe('what')
    expect(hasBit('1777', 0o1000)).toBe(true)
    expect(hasBit('0777', 0o1000)).toBe(false)
  })
})
