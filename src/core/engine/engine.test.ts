import { describe, expect, test } from 'vitest'
import { corpusFile, gunzip } from '../../testkit/corpus'
import { describeOnCorpus } from '../../testkit/corpus.fixture'
import { buildArchive, tarOf, type Shape } from '../../testkit/archive'
import { readFileSync } from 'node:fs'
import { MemorySource, type Bytes } from '../bytes/source'
import { utf8 } from '../bytes/text'
import type { Compression } from '../compress/compression'
import type { DiffId } from '../digest/digest'
import { sha256 } from '../digest/sha256'
import { openArchive } from '../image/open'
import { engineAnswers, merged } from './answers'
import { ENGINES, type Answer, type EngineId } from './engine'
import type { Facts } from './facts'
import { factsOf, type KnownLayer } from './gather'

async function factsIn(bytes: Bytes, wrapping: Compression = 'none'): Promise<Facts> {
  const archive = await openArchive(
    new MemorySource(bytes),
    async (stored) => (await sha256(await stored.read(0, stored.size))) as string as DiffId,
  )
  const known = new Map<number, KnownLayer>()
  for (const { layers } of archive.images)
    for (const { compression, source, memberIndex } of layers)
      if (source && compression === 'none') {
        const digest = await sha256(await source.read(0, source.size))
        known.set(memberIndex, { digest, diffId: digest as string as DiffId })
      }
  const contents = new Map(archive.images.map(({ id }) => [id, []]))
  return factsOf(archive, { wrapping, known, contents })
}

type Told = Readonly<Record<EngineId, Answer>>

async function toldOf(facts: Facts): Promise<Told> {
  const answers = await engineAnswers(facts)
  return Object.fromEntries(answers.map(({ engine, ...answer }) => [engine.id, answer])) as Told
}

/** "loads demo:1 4bcd0a88" */
function line({ verdict, images, says }: Answer): string {
  if (verdict === 'fails') return `fails ${says}`.trim()
  const shown = images
    ?.map(({ names, id }) => `${names.join(' ')} ${id?.slice(7, 15) ?? ''}`.trim())
    .join('; ')
  return `${verdict} ${shown ?? ''}`.trim()
}
const lines = (told: Told, ...ids: EngineId[]): string[] => ids.map((id) => line(told[id]))

const DRAWN = `
image demo:1
layer  COPY rootfs /
  f bin/sh "x"`
const drawn = (shape: Shape, text = DRAWN): Promise<Facts> => factsIn(buildArchive(text, { shape }))

