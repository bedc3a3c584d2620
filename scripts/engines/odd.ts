/**
 * Small archives, each odd in one way that engines answer differently: what the corpus of real ones does not hold. The
 * rules must foresee what every engine does with each.
 */
import { execFileSync } from 'node:child_process'
import { gzipSync } from 'node:zlib'
import { buildLayer } from '../../src/testkit/archive'
import { parseNotation } from '../../src/testkit/notation'
import { TYPE, type TypeCode } from '../../src/core/tar/entry'
import { encodeHeader, END, paddingOf } from '../../src/core/tar/write'
import { LOWER, oddLayers } from './odd-layers'
import { sha256Of } from './witness'

type Bytes = Uint8Array
type Body = Bytes | { readonly symlink: string } | { readonly hardlink: string }
type Members = readonly (readonly [string, Body])[]
type Json = Readonly<Record<string, unknown>>

const json = (value: unknown): Bytes => Buffer.from(JSON.stringify(value))
const digest = (bytes: Bytes): string => `sha256:${sha256Of(bytes)}`
const blob = (name: string): string => `blobs/${name.replace(':', '/')}`
const through = (program: string, bytes: Bytes): Bytes =>
  execFileSync(program, ['-c', '-q'], { input: bytes, maxBuffer: 1 << 30 })

function layer(text: string): Bytes {
  const [image] = parseNotation(
    `image x:1\nlayer  COPY ${text} /\n  d 755 0:0  d/\n  f 644 0:0  d/${text} "${text}"\n`,
  ).images
  return buildLayer(image.layers[0])
}

interface Made {
  readonly config: Bytes
  /** As stored. */
  readonly layers: readonly Bytes[]
  readonly manifest: Bytes
}

const OCI = 'application/vnd.oci.image'
const DOCKER = 'application/vnd.docker'

interface Options {
  readonly text?: string
  readonly config?: Json
  readonly store?: (layer: Bytes) => Bytes
  readonly layerType?: string
  readonly types?: 'oci' | 'docker'
  readonly plain?: readonly Bytes[]
  readonly stored?: readonly Bytes[]
}

function make(options: Options = {}): Made {
  const { text = 'one', store = (bytes) => bytes, types = 'oci' } = options
  const plain = options.plain ?? [layer(text), layer('two')]
  const layers = options.stored ?? plain.map(store)
  const config = json({
    architecture: 'amd64',
    config: { Cmd: ['/d/one'] },
    created: '2024-01-01T00:00:00Z',
    history: plain.map((_, i) => ({ created: '2024-01-01T00:00:00Z', created_by: `step ${i}` })),
    os: 'linux',
    rootfs: { type: 'layers', diff_ids: plain.map(digest) },
    ...options.config,
  })
  const [manifestType, configType, layerType] =
    types === 'oci'
      ? [`${OCI}.manifest.v1+json`, `${OCI}.config.v1+json`, `${OCI}.layer.v1.tar`]
      : [
          `${DOCKER}.distribution.manifest.v2+json`,
          `${DOCKER}.container.image.v1+json`,
          `${DOCKER}.image.rootfs.diff.tar`,
        ]
  const manifest = json({
    schemaVersion: 2,
    mediaType: manifestType,
    config: { mediaType: configType, digest: digest(config), size: config.length },
    layers: layers.map((bytes) => ({
      mediaType: options.layerType ?? layerType,
      digest: digest(bytes),
      size: bytes.length,
    })),
  })
  return { config, layers, manifest }
}

const descriptor = (bytes: Bytes, more: Json = {}, mediaType = `${OCI}.manifest.v1+json`): Json => ({
  mediaType,
  digest: digest(bytes),
  size: bytes.length,
  ...more,
})
const named = (name: string): Json => ({
  annotations: {
    'io.containerd.image.name': `docker.io/library/${name}`,
    'org.opencontainers.image.ref.name': name.split(':')[1],
  },
})
const refNamed = (name: string): Json => ({ annotations: { 'org.opencontainers.image.ref.name': name } })

const blobsOf = (...made: readonly Made[]): Members =>
  [
    ...new Map(
      made
        .flatMap(({ config, layers, manifest }) => [config, ...layers, manifest])
        .map((bytes) => [blob(digest(bytes)), bytes] as const),
    ),
  ] as Members
