/** Recipes over images of the corpus, for every way to build. What they do is chosen for what engines merge differently. */

import { corpusFile } from '../../src/testkit/corpus'

export type Build = 'add' | 'rewrite' | 'squash' | 'flatten'

export interface Rebuilding {
  readonly name: string
  /** In the corpus, or drawn here. */
  readonly archive: string | { readonly drawn: string }
  readonly operations: readonly unknown[]
  /** Further words for peel rebuild. */
  readonly words?: readonly string[]
  /** All four where it is not said. */
  readonly builds?: readonly Build[]
  /** Run in a container afterwards, with what it must print; null where the image has no program. */
  readonly run: {
    readonly args: readonly string[]
    readonly prints: string
    readonly options?: readonly string[]
  } | null
  /** Root filesystem, context and unpacked form are asked for too, where it is not said otherwise. */
  readonly archivesOnly?: boolean
}

const write = (path: string, text: string): unknown => ({ op: 'write', path, content: { text } })
const remove = (path: string): unknown => ({ op: 'remove', path })

export const rebuildings: readonly Rebuilding[] = [
  {
    name: 'alpine',
    archive: 'built/alpine-3.20-docker28-save.tar',
    operations: [
      write('/etc/os-release', 'ID=alpyne\n'),
      write('/usr/local/share/new/deep/file', 'deep\n'),
      remove('/sbin/apk'),
      remove('/etc/apk'),
      { op: 'rename', from: '/etc/motd', to: '/etc/motd.old' },
      { op: 'symlink', path: '/etc/motd', target: 'motd.old' },
      { op: 'meta', path: '/tmp', mode: '0700' },
      { op: 'config', key: ['config', 'Labels', 'org.example.by'], value: 'peel' },
    ],
    run: { args: ['cat', '/etc/os-release', '/usr/local/share/new/deep/file'], prints: 'ID=alpyne\ndeep\n' },
  },
  {
    name: 'whiteouts',
    archive: 'built/whiteouts-dev-docker20-save.tar',
    operations: [write('/etc/added', 'added\n'), remove('/bin/acpid')],
    run: { args: ['cat', '/etc/added'], prints: 'added\n' },
  },
  {
    name: 'hard-links',
    archive: 'real/sylabs-hard-link-delete-1.oci.tar',
    operations: [write('/a/b/other', 'other\n')],
    run: null,
  },
  {
    name: 'opaque',
    archive: 'real/sylabs-whiteout-opaque.oci.tar',
    operations: [write('/a/more', 'more\n')],
    run: null,
  },
  {
    name: 'xattrs-devices',
    archive: 'built/odd-dev-docker20-save.tar',
    operations: [remove('/odd/modes/none'), write('/odd/new', 'new\n')],
    run: null,
  },
  {
    name: 'many-layers',
    archive: 'real/sylabs-many-layers.oci.tar',
    builds: ['rewrite', 'squash'],
    operations: [remove('/0'), write('/1', 'one\n')],
    run: null,
  },
  {
    name: 'legacy-v1',
    archive: 'built/whiteouts-dev-v1-only.tar',
    builds: ['add', 'flatten'],
    operations: [],
    run: null,
  },
  {
    // The layer of the entrypoint goes below those that make /data: neither knows of the other.
    name: 'redis-moved',
    archive: 'built/redis-7-docker28-save.tar.zst',
    builds: ['add'],
    operations: [
      { op: 'move', layer: 5, to: 3 },
      write('/etc/redis/redis.conf', 'maxmemory 64mb\n'),
      remove('/usr/bin/redis-benchmark'),
    ],
    run: {
      args: ['cat', '/etc/redis/redis.conf'],
      prints: 'maxmemory 64mb\n',
    },
    archivesOnly: true,
  },
  {
    // Alpine 3.10 below what was made on 3.20.
    name: 'rebased',
    archive: 'built/greeter-docker28-containerd-save.tar',
    builds: ['add', 'squash'],
    operations: [write('/srv/rebased', 'yes\n')],
    words: ['--onto', corpusFile('real/trivy-alpine-310.tar.gz'), '--replace', '1'],
    run: {
      args: ['/etc/alpine-release', '/srv/rebased'],
      prints: '3.10.4\nyes\n',
      options: ['--entrypoint', 'cat'],
    },
    archivesOnly: true,
  },
  {
    // A layer that is gzip, written anew as gzip: most of its blocks are copied.
    name: 'gzip-kept',
    archive: 'real/snyk-containerd-alpine.tar',
    builds: ['rewrite', 'flatten'],
    operations: [remove('/sbin/apk'), remove('/etc/os-release'), write('/etc/added', 'added\n')],
    words: ['--gzip'],
    run: { args: ['cat', '/etc/added'], prints: 'added\n' },
    archivesOnly: true,
  },
  {
    name: 'platforms',
    archive: {
      drawn: `
image multi:1
layer ADD amd64
  d etc/
  f etc/arch "amd64"
image multi:1
  platform linux/arm64/v8
layer ADD arm64
  d etc/
  f etc/arch "arm64"`,
    },
    builds: ['add'],
    operations: [write('/etc/new', 'new\n')],
    words: ['--image', 'linux/amd64'],
    run: null,
    archivesOnly: true,
  },
]
