/** An entry with nothing odd about it, for tests to make odd in one place. */
import { BLOCK, TYPE, type ScannedEntry } from '../tar/entry'

const NONE = new Uint8Array(0)

export const plain: ScannedEntry = {
  headerAt: 0,
  bodyAt: BLOCK,
  size: 0,
  stored: 0,
  type: TYPE.file,
  flag: 0x30,
  path: Uint8Array.of(0x61),
  link: NONE,
  mode: 0o644,
  uid: 0,
  gid: 0,
  mtime: 0,
  uname: NONE,
  gname: NONE,
  major: 0,
  minor: 0,
  pax: null,
  sparse: null,
}
