/** Archives of every shape, built by hand: what opens, and what is said of what is wrong. */
import { describe, expect, test } from 'vitest'
import { buildArchive, buildLayer, tarOf } from '../../testkit/archive'
import { parseNotation } from '../../testkit/notation'
import { MemorySource, type Bytes } from '../bytes/source'
import { utf8 } from '../bytes/text'
import type { DiffId } from '../digest/digest'
import { Sha256, sha256Of } from '../digest/sha256'
import { ImageError } from '../fault/fault'
import { TYPE } from '../tar/entry'
import { encodeHeader, END, paddingOf } from '../tar/write'
import type { Archive } from './image'
import { openArchive } from './open'

type Member = readonly [path: string, body: Bytes]

const json = (value: unknown): Bytes => utf8(JSON.stringify(value))
const hex = (bytes: Bytes): string => new Sha256().update(bytes).digest().slice(7)
const digest = (bytes: Bytes): string => `sha256:${hex(bytes)}`
const layer = (drawing: string): Bytes => buildLayer(parseNotation(`layer\n${drawing}`).images[0].layers[0])

const open = (members: readonly Member[] | Bytes): Promise<Archive> =>
  openArchive(
    new MemorySource(members instanceof Uint8Array ? members : tarOf(members)),
    (stored) => sha256Of(stored) as Promise<DiffId>,
  )

const said = ({ notices, images }: Archive): string[] =>
  [...notices, ...images.flatMap((image) => image.notices)]
    .filter(({ code }) => code !== 'unreferenced')
    .map(({ severity, code }) => `${severity} ${code}`)

async function faultOf(members: readonly Member[] | Bytes): Promise<{ code: string; message: string }> {
  try {
    await open(members)
  } catch (thrown) {
    if (thrown instanceof ImageError) return thrown.fault
    throw thrown
  }
  throw new Error('it opened')
}

const A = layer('f a "one"')
const B = layer('f b "two"')
const configOf = (layers: readonly Bytes[], more: object = {}): Bytes =>
  json({
    architecture: 'amd64',
    os: 'linux',
    rootfs: { type: 'layers', diff_ids: layers.map(digest) },
    history: layers.map((_, i) => ({ created_by: `step ${i}` })),
    ...more,
  })

/** docker 1.10 to 24, without its v1 folders. */
function docker(
  layers: readonly Bytes[],
  { config = configOf(layers), line = {} }: { config?: Bytes; line?: object } = {},
): Member[] {
  return [
    ...layers.map((bytes, i): Member => [`${i}/layer.tar`, bytes]),
    [`${hex(config)}.json`, config],
    [
      'manifest.json',
      json([
        {
          Config: `${hex(config)}.json`,
          RepoTags: ['demo:1'],
          Layers: layers.map((_, i) => `${i}/layer.tar`),
          ...line,
        },
      ]),
    ],
  ]
}

const OCI = 'application/vnd.oci.image'
const blob = (bytes: Bytes): Member => [`blobs/sha256/${hex(bytes)}`, bytes]
const descriptor = (bytes: Bytes, mediaType: string, more: object = {}): object => ({
  mediaType,
  digest: digest(bytes),
  size: bytes.length,
  ...more,
})
const manifestOf = (
  config: Bytes,
  layers: readonly Bytes[],
  types = {
    manifest: `${OCI}.manifest.v1+json`,
    config: `${OCI}.config.v1+json`,
    layer: `${OCI}.layer.v1.tar`,
  },
): Bytes =>
  json({
    schemaVersion: 2,
    mediaType: types.manifest,
    config: descriptor(config, types.config),
    layers: layers.map((bytes) => descriptor(bytes, types.layer)),
  })
const layout: Member = ['oci-layout', json({ imageLayoutVersion: '1.0.0' })]
const indexOf = (...manifests: object[]): Bytes => json({ schemaVersion: 2, manifests })

function oci(
  layers: readonly Bytes[],
  { config = configOf(layers), named = { 'org.opencontainers.image.ref.name': 'demo:1' } as object } = {},
): Member[] {
  const manifest = manifestOf(config, layers)
  return [
    layout,
    ['index.json', indexOf(descriptor(manifest, `${OCI}.manifest.v1+json`, { annotations: named }))],
    blob(manifest),
    blob(config),
    ...layers.map(blob),
  ]
}