describe('archives drawn for it', () => {
  test('both descriptions load everywhere, docker and podman by the config’s digest, containerd by the manifest’s', async () => {
    const facts = await drawn('docker')
    const config = facts.docker!.lines[0].image!.digest
    const manifest = facts.index!.entries[0].digest
    const told = await toldOf(facts)
    for (const { id } of ENGINES) expect(told[id].verdict).toBe('loads')
    for (const id of ['docker-20', 'docker-29', 'podman-5', 'skopeo-docker', 'skopeo-oci'] as const)
      expect(told[id].images![0].id).toBe(config)
    for (const id of ['docker-containerd', 'ctr-1'] as const) expect(told[id].images![0].id).toBe(manifest)
    expect(told['docker-23'].images![0].names).toEqual(['demo:1'])
    expect(told['ctr-2'].images![0].names).toEqual(['docker.io/library/demo:1'])
    expect(told['podman-4'].images![0].names).toEqual(['docker.io/library/demo:1'])
  })

  test('an OCI layout alone is nothing for the classic store, in the words of its age', async () => {
    const told = await toldOf(await drawn('oci'))
    expect(lines(told, 'docker-20', 'docker-29', 'skopeo-docker')).toEqual([
      'fails blobs/json: no such file or directory',
      'fails does not contain a manifest.json',
      'fails manifest.json',
    ])
    expect(
      lines(told, 'docker-containerd', 'podman-5', 'umoci-0.4').every((text) => text.startsWith('loads')),
    ).toBe(true)
  })

  test('without a name it is to be had by its ID; ctr keeps its content only', async () => {
    const told = await toldOf(await drawn('docker20', DRAWN.replace(' demo:1', '')))
    expect(told['docker-20'].images![0].names).toEqual([])
    expect(line(told['ctr-1'])).toBe('differs')
    expect(told['ctr-1'].repair).toContain('--base-name')
  })

  test('podman puts localhost/ before names without a host when it reads a docker archive', async () => {
    const told = await toldOf(await drawn('docker20'))
    expect(told['podman-4'].images![0].names).toEqual(['localhost/demo:1'])
  })

  test('a compression around the whole is named, with the program that takes it off', async () => {
    const told = await toldOf(await factsIn(buildArchive(DRAWN), 'zstd'))
    expect(lines(told, 'docker-20', 'ctr-1')).toEqual(['fails', 'fails'])
    expect(told['docker-20'].repair).toContain('unzstd')
    expect(line(told['docker-23'])).toMatch(/^loads/)
  })

  test('another platform’s image stays out of ctr, and loads in docker', async () => {
    const told = await toldOf({ ...(await drawn('docker20')), host: { os: 'linux', architecture: 'arm64' } })
    expect(lines(told, 'ctr-1', 'ctr-2')).toEqual([
      'fails image might be filtered out',
      'fails image might be filtered out',
    ])
    expect(line(told['docker-23'])).toMatch(/^loads demo:1/)
  })

  test('a root filesystem is taken by none; docker import is the way', async () => {
    const tar = tarOf([
      ['bin/', utf8('')],
      ['bin/sh', utf8('x')],
      ['etc/passwd', utf8('x')],
      ['usr/', utf8('')],
    ])
    const told = await toldOf(await factsIn(tar))
    for (const { id } of ENGINES) expect(told[id].verdict).toBe('fails')
    expect(told['docker-23'].says).toBe('bin/json: no such file or directory')
    expect(told['docker-23'].repair).toContain('docker import')
  })

  test('before its layers are read nobody knows whether they unpack; skopeo does not ask', async () => {
    const facts = await drawn('docker')
    const [line] = facts.docker!.lines
    const [entry] = facts.index!.entries
    const told = await toldOf({
      ...facts,
      docker: { ...facts.docker!, lines: [{ ...line, image: { ...line.image!, contents: null } }] },
      index: {
        ...facts.index!,
        entries: [
          {
            ...entry,
            manifest: { ...entry.manifest!, image: { ...entry.manifest!.image!, contents: null } },
          },
        ],
      },
    })
    for (const { id } of ENGINES) expect(told[id].verdict).toBe(id.startsWith('skopeo') ? 'loads' : 'unread')
  })

  test('versions that do the same share a row', async () => {
    const rows = merged(await engineAnswers(await drawn('docker')))
    expect(rows.map(({ engine }) => engine)).toContain('docker load')
    const split = merged(await engineAnswers(await drawn('oci')))
    expect(split.map(({ engine }) => engine)).toContain('docker load (20.10 – 22; 23 – 28)')
  })
})

