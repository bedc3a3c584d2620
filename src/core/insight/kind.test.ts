/** Kinds of files by name and mode. */
import { expect, test } from 'vitest'
import { kindOf } from './kind'

test.each([
  ['libcrypto.so.3', 0o755, 'library'],
  ['busybox', 0o755, 'program'],
  ['install.sh', 0o755, 'code'],
  ['README', 0o644, 'other'],
  ['README.md', 0o644, 'document'],
  ['LOGO.PNG', 0o644, 'media'],
  ['layer.tar.gz', 0o644, 'archive'],
  ['os-release.conf', 0o644, 'data'],
  ['.so', 0o644, 'library'],
  ['.profile', 0o644, 'other'],
])('%s with mode %o is %s', (name, mode, kind) => expect(kindOf(name, mode)).toBe(kind))