describe('shapes', () => {
  test('docker 1.10 to 24, an OCI layout alone, and both descriptions', async () => {
    for (const [members, shapes] of [
      [docker([A, B]), ['docker']],
      [oci([A, B]), ['oci']],
      [
        [
          ...oci([A, B]),
          [
            'manifest.json',
            json([
              {
                Config: blob(configOf([A, B]))[0],
                RepoTags: ['demo:1'],
                Layers: [A, B].map((bytes) => blob(bytes)[0]),
              },
            ]),
          ],
        ],
        ['docker', 'oci'],
      ],
    ] as [Member[], string[]][]) {
      const archive = await open(members)
      expect(archive.shapes).toEqual(shapes)
      expect(archive.images.length).toBe(1)
      expect(archive.images[0]).toMatchObject({ tags: ['demo:1'], id: digest(configOf([A, B])) })
      expect(archive.images[0].layers.map(({ diffId, storedBytes }) => [diffId, storedBytes])).toEqual([
        [digest(A), A.length],
        [digest(B), B.length],
      ])
      expect(said(archive)).toEqual([])
    }
  })

  test('members in any order, with ./ before their names, and folders among them', async () => {
    for (const members of [docker([A, B]), oci([A, B])]) {
      const due = (await open(members)).images[0].id
      for (const shuffled of [
        [...members].reverse(),
        members.map(([path, body]): Member => [`./${path}`, body]),
        [['blobs/', new Uint8Array(0)] as const, ...members],
      ])
        expect((await open(shuffled)).images[0].id).toBe(due)
    }
  })

  test('repeated layers as symbolic links, and as hard links (which one engine does not find)', async () => {
    const config = configOf([A, A])
    const link = (type: 2 | 3, path: string, to: string): Bytes =>
      encodeHeader({ path: utf8(path), type, mode: 0o777, uid: 0, gid: 0, size: 0, mtime: 0, link: utf8(to) })
    const rest = tarOf([
      ['one/layer.tar', A],
      ['c.json', config],
      [
        'manifest.json',
        json([{ Config: 'c.json', RepoTags: null, Layers: ['one/layer.tar', 'two/layer.tar'] }]),
      ],
    ])
    for (const [header, notices] of [
      [link(2, 'two/layer.tar', '../one/layer.tar'), []],
      [link(3, 'two/layer.tar', 'one/layer.tar'), ['warning layer-hardlinked']],
    ] as const) {
      const archive = await open(new Uint8Array(Buffer.concat([header, rest])))
      expect(archive.images[0].layers.map(({ member }) => member)).toEqual(['one/layer.tar', 'one/layer.tar'])
      expect(said(archive)).toEqual(notices)
    }
    expect(
      await faultOf(new Uint8Array(Buffer.concat([link(2, 'two/layer.tar', '../two/layer.tar'), rest]))),
    ).toMatchObject({ code: 'link-loop' })
  })

  test('legacy v1 with repositories only: base first, shared parents, tags, a circle of parents', async () => {
    const v1 = (id: string, parent: string | null, body: Bytes): Member[] => [
      [`${id}/VERSION`, utf8('1.0')],
      [
        `${id}/json`,
        json({
          id,
          ...(parent ? { parent } : {}),
          os: 'linux',
          architecture: 'amd64',
          config: { Cmd: ['sh'] },
          container_config: { Cmd: [`make ${id}`] },
        }),
      ],
      [`${id}/layer.tar`, body],
    ]
    const members = [...v1('top', 'base', B), ...v1('base', null, A), ...v1('other', 'base', A)]
    const archive = await open([
      ...members,
      ['repositories', json({ demo: { 1: 'top', 2: 'top' }, second: { latest: 'other' } })],
    ])
    expect(archive.shapes).toEqual(['legacy'])
    expect(archive.images.map(({ tags, layers }) => [tags, layers.map(({ diffId }) => diffId)])).toEqual([
      [
        ['demo:1', 'demo:2'],
        [digest(A), digest(B)],
      ],
      [['second:latest'], [digest(A), digest(A)]],
    ])
    expect(archive.images[0].steps.map(({ line }) => line?.created_by)).toEqual(['make base', 'make top'])
    expect(said(archive)).toEqual(['warning legacy-only'])

    const ring: Member[] = [...v1('x', 'y', A), ...v1('y', 'x', B)]
    expect(await faultOf([...ring, ['repositories', json({ ring: { 1: 'x' } })]])).toMatchObject({
      code: 'link-loop',
    })
    const half = await open([
      ...members,
      ...ring,
      ['repositories', json({ demo: { 1: 'top' }, ring: { 1: 'x' }, gone: { 1: 'nothing' } })],
    ])
    expect(half.images.length).toBe(1)
    expect(said(half)).toEqual(['warning legacy-only', 'error image-link-loop', 'error image-missing-member'])
  })

  test('several images, untagged ones, and one with no layer at all', async () => {
    const empty = configOf([], { rootfs: { type: 'layers', diff_ids: null }, history: null })
    const [one, two] = [configOf([A]), configOf([B], { os: 'freebsd' })]
    const archive = await open([
      ['a', A],
      ['b', B],
      ['one.json', one],
      ['two.json', two],
      ['empty.json', empty],
      [
        'manifest.json',
        json([
          { Config: 'one.json', RepoTags: ['x:1', 'y:2'], Layers: ['a'] },
          { Config: 'two.json', RepoTags: null, Layers: ['b'] },
          { Config: 'empty.json', Layers: null },
        ]),
      ],
    ])
    expect(archive.images.map(({ tags, layers }) => [tags, layers.length])).toEqual([
      [['x:1', 'y:2'], 1],
      [[], 1],
      [[], 0],
    ])
  })

  test('nested indexes with platforms, absent ones, and attestations', async () => {
    const platform = (os: string, architecture: string, variant?: string): object => ({
      platform: { os, architecture, ...(variant ? { variant } : {}) },
    })
    const [amd, arm] = [configOf([A]), configOf([B], { architecture: 'arm64', variant: 'v8' })]
    const [amdManifest, armManifest] = [manifestOf(amd, [A]), manifestOf(arm, [B])]
    const proof = json({ _type: 'in-toto' })
    const proofConfig = json({
      architecture: 'unknown',
      os: 'unknown',
      rootfs: { type: 'layers', diff_ids: [digest(proof)] },
    })
    const attestation = manifestOf(proofConfig, [proof])
    const type = `${OCI}.manifest.v1+json`
    const inner = indexOf(
      descriptor(amdManifest, type, platform('linux', 'amd64')),
      descriptor(armManifest, type, platform('linux', 'arm64', 'v8')),
      { ...descriptor(A, type, platform('linux', 's390x')), digest: `sha256:${'0'.repeat(64)}` },
      descriptor(attestation, type, {
        ...platform('unknown', 'unknown'),
        annotations: { 'vnd.docker.reference.type': 'attestation-manifest' },
      }),
    )
    const named = {
      annotations: {
        'io.containerd.image.name': 'docker.io/library/demo:1',
        'org.opencontainers.image.ref.name': '1',
      },
    }
    const archive = await open([
      layout,
      [
        'index.json',
        indexOf(
          descriptor(inner, `${OCI}.index.v1+json`, named),
          descriptor(inner, `${OCI}.index.v1+json`, {
            annotations: { 'io.containerd.image.name': 'second:2' },
          }),
        ),
      ],
      ...[inner, amdManifest, armManifest, attestation, amd, arm, proofConfig, proof, A, B].map(blob),
    ])
    expect(archive.images.map(({ tags, config }) => [tags, config.architecture])).toEqual([
      [['docker.io/library/demo:1', 'second:2'], 'amd64'],
      [['docker.io/library/demo:1', 'second:2'], 'arm64'],
    ])
    expect(said(archive)).toEqual(['info manifest-absent', 'info attestation', 'info manifest-absent'])
    expect([...archive.roles.values()].filter((role) => role === 'attestation').length).toBe(3)
  })

  test('a signature beside the image is an artifact, also where its config claims to be one of an image', async () => {
    const config = configOf([A])
    const manifest = manifestOf(config, [A])
    const type = `${OCI}.manifest.v1+json`
    const payload = json({ critical: {} })
    const signatureConfig = configOf([payload])
    const signature = json({
      schemaVersion: 2,
      config: descriptor(signatureConfig, `${OCI}.config.v1+json`),
      layers: [descriptor(payload, 'application/vnd.dev.cosign.simplesigning.v1+json')],
    })
    const archive = await open([
      layout,
      ['index.json', indexOf(descriptor(manifest, type), descriptor(signature, type))],
      ...[config, manifest, A, signatureConfig, signature, payload].map(blob),
    ])
    expect(archive.images.map(({ layers }) => layers.length)).toEqual([1])
    expect(said(archive)).toEqual(['info artifact'])
    expect([...archive.roles.values()].filter((role) => role === 'artifact').length).toBe(3)
  })

  test('an image that bears an artifact type beside its config is an image', async () => {
    const config = configOf([A])
    const manifest = json({
      schemaVersion: 2,
      artifactType: 'application/vnd.example',
      config: descriptor(config, `${OCI}.config.v1+json`),
      layers: [descriptor(A, `${OCI}.layer.v1.tar`)],
    })
    const index = indexOf(descriptor(manifest, `${OCI}.manifest.v1+json`))
    const archive = await open([layout, ['index.json', index], ...[config, manifest, A].map(blob)])
    expect(archive.images.map(({ layers }) => layers.length)).toEqual([1])
  })

  test('an archive of nothing but an artifact says what it is', async () => {
    const [config, chart] = [json({ name: 'chart' }), utf8('chart')]
    const helm = json({
      schemaVersion: 2,
      config: descriptor(config, 'application/vnd.cncf.helm.config.v1+json'),
      layers: [descriptor(chart, 'application/vnd.cncf.helm.chart.content.v1.tar+gzip')],
    })
    const files = [layout, ['index.json', indexOf(descriptor(helm, `${OCI}.manifest.v1+json`))]] as const
    expect(await faultOf([...files, ...[config, chart, helm].map(blob)])).toMatchObject({
      code: 'not-an-image',
      message:
        'The archive holds an artifact of the type application/vnd.cncf.helm.config.v1+json: it is no container image.',
    })
  })

  test('a layer that is encrypted is named as such, not as a broken one', async () => {
    const config = configOf([A])
    const secret = utf8('no tar')
    const manifest = json({
      schemaVersion: 2,
      config: descriptor(config, `${OCI}.config.v1+json`),
      layers: [descriptor(secret, `${OCI}.layer.v1.tar+gzip+encrypted`)],
    })
    const archive = await open([
      layout,
      ['index.json', indexOf(descriptor(manifest, `${OCI}.manifest.v1+json`))],
      ...[config, manifest, secret].map(blob),
    ])
    expect(said(archive)).toEqual(['error layer-encrypted'])
  })

  test('docker schema 2 media types, and layers that are fetched from elsewhere', async () => {
    const types = {
      manifest: 'application/vnd.docker.distribution.manifest.v2+json',
      config: 'application/vnd.docker.container.image.v1+json',
      layer: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
    }
    const config = configOf([A, B], { os: 'windows', 'os.version': '10.0.20348.1' })
    const foreign = {
      mediaType: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
      digest: digest(A),
      size: 99,
      urls: ['https://example.com/base'],
    }
    const manifest = json({
      ...(JSON.parse(new TextDecoder().decode(manifestOf(config, [B], types))) as { layers: object[] }),
      layers: [foreign, descriptor(B, types.layer)],
    })
    const archive = await open([
      layout,
      ['index.json', indexOf(descriptor(manifest, types.manifest))],
      ...[manifest, config, B].map(blob),
    ])
    const [base, top] = archive.images[0].layers
    expect(base).toMatchObject({
      source: null,
      member: null,
      storedBytes: 99,
      urls: ['https://example.com/base'],
    })
    expect(top.source).not.toBeNull()
    expect(said(archive)).toEqual(['warning layer-foreign'])
  })

  test('a plain root filesystem, with the architecture of its programs', async () => {
    const elf = new Uint8Array(64)
    elf.set([0x7f, 0x45, 0x4c, 0x46, 2, 1])
    elf[18] = 0xb7
    const tar = tarOf([
      ['bin/', new Uint8Array(0)],
      ['bin/sh', elf],
      ['etc/', new Uint8Array(0)],
      ['.dockerenv', new Uint8Array(0)],
    ])
    const archive = await open(tar)
    expect(archive.shapes).toEqual(['rootfs'])
    expect(archive.images[0]).toMatchObject({
      tags: [],
      config: { architecture: 'arm64', rootfs: { diff_ids: [digest(tar)] } },
    })
  })

  test('drawn archives of the testkit, in each of its shapes', async () => {
    for (const shape of ['docker', 'docker20', 'oci'] as const) {
      const archive = await open(
        buildArchive('image x:1\nlayer a\n f a "1"\nstep ENV\nlayer b\n f b "2"', { shape }),
      )
      expect(said(archive)).toEqual([])
      expect(archive.images[0].steps.map(({ layer: index }) => index)).toEqual([0, null, 1])
    }
  })
})