const layout = (version: unknown = '1.0.0'): Members => [
  ['oci-layout', json({ imageLayoutVersion: version })],
]
const index = (...manifests: readonly Json[]): Members => [
  ['index.json', json({ schemaVersion: 2, mediaType: `${OCI}.index.v1+json`, manifests })],
]
const line = ({ config, layers }: Made, tags: readonly string[] | null, more: Json = {}): Json => ({
  Config: blob(digest(config)),
  RepoTags: tags,
  Layers: layers.map((bytes) => blob(digest(bytes))),
  ...more,
})
const lines = (...all: readonly Json[]): Members => [['manifest.json', json(all)]]

/** Folders with layer.tar, as docker before 25 saved. */
function folders(made: Made, tags: readonly string[] | null, more: Json = {}): Members {
  const configName = `${sha256Of(made.config)}.json`
  const names = made.layers.map((_, i) => `${String(i).repeat(64)}/layer.tar`)
  return [
    ...made.layers.map((bytes, i): [string, Body] => [names[i], bytes]),
    [configName, made.config],
    ...lines({ Config: configName, RepoTags: tags, Layers: names, ...more }),
  ]
}

const both = (made: Made, tag = 'odd:1'): Members => [
  ...blobsOf(made),
  ...index(descriptor(made.manifest, named(tag))),
  ...lines(line(made, [tag])),
  ...layout(),
]
const oci = (made: Made, more: Json = {}): Members => [
  ...blobsOf(made),
  ...index(descriptor(made.manifest, more)),
  ...layout(),
]

export function tarOf(members: Members): Bytes {
  const parts: Bytes[] = []
  for (const [path, body] of members) {
    const [type, link, bytes]: [TypeCode, string, Bytes] =
      body instanceof Uint8Array
        ? [path.endsWith('/') ? TYPE.directory : TYPE.file, '', body]
        : 'symlink' in body
          ? [TYPE.symlink, body.symlink, new Uint8Array(0)]
          : [TYPE.hardlink, body.hardlink, new Uint8Array(0)]
    const fields = { mode: 0o644, uid: 0, gid: 0, mtime: 0, size: bytes.length, type }
    parts.push(
      encodeHeader({ ...fields, path: Buffer.from(path), ...(link ? { link: Buffer.from(link) } : {}) }),
      bytes,
      paddingOf(bytes.length),
    )
  }
  return Buffer.concat([...parts, END])
}

/** One changed byte in the contents of the last file. */
function damaged(bytes: Bytes): Bytes {
  const copy = Uint8Array.from(bytes)
  copy[copy.length - 1024 - 512] ^= 1
  return copy
}

const without = (members: Members, name: RegExp): Members => members.filter(([path]) => !name.test(path))
const replaced = (members: Members, name: string, body: Body): Members =>
  members.map(([path, was]) => [path, path === name ? body : was])

function legacy(): Members {
  const ids = ['a', 'b'].map((letter) => letter.repeat(64))
  const json1 = (id: string, parent: string | null): Bytes =>
    json({
      id,
      ...(parent ? { parent } : {}),
      created: '2024-01-01T00:00:00Z',
      docker_version: '20.10.24',
      container_config: { Cmd: ['/bin/sh', '-c', 'echo <1> & done'] },
      config: { Cmd: ['/d/one'] },
      architecture: 'amd64',
      os: 'linux',
    })
  return [
    ...ids.flatMap((id, i): Members => [
      [`${id}/`, new Uint8Array(0)],
      [`${id}/VERSION`, Buffer.from('1.0')],
      [`${id}/json`, json1(id, i === 0 ? null : ids[i - 1])],
      [`${id}/layer.tar`, layer(i === 0 ? 'one' : 'two')],
    ]),
    ['repositories', json({ odd: { '1': ids[1], latest: ids[1] } })],
  ]
}

function manyLayers(count: number): Made {
  return make({ plain: Array.from({ length: count }, (_, i) => layer(`n${i}`)) })
}

function nested(made: readonly (readonly [Made, string])[], top: Json): Members {
  const inner = json({
    schemaVersion: 2,
    mediaType: `${OCI}.index.v1+json`,
    manifests: [
      ...made.map(([{ manifest }, architecture]) =>
        descriptor(manifest, { platform: { architecture, os: 'linux' } }),
      ),
    ],
  })
  return [
    ...blobsOf(...made.map(([one]) => one)),
    [blob(digest(inner)), inner],
    ...index(descriptor(inner, top, `${OCI}.index.v1+json`)),
    ...layout(),
  ]
}

