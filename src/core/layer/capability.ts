/**
 * File capabilities, as the kernel keeps them in security.capability (linux/capability.h, vfs_cap_data) and as
 * cap_from_text(3) writes them: "cap_net_raw,cap_net_admin+ep".
 */
import type { Bytes } from '../bytes/source'
import { ImageError } from '../fault/fault'

export const CAPABILITY_XATTR = 'security.capability'

/** By number, from 0. */
const NAMES =
  'chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable net_bind_service net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot sys_ptrace sys_pacct sys_admin sys_boot sys_nice sys_resource sys_time sys_tty_config mknod lease audit_write audit_control setfcap mac_override mac_admin syslog wake_alarm block_suspend audit_read perfmon bpf checkpoint_restore'
    .split(' ')
    .map((name) => `cap_${name}`)

const VERSION_2 = 0x02000000
const VERSION_3 = 0x03000000
const EFFECTIVE = 1

/** Sets as bits of 64: bit n is capability n. */
interface Sets {
  permitted: bigint
  inheritable: bigint
  effective: boolean
  /** Of version 3: the user that is root in the namespace for which this holds. */
  rootid: number | null
}

/** "cap_net_raw+ep"; null for bytes that are no capabilities of version 2 or 3. */
export function capabilityWords(value: Uint8Array): string | null {
  const sets = decoded(value)
  if (!sets) return null
  const groups = new Map<string, string[]>()
  for (let bit = 0; bit < 64; bit++) {
    const [permitted, inheritable] = [has(sets.permitted, bit), has(sets.inheritable, bit)]
    if (!permitted && !inheritable) continue
    const flags = `${sets.effective ? 'e' : ''}${inheritable ? 'i' : ''}${permitted ? 'p' : ''}`
    groups.set(flags, [...(groups.get(flags) ?? []), NAMES[bit] ?? String(bit)])
  }
  const clauses = [...groups].map(([flags, names]) => `${names.join(',')}+${flags}`)
  const words = clauses.length === 0 ? '=' : clauses.join(' ')
  return sets.rootid === null ? words : `${words} [rootid=${sets.rootid}]`
}

const has = (set: bigint, bit: number): boolean => ((set >> BigInt(bit)) & 1n) === 1n

function decoded(value: Uint8Array): Sets | null {
  if (value.length !== 20 && value.length !== 24) return null
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength)
  const magic = view.getUint32(0, true)
  const version = magic & 0xff000000
  if (version !== (value.length === 20 ? VERSION_2 : VERSION_3)) return null
  const word = (at: number): bigint => BigInt(view.getUint32(at, true))
  return {
    permitted: word(4) | (word(12) << 32n),
    inheritable: word(8) | (word(16) << 32n),
    effective: (magic & EFFECTIVE) !== 0,
    rootid: value.length === 24 ? view.getUint32(20, true) : null,
  }
}

/** Version 2, or 3 where the words end in [rootid=N]. Throws `bad-operation` that says what is wrong. */
export function capabilityBytes(words: string): Bytes {
  const root = /\s*\[rootid=(\d{1,10})\]\s*$/.exec(words)
  const sets: Sets = {
    permitted: 0n,
    inheritable: 0n,
    effective: false,
    rootid: root ? Number(root[1]) : null,
  }
  const clauses = words
    .replace(root?.[0] ?? '', '')
    .trim()
    .split(/\s+/)
  const effective = clauses.map((clause) => applied(clause, sets))
  // One bit in the file speaks for all: the kernel raises none, or all that are permitted (capabilities(7)).
  if (new Set(effective).size > 1)
    throw bad(`"${words}" raises some capabilities and not others: in a file all are effective (e), or none.`)
  sets.effective = effective[0]
  return encoded(sets)
}

/** Puts a clause into the sets; answers whether it is effective. */
function applied(clause: string, sets: Sets): boolean {
  const parts = /^([a-z0-9_,]+)[+=]([eip]+)$/i.exec(clause)
  if (!parts) throw bad(`"${clause}" is not written as capabilities are: cap_net_raw+ep`)
  const flags = parts[2].toLowerCase()
  for (const name of parts[1].toLowerCase().split(',')) {
    const bit = name === 'all' ? -1 : bitOf(name)
    const mask = bit < 0 ? (1n << BigInt(NAMES.length)) - 1n : 1n << BigInt(bit)
    if (flags.includes('p')) sets.permitted |= mask
    if (flags.includes('i')) sets.inheritable |= mask
  }
  if (flags === 'e') throw bad(`"${clause}": what is effective must be permitted or inheritable too: +ep`)
  return flags.includes('e')
}

function bitOf(name: string): number {
  const bit = /^\d{1,2}$/.test(name) ? Number(name) : NAMES.indexOf(name)
  if (bit < 0 || bit > 63) throw bad(`"${name}" is no capability; one is called cap_net_raw, for example.`)
  return bit
}

function encoded({ permitted, inheritable, effective, rootid }: Sets): Bytes {
  const bytes = new Uint8Array(rootid === null ? 20 : 24)
  const view = new DataView(bytes.buffer)
  const low = (set: bigint): number => Number(set & 0xffffffffn)
  view.setUint32(0, (rootid === null ? VERSION_2 : VERSION_3) | (effective ? EFFECTIVE : 0), true)
  view.setUint32(4, low(permitted), true)
  view.setUint32(8, low(inheritable), true)
  view.setUint32(12, low(permitted >> 32n), true)
  view.setUint32(16, low(inheritable >> 32n), true)
  if (rootid !== null) view.setUint32(20, rootid, true)
  return bytes
}

function bad(message: string): ImageError {
  return new ImageError('bad-operation', message)
}