describe('as Go reads it', () => {
  test('keys of the config in any case', async () => {
    const { config } = (await open(docker([A]))).images[0]
    const text = JSON.stringify(config).replace('"os"', '"OS"').replace('"rootfs"', '"RootFS"')
    const archive = await open(docker([A], { config: utf8(text.replace('"diff_ids"', '"Diff_IDs"')) }))
    expect(said(archive)).toEqual([])
    expect(archive.images[0].config).toEqual(config)
  })

  test('a backslash in a name is a letter like any other', async () => {
    const [[, bytes], ...others] = docker([A], { line: { Layers: ['x\\layer.tar'] } })
    const archive = await open([['x\\layer.tar', bytes], ...others])
    expect(said(archive)).toEqual([])
    expect(archive.images[0].layers[0].source?.size).toBe(bytes.length)
  })
})

describe('what is wrong is said, all of it', () => {
  test('a folder of skopeo or podman, and a v1 archive without its names, are called what they are', async () => {
    const registry = json({ schemaVersion: 2, config: {}, layers: [] })
    expect(await faultOf([['manifest.json', registry]])).toMatchObject({
      code: 'not-an-image',
      message: expect.stringContaining('skopeo copy dir:FOLDER') as string,
    })
    expect(await faultOf([['0a/layer.tar', A]])).toMatchObject({
      code: 'not-an-image',
      message: expect.stringContaining('without its repositories file') as string,
    })
  })

  test('a byte order mark, which nobody sees', async () => {
    const members = docker([A]).map(([path, bytes]): Member => [path, bytes])
    const marked = members.map(([path, bytes]): Member =>
      path === 'manifest.json' ? [path, Uint8Array.of(0xef, 0xbb, 0xbf, ...bytes)] : [path, bytes],
    )
    expect(await faultOf(marked)).toMatchObject({
      code: 'bad-json',
      message: expect.stringContaining('manifest.json starts with a byte order mark') as string,
    })
  })

  test('two descriptions that disagree: the stale one is named', async () => {
    const stale = await open([
      ...oci([A]),
      ['old.json', configOf([B])],
      ['old.tar', B],
      ['manifest.json', json([{ Config: 'old.json', RepoTags: ['demo:1'], Layers: ['old.tar'] }])],
    ])
    expect(said(stale)).toEqual(['error descriptions-disagree', 'warning only-in-index'])
    expect(stale.notices[0].message).toContain(
      'manifest.json and index.json describe different images: docker’s classic store will load the config old.json',
    )
    expect(stale.images.map(({ tags, dockerLine }) => [tags, dockerLine])).toEqual([
      [['demo:1'], 0],
      [['demo:1'], null],
    ])
    const renamed = await open([
      ...oci([A]),
      [
        'manifest.json',
        json([{ Config: blob(configOf([A]))[0], RepoTags: ['new:2'], Layers: [blob(A)[0]] }]),
      ],
    ])
    expect(said(renamed)).toEqual(['warning tags-disagree'])
    expect(renamed.images[0].tags).toEqual(['new:2', 'demo:1'])
  })

  test('two descriptions of which one has fewer layers: the whole one is shown', async () => {
    const line = (...layers: Bytes[]): Member => [
      'manifest.json',
      json([
        {
          Config: blob(configOf([A, B]))[0],
          RepoTags: ['demo:1'],
          Layers: layers.map((bytes) => blob(bytes)[0]),
        },
      ]),
    ]
    const fewer = await open([...oci([A, B]), line(A)])
    expect(said(fewer)).toEqual(['error descriptions-disagree'])
    expect(fewer.images[0].layers.length).toBe(2)
    // docker 25.0.0 left the layers out of its OCI manifests.
    const config = configOf([A, B])
    const manifest = manifestOf(config, [])
    const bare = await open([
      layout,
      ['index.json', indexOf(descriptor(manifest, 'm'))],
      ...[manifest, config, A, B].map(blob),
      line(A, B),
    ])
    expect(said(bare)).toEqual(['error descriptions-disagree'])
    expect(bare.images[0].layers.map(({ member }) => member)).toEqual([blob(A)[0], blob(B)[0]])
  })

  test('a layer that only one of two descriptions finds', async () => {
    const config = configOf([A])
    const manifest = manifestOf(config, [B])
    const archive = await open([
      layout,
      ['index.json', indexOf(descriptor(manifest, 'm'))],
      ...[manifest, config, A].map(blob),
      ['manifest.json', json([{ Config: blob(config)[0], RepoTags: ['demo:1'], Layers: [blob(A)[0]] }])],
    ])
    expect(said(archive)).toContain('error index-layer-missing')
    expect(archive.images[0].layers[0].member).toBe(blob(A)[0])
  })

  test('of two descriptions, one that cannot be read does not hide the other', async () => {
    const both = [...docker([A]), ...oci([A])]
    const broken = (path: string, body: string): Member[] =>
      both.map(([name, bytes]) => [name, name === path ? utf8(body) : bytes])
    for (const [path, body] of [
      ['index.json', '{'],
      ['index.json', '{"manifests": 5}'],
      ['manifest.json', '[{"Config": 1}]'],
      ['manifest.json', ''],
    ]) {
      const archive = await open(broken(path, body))
      expect(archive.images.length, path).toBe(1)
      expect(said(archive), path).toEqual(['error description-broken'])
    }
    expect(
      await faultOf(docker([A]).map(([name, bytes]) => [name, name === 'manifest.json' ? utf8('{') : bytes])),
    ).toMatchObject({ code: 'bad-json' })
  })

  test('manifest.json as docker takes it: keys of any case, and text behind the JSON', async () => {
    const lower = docker([A]).map(([name, bytes]): Member => [
      name,
      name === 'manifest.json'
        ? utf8(`${new TextDecoder().decode(bytes).toLowerCase()}\n\ntrailing \u00e9 ]`)
        : bytes,
    ])
    const archive = await open(lower)
    expect(archive.images[0].tags).toEqual(['demo:1'])
    expect(said(archive)).toEqual(['warning json-rest'])
  })

  test('digests, sizes and names that do not fit', async () => {
    const config = configOf([A])
    const wrong = json({
      config: { mediaType: `${OCI}.config.v1+json`, digest: digest(config), size: 1 },
      layers: [{ mediaType: `${OCI}.layer.v1.tar`, digest: digest(B), size: 7 }],
    })
    const archive = await open([
      layout,
      ['index.json', indexOf({ digest: digest(A), size: 3 })],
      [`blobs/sha256/${hex(A)}`, wrong],
      [`blobs/sha256/${hex(B)}`, A],
      blob(config),
    ])
    expect(said(archive)).toEqual([
      'error manifest-digest',
      'error manifest-size',
      'error config-size',
      'error layer-size',
      'error layer-digest-diffid',
    ])
    const renamed = await open([
      ['layer.tar', A],
      [`${'0'.repeat(64)}.json`, config],
      ['manifest.json', json([{ Config: `${'0'.repeat(64)}.json`, Layers: ['layer.tar'] }])],
    ])
    expect(said(renamed)).toEqual(['error config-digest'])
  })

  test('counts: layers more or fewer than diff_ids, no rootfs, a diff_id that is none', async () => {
    const more = await open(docker([A, B], { config: configOf([A]) }))
    expect(said(more)).toEqual(['error layer-count', 'warning history-too-short'])
    expect(more.images[0].layers.map(({ diffId }) => diffId)).toEqual([A, B].map((l) => `sha256:${hex(l)}`))
    const fewer = await open(docker([A], { config: configOf([A, B]) }))
    expect(said(fewer)).toEqual(['error layer-count', 'error layer-missing'])
    expect(fewer.images[0].layers.map(({ member }) => member === null)).toEqual([false, true])
    expect(said(await open(docker([A], { config: json({ os: 'linux' }) })))).toEqual([
      'error config-no-rootfs',
      'error layer-count',
      'info config-no-architecture',
      'info history-missing',
    ])
    expect(
      await faultOf(docker([A], { config: json({ rootfs: { diff_ids: ['sha256:abc'] } }) })),
    ).toMatchObject({ code: 'bad-digest' })
    const none = await open(docker([], { config: json({}) }))
    expect(said(none)).toEqual(['error config-no-rootfs', 'info config-no-os', 'info config-no-architecture'])
  })

  test('one broken image does not hide the others; what nothing names is listed', async () => {
    const archive = await open([
      ...docker([A], { line: {} }).slice(0, 2),
      ['stray', utf8('x')],
      [
        'manifest.json',
        json([
          { Config: 'gone.json', Layers: [] },
          { Config: `${hex(configOf([A]))}.json`, RepoTags: ['good:1'], Layers: ['0/layer.tar'] },
          { Config: 'stray', Layers: [] },
        ]),
      ],
    ])
    expect(archive.images.map(({ tags }) => tags)).toEqual([['good:1']])
    expect(said(archive)).toEqual(['error config-missing', 'error image-bad-json'])
    expect(
      archive.notices.filter(({ code }) => code === 'unreferenced').map(({ where }) => where.member),
    ).toEqual(['stray'])
  })

  test('a layer that the archive does not hold, and one of no bytes', async () => {
    const nothing = new Uint8Array(0)
    const config = configOf([A, nothing])
    const archive = await open([
      ['c.json', config],
      ['empty.tar', nothing],
      ['manifest.json', json([{ Config: 'c.json', Layers: ['gone.tar', 'empty.tar'] }])],
    ])
    expect(archive.images[0].layers.map(({ member }) => member)).toEqual([null, 'empty.tar'])
    expect(said(archive)).toEqual(['error layer-missing'])
  })

  test.each([
    [
      'longer',
      [{ created_by: 'a' }, { created_by: 'b' }, { created_by: 'c' }],
      [0, 1, null],
      ['error history-too-long'],
    ],
    ['shorter', [{ created_by: 'a' }], [0, 1], ['warning history-too-short']],
    ['missing', undefined, [0, 1], ['info history-missing']],
    ['null', null, [0, 1], ['info history-missing']],
    [
      'all empty',
      [{ empty_layer: true }, { empty_layer: true }],
      [null, null, 0, 1],
      ['warning history-too-short'],
    ],
    ['mixed', [{ created_by: 'a' }, { empty_layer: true }, { created_by: 'b' }], [0, null, 1], []],
  ])('a history that is %s', async (_, history, layers, notices) => {
    const archive = await open(docker([A, B], { config: configOf([A, B], { history }) }))
    expect(archive.images[0].steps.map(({ layer: index }) => index)).toEqual(layers)
    expect(said(archive)).toEqual(notices)
  })

  test('a layout of another version, of none, and an index that is empty', async () => {
    const [, ...rest] = oci([A])
    expect(said(await open([['oci-layout', json({ imageLayoutVersion: '2.0.0' })], ...rest]))).toEqual([
      'error oci-layout-version',
    ])
    expect(said(await open(rest))).toEqual(['warning oci-layout-missing'])
    expect(await faultOf([layout, ['index.json', indexOf()]])).toMatchObject({ code: 'not-an-image' })
    expect(await faultOf([['img/manifest.json', json([])]])).toMatchObject({
      code: 'not-an-image',
      message: expect.stringContaining('tar -C img -cf image.tar .') as string,
      where: { member: 'img/manifest.json' },
    })
    expect(await faultOf([['manifest.json', json([])]])).toMatchObject({
      code: 'not-an-image',
      message: 'The archive describes no image: manifest.json is empty.',
    })
  })

  test('what is no image is told what it looks like', async () => {
    expect((await faultOf([['readme.txt', utf8('x')]])).message).toContain(
      'This is a tar that holds readme.txt, and not a container image',
    )
    expect((await faultOf([])).message).toContain('This is an empty tar')
  })

  test('an archive that was cut off, and one that is damaged', async () => {
    const tar = tarOf(docker([A, B]))
    expect(await faultOf(tar.slice(0, A.length + 700))).toMatchObject({ code: 'truncated' })
    const damaged = tar.slice()
    damaged[A.length + 512 + 10] ^= 1
    expect(await faultOf(damaged)).toMatchObject({ code: 'bad-header' })
  })

  test('a member that is there twice: the later one counts, as for tar', async () => {
    const archive = await open([['manifest.json', utf8('[]')], ...docker([A])])
    expect(archive.images.length).toBe(1)
    expect(said(archive)).toEqual(['warning member-twice'])
  })
})