describe('what stands in the way', () => {
  const change = async (patch: (facts: Facts) => Facts): Promise<Told> => toldOf(patch(await drawn('docker')))
  const ofLine = (facts: Facts, fields: object): Facts => ({
    ...facts,
    docker: { ...facts.docker!, lines: [{ ...facts.docker!.lines[0], ...fields }] },
  })
  const layer = (facts: Facts, fields: object): object => ({
    layers: [{ ...facts.docker!.lines[0].layers[0], ...fields }],
  })

  test('a stale manifest.json: each engine loads what it reads, and says so', async () => {
    const told = await change((facts) => {
      const image = { ...facts.docker!.lines[0].image!, digest: `sha256:${'0'.repeat(64)}` as never }
      return ofLine(facts, { image })
    })
    expect(lines(told, 'docker-23').join()).toMatch(/^differs demo:1 00000000/)
    expect(told['docker-containerd'].why).toContain('index.json')
    expect(told['podman-5'].verdict).toBe('differs')
  })

  test('Windows is refused by Linux hosts', async () => {
    const told = await change((facts) =>
      ofLine(facts, { image: { ...facts.docker!.lines[0].image!, os: 'windows' } }),
    )
    expect(line(told['docker-23'])).toBe('fails cannot load windows image on linux')
  })

  test('a layer that is not what its diff_id says', async () => {
    const told = await change((facts) =>
      ofLine({ ...facts, layout: null, index: null }, layer(facts, { right: false })),
    )
    expect(lines(told, 'docker-20', 'docker-containerd', 'ctr-2', 'skopeo-docker')).toEqual([
      'fails invalid diffID for layer 0',
      'fails wrong diff id calculated on extraction',
      'fails wrong diff id calculated on extraction',
      'fails Digest did not match',
    ])
  })

  test('a hard-linked layer is lost on containerd', async () => {
    const told = await change((facts) => ofLine({ ...facts, layout: null }, layer(facts, { as: 'hardlink' })))
    expect(told['docker-containerd'].says).toMatch(/^layer ".*" not found$/)
    expect(told['docker-23'].verdict).toBe('loads')
  })

  test('containers/image takes links in the archive for empty files, unless it has their layer already', async () => {
    const linked = (as: 'symlink' | 'hardlink') =>
      change((facts) => ofLine({ ...facts, layout: null, index: null }, layer(facts, { as })))
    expect(lines(await linked('hardlink'), 'skopeo-docker', 'docker-23')).toEqual([
      'fails Digest did not match',
      expect.stringContaining('loads'),
    ])
    const symbolic = await linked('symlink')
    expect(lines(symbolic, 'skopeo-docker', 'podman-5')).toEqual([
      'fails Size mismatch',
      'fails payload does not match any of the supported image formats',
    ])
    expect(symbolic['docker-23'].verdict).toBe('loads')
    expect(symbolic['ctr-1'].verdict).toBe('loads')
    const second = await change((facts) => {
      const one = { ...facts, layout: null, index: null }
      const [line] = ofLine(one, layer(facts, { as: 'symlink' })).docker!.lines
      return {
        ...one,
        docker: { ...facts.docker!, lines: [facts.docker!.lines[0], { ...line, tags: ['two:1'] }] },
      }
    })
    expect(second['podman-4'].verdict).toBe('loads')
  })

  test('a manifest.json put behind the old one: docker takes the last, containers/image the first', async () => {
    const tar = buildArchive(DRAWN, { shape: 'docker20' })
    const config = (await drawn('docker20')).docker!.lines[0]
    const line = {
      Config: config.config.name,
      RepoTags: ['new:1'],
      Layers: config.layers.map(({ name }) => name),
    }
    const more = tarOf([['manifest.json', utf8(JSON.stringify([line]))]])
    const members = tar.subarray(0, tar.length - 1024)
    const told = await toldOf(await factsIn(new Uint8Array(Buffer.concat([members, more]))))
    expect(told['docker-23'].images![0].names).toEqual(['new:1'])
    expect(told['ctr-1'].images![0].names).toEqual(['docker.io/library/new:1'])
    expect(told['podman-5']).toMatchObject({
      verdict: 'differs',
      images: [{ names: ['localhost/demo:1'] }],
    })
  })

  test('the label of a GNU archive is nothing that docker unpacks', async () => {
    const told = await change((facts) => ({ ...facts, oddMember: 'LABEL' }))
    expect(lines(told, 'docker-20', 'docker-29', 'skopeo-oci')).toEqual([
      'fails unhandled tar header type',
      'fails unhandled tar header type',
      'fails unhandled tar header type',
    ])
    expect([told['podman-5'].verdict, told['docker-containerd'].verdict]).toEqual(['loads', 'loads'])
  })

  test('a diff_id that is wrong beside a digest that is right: OCI’s readers do not all ask', async () => {
    const told = await change((facts) => {
      const [entry] = facts.index!.entries
      const layers = entry.manifest!.layers.map((one) => ({ ...one, right: false, intact: true }))
      const entries = [{ ...entry, manifest: { ...entry.manifest!, layers } }]
      return { ...facts, docker: null, index: { ...facts.index!, entries } }
    })
    expect(lines(told, 'docker-containerd', 'ctr-1', 'umoci-0.4', 'podman-5')).toEqual([
      'fails wrong diff id calculated on extraction',
      'fails wrong diff id calculated on extraction',
      'fails diffid mismatch',
      'fails payload does not match any of the supported image formats',
    ])
    expect([told['podman-4'].verdict, told['skopeo-oci'].verdict]).toEqual(['differs', 'differs'])
  })

  test('a name without its tag, and one in capitals', async () => {
    const told = await change((facts) => ofLine(facts, { tags: ['demo'] }))
    expect(told['docker-23'].says).toBe('invalid tag "demo"')
    const upper = await change((facts) => ofLine(facts, { tags: ['Demo:1'] }))
    expect(upper['docker-23'].says).toBe('must be lowercase')
  })

  test('a bare tag as the name in index.json', async () => {
    const told = await change((facts) => ({
      ...facts,
      index: { ...facts.index!, entries: [{ ...facts.index!.entries[0], imageName: '' }] },
    }))
    expect(told['ctr-1'].images![0].names).toEqual(['import-DATE:1'])
    expect(told['docker-containerd'].verdict).toBe('differs')
  })

  test('more than 125 layers are too many for the classic store alone', async () => {
    const told = await change((facts) => {
      const [file] = facts.docker!.lines[0].layers
      const [diffId] = facts.docker!.lines[0].image!.diffIds!
      const many = <T>(one: T): T[] => Array.from({ length: 126 }, () => one)
      const image = { ...facts.docker!.lines[0].image!, diffIds: many(diffId) }
      return ofLine(facts, { layers: many(file), image })
    })
    expect(line(told['docker-23'])).toBe('fails max depth exceeded')
    expect(told['docker-containerd'].verdict).toBe('loads')
  })
})