/** The archives by name: the name says what is odd. */
export function oddArchives(): ReadonlyMap<string, Bytes> {
  const plain = make()
  const other = make({ text: 'other' })
  const arm = make({ config: { architecture: 'arm64' } })
  const windows = make({ config: { os: 'windows' } })
  const gzipped = make({ store: (bytes) => gzipSync(bytes), layerType: `${OCI}.layer.v1.tar+gzip` })
  const padded = make({
    store: (bytes) => Buffer.concat([gzipSync(bytes), new Uint8Array(1024)]),
    layerType: `${OCI}.layer.v1.tar+gzip`,
  })
  const zstd = make({ store: (bytes) => through('zstd', bytes), layerType: `${OCI}.layer.v1.tar+zstd` })
  const xz = make({ store: (bytes) => through('xz', bytes) })
  const bzip2 = make({ store: (bytes) => through('bzip2', bytes) })
  const [first] = plain.layers
  const layerMember = blob(digest(first))
  const wholes: readonly (readonly [string, Members])[] = [
    ['plain', both(plain)],
    [
      'stale-manifest-json',
      [
        ...blobsOf(plain, other),
        ...index(descriptor(plain.manifest, named('odd:1'))),
        ...lines(line(other, ['odd:2'])),
        ...layout(),
      ],
    ],
    [
      'untagged',
      [...blobsOf(plain), ...index(descriptor(plain.manifest)), ...lines(line(plain, null)), ...layout()],
    ],
    ['untagged-folders', folders(plain, null)],
    [
      'two-tags',
      [
        ...blobsOf(plain),
        ...index(descriptor(plain.manifest, named('odd:1')), descriptor(plain.manifest, named('odd:2'))),
        ...lines(line(plain, ['odd:1', 'odd:2'])),
        ...layout(),
      ],
    ],
    [
      'two-images',
      [
        ...blobsOf(plain, other),
        ...index(descriptor(plain.manifest, named('odd:1')), descriptor(other.manifest, named('odd:2'))),
        ...lines(line(plain, ['odd:1']), line(other, ['odd:2'])),
        ...layout(),
      ],
    ],
    [
      'two-images-oci',
      [
        ...blobsOf(plain, other),
        ...index(descriptor(plain.manifest, named('odd:1')), descriptor(other.manifest, named('odd:2'))),
        ...layout(),
      ],
    ],
    ['oci-ref-name', oci(plain, refNamed('odd:1'))],
    ['oci-ref-full-name', oci(plain, refNamed('docker.io/library/odd:1'))],
    ['oci-ref-bare', oci(plain, refNamed('1'))],
    ['oci-both-names', oci(plain, named('odd:1'))],
    ['oci-untagged', oci(plain)],
    ['oci-name-invalid', oci(plain, refNamed('Odd:1'))],
    ['index-without-oci-layout', without(both(plain), /^oci-layout$/)],
    ['oci-without-oci-layout', without(oci(plain, named('odd:1')), /^oci-layout$/)],
    ['oci-layout-version', [...without(both(plain), /^oci-layout$/), ...layout('2.0.0')]],
    ['index-missing', without(both(plain), /^index\.json$/)],
    ['layer-missing', without(both(plain), new RegExp(layerMember))],
    ['layer-missing-folders', without(folders(plain, ['odd:1']), /^0+\/layer/)],
    ['layer-damaged', replaced(both(plain), layerMember, damaged(first))],
    [
      'layer-damaged-folders',
      replaced(folders(plain, ['odd:1']), `${'0'.repeat(64)}/layer.tar`, damaged(first)),
    ],
    ['layer-count', folders(plain, ['odd:1'], { Layers: [`${'0'.repeat(64)}/layer.tar`] })],
    ['config-missing', without(both(plain), new RegExp(sha256Of(plain.config)))],
    ['config-missing-folders', without(folders(plain, ['odd:1']), /^[0-9a-f]{64}\.json$/)],
    ['config-no-rootfs', folders(make({ config: { rootfs: undefined } }), ['odd:1'])],
    ['manifest-blob-missing', without(both(plain), new RegExp(sha256Of(plain.manifest)))],
    ['windows', both(windows)],
    ['windows-folders', folders(windows, ['odd:1'])],
    ['arm64', both(arm)],
    ['arm64-folders', folders(arm, ['odd:1'])],
    ['arm64-descriptor', oci(arm, { ...named('odd:1'), platform: { architecture: 'arm64', os: 'linux' } })],
    ['no-os', both(make({ config: { os: undefined } }))],
    ['no-architecture', both(make({ config: { architecture: undefined } }))],
    ['tag-without-tag', folders(plain, ['odd'])],
    ['tag-invalid', folders(plain, ['Odd:1'])],
    [
      'manifest-json-null',
      [...folders(plain, ['odd:1']).slice(0, -1), ['manifest.json', Buffer.from('null')]],
    ],
    [
      'manifest-json-empty',
      [...folders(plain, ['odd:1']).slice(0, -1), ['manifest.json', Buffer.from('[]')]],
    ],
    [
      'manifest-json-broken',
      [...folders(plain, ['odd:1']).slice(0, -1), ['manifest.json', Buffer.from('[{"Config":')]],
    ],
    ['manifest-json-broken-both', replaced(both(plain), 'manifest.json', Buffer.from('[{"Config":'))],
    [
      'manifest-json-rest',
      [
        ...folders(plain, ['odd:1']).slice(0, -1),
        [
          'manifest.json',
          Buffer.concat([
            Buffer.from(
              lines(
                ...JSON.parse(Buffer.from(folders(plain, ['odd:1']).at(-1)![1] as Bytes).toString()),
              )[0][1] as Bytes,
            ),
            Buffer.from(' more'),
          ]),
        ],
      ],
    ],
    [
      'keys-in-lower-case',
      replaced(
        folders(plain, ['odd:1']),
        'manifest.json',
        Buffer.from(
          Buffer.from(folders(plain, ['odd:1']).at(-1)![1] as Bytes)
            .toString()
            .replace('Config', 'config')
            .replace('RepoTags', 'repotags')
            .replace('Layers', 'layers'),
        ),
      ),
    ],
    ['layers-gzip-folders', folders(gzipped, ['odd:1'])],
    ['layers-gzip', both(gzipped)],
    ['layers-gzip-zeros-behind', both(padded)],
    ['layers-gzip-zeros-behind-folders', folders(padded, ['odd:1'])],
    ['layers-zstd-folders', folders(zstd, ['odd:1'])],
    ['layers-zstd', both(zstd)],
    ['layers-xz-folders', folders(xz, ['odd:1'])],
    ['layers-xz', both(xz)],
    ['layers-bzip2-folders', folders(bzip2, ['odd:1'])],
    ['gzip-called-plain', both(make({ store: (bytes) => gzipSync(bytes) }))],
    ['plain-called-gzip', both(make({ layerType: `${OCI}.layer.v1.tar+gzip` }))],
    ['layer-type-unknown', both(make({ layerType: 'application/x-odd' }))],
    [
      'docker-media-types',
      [
        ...blobsOf(make({ types: 'docker' })),
        ...index(
          descriptor(
            make({ types: 'docker' }).manifest,
            named('odd:1'),
            `${DOCKER}.distribution.manifest.v2+json`,
          ),
        ),
        ...layout(),
      ],
    ],
    [
      'layer-symlink',
      [
        ...folders(make({ plain: [first, first] }), ['odd:1']).map(([path, body]): [string, Body] => [
          path,
          path.startsWith('1') ? { symlink: `../${'0'.repeat(64)}/layer.tar` } : body,
        ]),
      ],
    ],
    [
      'layer-hardlink',
      [
        ...folders(make({ plain: [first, first] }), ['odd:1']).map(([path, body]): [string, Body] => [
          path,
          path.startsWith('1') ? { hardlink: `${'0'.repeat(64)}/layer.tar` } : body,
        ]),
      ],
    ],
    ['symlink-to-nowhere', [...folders(plain, ['odd:1']), ['extra', { symlink: 'nowhere' }]]],
    ['symlink-to-nowhere-both', [...both(plain), ['extra', { symlink: 'nowhere' }]]],
    [
      'layer-for-two-diff-ids',
      folders(plain, ['odd:1'], { Layers: [`${'0'.repeat(64)}/layer.tar`, `${'0'.repeat(64)}/layer.tar`] }),
    ],
    ['dot-slash', both(plain).map(([path, body]) => [`./${path}`, body] as const)],
    ['absolute', both(plain).map(([path, body]) => [`/${path}`, body] as const)],
    ['absolute-folders', folders(plain, ['odd:1']).map(([path, body]) => [`/${path}`, body] as const)],
    ['absolute-oci', oci(plain, named('odd:1')).map(([path, body]) => [`/${path}`, body] as const)],
    ['name-with-digest', folders(plain, [`odd@${digest(plain.manifest)}`])],
    ['name-with-tag-and-digest', folders(plain, [`odd:1@${digest(plain.manifest)}`])],
    ['oci-name-with-digest', oci(plain, refNamed(`docker.io/library/odd@${digest(plain.manifest)}`))],
    [
      'oci-name-with-tag-and-digest',
      oci(plain, refNamed(`docker.io/library/odd:1@${digest(plain.manifest)}`)),
    ],
    ['both-name-with-digest', both(plain, `odd@${digest(plain.manifest)}`)],
    ['dot-slash-folders', folders(plain, ['odd:1']).map(([path, body]) => [`./${path}`, body] as const)],
    [
      'platforms',
      nested(
        [
          [plain, 'amd64'],
          [arm, 'arm64'],
        ],
        named('odd:1'),
      ),
    ],
    [
      'platforms-others-absent',
      without(
        nested(
          [
            [plain, 'amd64'],
            [arm, 'arm64'],
          ],
          named('odd:1'),
        ),
        new RegExp(sha256Of(arm.manifest)),
      ),
    ],
    [
      'platforms-host-absent',
      without(
        nested(
          [
            [plain, 'amd64'],
            [arm, 'arm64'],
          ],
          named('odd:1'),
        ),
        new RegExp(sha256Of(plain.manifest)),
      ),
    ],
    ['platforms-foreign', nested([[arm, 'arm64']], named('odd:1'))],
    [
      'history-too-long',
      folders(make({ config: { history: [1, 2, 3].map((i) => ({ created_by: `${i}` })) } }), ['odd:1']),
    ],
    ['history-absent', both(make({ config: { history: undefined } }))],
    ['layers-125', both(manyLayers(125))],
    ['layers-126', both(manyLayers(126))],
    ['layers-128', both(manyLayers(128))],
    ['no-layers', both(make({ plain: [] }))],
    ['no-layers-folders', folders(make({ plain: [] }), ['odd:1'])],
    [
      'index-null',
      [
        ...blobsOf(plain),
        ['index.json', json({ schemaVersion: 2, manifests: null })],
        ...lines(line(plain, ['odd:1'])),
        ...layout(),
      ],
    ],
    ['legacy', legacy()],
    ['legacy-no-repositories', without(legacy(), /^repositories$/)],
    [
      'rootfs',
      [
        ['bin/', new Uint8Array(0)],
        ['bin/sh', Buffer.from('x')],
        ['etc/', new Uint8Array(0)],
        ['etc/passwd', Buffer.from('root:x:0:0::/:/bin/sh\n')],
        ['usr/', new Uint8Array(0)],
      ],
    ],
    [
      'size-wrong',
      oci(
        {
          ...plain,
          manifest: Buffer.from(
            Buffer.from(plain.manifest)
              .toString()
              .replace(/("layers":\[\{[^}]*"size":)\d+/, '$11'),
          ),
        },
        named('odd:1'),
      ),
    ],
    [
      'name-twice',
      [
        ...blobsOf(plain, other),
        ...index(descriptor(plain.manifest, named('odd:1')), descriptor(other.manifest, named('odd:1'))),
        ...lines(line(plain, ['odd:1']), line(other, ['odd:1'])),
        ...layout(),
      ],
    ],
  ]
  const archives = new Map(wholes.map(([name, members]) => [name, tarOf(members)]))
  const whole = tarOf(both(plain))
  archives.set('whole-gzip', gzipSync(whole))
  archives.set('whole-gzip-zeros-behind', Buffer.concat([gzipSync(whole), new Uint8Array(10_240)]))
  for (const program of ['zstd', 'xz', 'bzip2']) archives.set(`whole-${program}`, through(program, whole))
  const ofFolders = tarOf(folders(plain, ['odd:1']))
  archives.set('whole-gzip-folders', gzipSync(ofFolders))
  archives.set(
    'whole-gzip-zeros-behind-folders',
    Buffer.concat([gzipSync(ofFolders), new Uint8Array(10_240)]),
  )
  archives.set('whole-zstd-folders', through('zstd', ofFolders))
  return archives
}

/** Images of two layers, the upper one odd in what it holds. */
export function oddLayerArchives(): ReadonlyMap<string, Bytes> {
  const archives = new Map<string, Bytes>()
  for (const [name, { plain, stored }] of oddLayers()) {
    const made = stored
      ? make({
          plain: [LOWER, plain],
          stored: [gzipSync(LOWER), stored],
          layerType: `${OCI}.layer.v1.tar+gzip`,
        })
      : make({ plain: [LOWER, plain] })
    archives.set(name, tarOf(both(made)))
  }
  return archives
}