describe('attacks on the reader', () => {
  test('indexes that name themselves and each other end', async () => {
    const self = `sha256:${'1'.repeat(64)}`
    const many = json({ manifests: Array.from({ length: 300 }, () => ({ digest: self })) })
    const archive = await open([
      ...oci([A]).filter(([name]) => name !== 'index.json'),
      [`blobs/sha256/${'1'.repeat(64)}`, many],
      ['index.json', indexOf({ digest: self }, descriptor(manifestOf(configOf([A]), [A]), 'm'))],
    ])
    expect(archive.images.length).toBe(1)
    expect([...new Set(said(archive))]).toEqual(['error manifest-digest', 'error index-circle'])
  })

  test('documents beyond reason are faults: 33 MiB, a thousand brackets, half a character', async () => {
    const big = new Uint8Array(33 * 1024 * 1024).fill(0x20)
    expect(await faultOf([['manifest.json', big]])).toMatchObject({ code: 'too-large' })
    expect(await faultOf([['manifest.json', utf8('['.repeat(100_000))]])).toMatchObject({ code: 'bad-json' })
    expect(
      await faultOf(docker([A], { config: utf8(`{"x":${'{"y":'.repeat(5000)}1${'}'.repeat(5000)}}`) })),
    ).toMatchObject({ code: 'bad-json' })
    expect(await faultOf([['manifest.json', Uint8Array.of(0x5b, 0xc3)]])).toMatchObject({ code: 'bad-json' })
  })

  test('names with "__proto__", "..", and absolute ones lead nowhere but into the archive', async () => {
    const archive = await open([
      ...docker([A]),
      ['../../etc/passwd', utf8('root')],
      ['/etc/shadow', utf8('x')],
      ['__proto__', utf8('y')],
    ])
    expect(archive.images.length).toBe(1)
    const outside = await open([
      ['c.json', configOf([A])],
      ['manifest.json', json([{ Config: 'c.json', Layers: ['../../../layer.tar'] }])],
    ])
    expect(said(outside)).toEqual(['error layer-missing'])
  })
})

test('only headers and small documents are read at open', async () => {
  const big = 64 * 1024 * 1024
  const header = encodeHeader({
    path: utf8('big.tar'),
    type: TYPE.file,
    mode: 0o644,
    uid: 0,
    gid: 0,
    size: big,
    mtime: 0,
  })
  const rest = tarOf([...docker([A])])
  let read = 0
  const tar = new MemorySource(
    new Uint8Array(Buffer.concat([header, new Uint8Array(big), paddingOf(big), rest, END])),
  )
  const inner = tar.read.bind(tar)
  tar.read = (at, length) => {
    read += length
    return inner(at, length)
  }
  await openArchive(tar, () => Promise.reject(new Error('nothing is to be hashed')))
  expect(read).toBeLessThan(10 * 1024 * 1024)
})