describeOnCorpus('archives of the corpus, as real engines took them', () => {
  /** Printed by docker 20.10, 26.1 and 28.5, containerd 1.6, podman 4.3 and 5.4: verdict, names, first digits of the ID. */
  const seen: Readonly<Record<string, readonly string[]>> = {
    'built/alpine-3.20-docker20-save.tar': [
      'loads corpus/alpine:3.20 e3c62bd9',
      'loads corpus/alpine:3.20 4faa0a10',
      'loads docker.io/corpus/alpine:3.20 4faa0a10',
      'loads localhost/corpus/alpine:3.20 e3c62bd9',
    ],
    'built/greeter-docker28-containerd-save.tar': [
      'loads greeter:1.4.2 74b49501',
      'loads greeter:1.4.2 09018e0f',
      'loads docker.io/library/greeter:1.4.2 09018e0f',
      'loads docker.io/library/greeter:1.4.2 74b49501',
    ],
    'built/whiteouts-dev-skopeo-oci-archive.tar': [
      'fails blobs/json: no such file or directory',
      'differs whiteouts-dev:latest 00e8e1e6',
      'differs whiteouts-dev:latest 00e8e1e6',
      'loads localhost/whiteouts-dev:latest cfe7dd95',
    ],
    'built/whiteouts-dev-v1-only.tar': [
      'loads corpus/whiteouts-dev:latest 04a5cdbd',
      'fails unrecognized image format',
      'fails unrecognized image format',
      'fails payload does not match any of the supported image formats',
    ],
    'real/gcr-hello-world-v25.tar': [
      'loads ee301c92',
      'fails image might be filtered out',
      'fails image might be filtered out',
      'loads ee301c92',
    ],
    'real/dive-test-oci-gzip-image.tar': [
      'fails blobs/json: no such file or directory',
      'loads 7d255e9e',
      'fails image might be filtered out',
      'loads 3eaccc10',
    ],
    'real/snyk-containerd-alpine.tar': [
      'loads alpine:3.14 6dff1269',
      'loads alpine:3.14 6cc7fe2d',
      'loads docker.io/library/alpine:3.14 6cc7fe2d',
      'loads docker.io/library/alpine:3.14 6dff1269',
    ],
  }

  test.each(Object.keys(seen))('%s', async (name) => {
    const told = await toldOf(await factsIn(new Uint8Array(readFileSync(corpusFile(name)))))
    expect(lines(told, 'docker-23', 'docker-containerd', 'ctr-1', 'podman-5')).toEqual(seen[name])
  })

  test('a gzip around two images: podman 5 loads both, podman 4 none', async () => {
    const tar = new Uint8Array(readFileSync(gunzip('built/two-images-podman-save-m.tar.gz')))
    const told = await toldOf(await factsIn(tar, 'gzip'))
    expect(told['podman-5'].images).toHaveLength(2)
    expect(told['podman-4'].verdict).toBe('fails')
    expect(told['docker-23'].images).toHaveLength(2)
  })
})
