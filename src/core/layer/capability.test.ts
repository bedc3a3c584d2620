import { describe, expect, test } from 'vitest'
import { capabilityBytes, capabilityWords } from './capability'

const hex = (text: string) => Uint8Array.from(Buffer.from(text, 'hex'))

describe('file capabilities', () => {
  // As setcap and getcap have them on Linux 6 (getfattr -e hex -n security.capability).
  test.each([
    ['cap_net_raw+ep', '0100000200200000000000000000000000000000'],
    ['cap_net_bind_service+ep', '0100000200040000000000000000000000000000'],
    ['cap_setgid,cap_setuid+ep', '01000002c0000000000000000000000000000000'],
    ['cap_net_raw+p', '0000000200200000000000000000000000000000'],
    ['cap_perfmon,cap_bpf+ep', '010000020000000000000000c000000000000000'],
    ['cap_chown+ep [rootid=1000]', '0100000301000000000000000000000000000000e8030000'],
  ])('%s', (words, bytes) => {
    expect(Buffer.from(capabilityBytes(words)).toString('hex')).toBe(bytes)
    expect(capabilityWords(hex(bytes))).toBe(words)
  })

  test('= is read as +, names in capitals and all of them too', () => {
    expect(capabilityWords(capabilityBytes('CAP_NET_RAW=eip'))).toBe('cap_net_raw+eip')
    expect(capabilityWords(capabilityBytes('all+ep'))).toMatch(/^cap_chown,.*,cap_checkpoint_restore\+ep$/)
  })

  test('what is none says why', () => {
    expect(() => capabilityBytes('net_raw')).toThrow('cap_net_raw+ep')
    expect(() => capabilityBytes('cap_nothing+ep')).toThrow('cap_nothing')
    expect(() => capabilityBytes('cap_chown+e')).toThrow('permitted')
    expect(() => capabilityBytes('cap_chown+ep cap_kill+p')).toThrow('none')
    expect(capabilityWords(hex('01020304'))).toBeNull()
    expect(
      capabilityWords(hex('ff00000200200000000000000000000000000000'.replace('ff000002', 'ff000009'))),
    ).toBeNull()
  })
})
