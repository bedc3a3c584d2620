import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, describe, expect, test } from 'vitest'
import { buildArchive, buildLayer } from './archive'
import { parseNotation } from './notation'
import { samples, sampleNamed } from './samples'
import { drawn, printTree } from './tree'

const folder = mkdtempSync(join(tmpdir(), 'peel-testkit-'))
afterAll(() => rmSync(folder, { recursive: true }))

function fileOf(bytes: Uint8Array): string {
  const path = join(folder, createHash('sha256').update(bytes).digest('hex'))
  writeFileSync(path, bytes)
  return path
}
const gnuTar = (bytes: Uint8Array, ...args: string[]): string =>
  execFileSync('tar', [...args, '--file', fileOf(bytes)], {
    encoding: 'utf8',
    env: { ...process.env, TZ: 'UTC', LC_ALL: 'C' },
  })
const member = (archive: Uint8Array, path: string): Buffer =>
  execFileSync('tar', ['--extract', '--to-stdout', '--file', fileOf(archive), path], { maxBuffer: 1 << 28 })
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const layerOf = (drawing: string): Uint8Array =>
  buildLayer(parseNotation(`layer x\n${drawing}`).images[0].layers[0])

/** What Python's tarfile sees: a second witness, with another mind about dialects. */
function pythonSees(tar: Uint8Array): unknown {
  const program = `
import json, sys, tarfile
print(json.dumps([[m.name, m.type.decode(), oct(m.mode), m.uid, m.gid, m.size, m.linkname, m.devmajor, m.devminor, m.mtime,
  {k: v for k, v in m.pax_headers.items() if k.startswith('SCHILY')}] for m in tarfile.open(sys.argv[1], errors='surrogateescape')]))`
  return JSON.parse(execFileSync('python3', ['-c', program, fileOf(tar)], { encoding: 'utf8' }))
}

describe('the notation', () => {
  test('draws every kind of entry, and GNU tar lists what was drawn', () => {
    const tar = layerOf(`
      d etc/
      f 600 1:2 etc/motd "hello\\n"
      f etc/five 5 bytes
      s bin/sh -> busybox
      h etc/same => etc/motd
      w etc/gone
      o etc/
      c 666 0:0 dev/null 1,3
      b 660 0:6 dev/sda 8,0
      p 600 run/pipe mtime=0`)
    expect(gnuTar(tar, '--list', '--verbose', '--numeric-owner')).toBe(
      drawn(`
        drwxr-xr-x 0/0               0 2024-01-02 03:04 etc/
        -rw------- 1/2               6 2024-01-02 03:04 etc/motd
        -rw-r--r-- 0/0               5 2024-01-02 03:04 etc/five
        lrwxrwxrwx 0/0               0 2024-01-02 03:04 bin/sh -> busybox
        hrw-r--r-- 0/0               0 2024-01-02 03:04 etc/same link to etc/motd
        -rw-r--r-- 0/0               0 2024-01-02 03:04 etc/.wh.gone
        -rw-r--r-- 0/0               0 2024-01-02 03:04 etc/.wh..wh..opq
        crw-rw-rw- 0/0             1,3 2024-01-02 03:04 dev/null
        brw-rw---- 0/6             8,0 2024-01-02 03:04 dev/sda
        prw------- 0/0               0 1970-01-01 00:00 run/pipe
      `),
    )
  })

  test('says xattrs, odd times and big ids so that Python reads them', () => {
    expect(
      pythonSees(layerOf(`f 644 70000:3000000 a "x" mtime=1700000000.5 xattr:user.note="hi there"`)),
    ).toEqual([
      [
        'a',
        '0',
        '0o644',
        70000,
        3000000,
        1,
        '',
        0,
        0,
        1700000000.5,
        { 'SCHILY.xattr.user.note': 'hi there' },
      ],
    ])
  })

  test('takes names with spaces, quotes and bytes that are no text', () => {
    const { entries } = parseNotation('layer x\n f "a \\"b\\"" "1"\n f latin-\\xe9 "2"').images[0].layers[0]
    expect(entries.map(({ path }) => Buffer.from(path).toString('latin1'))).toEqual(['a "b"', 'latin-\xe9'])
  })

  test('keeps contents byte for byte', () => {
    const { entries } = parseNotation('layer x\n f a "\\x00\\xff\\n\\\\ü" # and a comment').images[0]
      .layers[0]
    expect([...entries[0].content]).toEqual([0, 255, 10, 92, 0xc3, 0xbc])
  })

  test.each([
    ['q etc/', /no entry starts with "q"/],
    ['s link', /"->" is missing/],
    ['f', /a path is missing/],
    ['f a "x" and more', /what is "and more"/],
  ])('refuses %s, and names the line', (line, words) => {
    expect(() => parseNotation(`layer x\n${line}`)).toThrow(words)
    expect(() => parseNotation(`layer x\n${line}`)).toThrow(/^line 2/)
  })

  test('an image without a name, and steps without a layer', () => {
    const [image] = parseNotation('layer ADD . / # buildkit\nf a\nstep CMD ["a"]').images
    expect(image.tag).toBe(null)
    expect(image.steps.map(({ step, layer }) => [step, layer?.entries.length])).toEqual([
      ['ADD . / # buildkit', 1],
      ['CMD ["a"]', undefined],
    ])
  })
})

describe('archives', () => {
  const { drawing } = sampleNamed('two-layers')

  test('every blob is what it is called, and every description names blobs that are there', () => {
    for (const { drawing } of samples)
      for (const shape of ['docker', 'oci'] as const) {
        const archive = buildArchive(drawing, { shape })
        const names = gnuTar(archive, '--list').trim().split('\n')
        const blobs = names.filter((name) => /^blobs\/sha256\/./.test(name))
        for (const name of blobs)
          expect(sha256(member(archive, name))).toBe(name.slice('blobs/sha256/'.length))
        const said = ['index.json', ...(shape === 'docker' ? ['manifest.json'] : [])]
          .concat(blobs)
          .map((name) => member(archive, name))
          .filter((body) => body[0] === 0x7b || body[0] === 0x5b)
          .flatMap((body) => [
            ...body.toString().matchAll(/"digest":"sha256:([0-9a-f]{64})"|blobs\/sha256\/([0-9a-f]{64})/g),
          ])
          .map((match) => `blobs/sha256/${match[1] ?? match[2]}`)
        expect(new Set(said)).toEqual(new Set(blobs))
      }
  })

  test('the config counts its layers and lines as drawn, in every shape', () => {
    for (const shape of ['docker', 'docker20'] as const) {
      const archive = buildArchive(drawing, { shape })
      const [image] = JSON.parse(member(archive, 'manifest.json').toString())
      const config = JSON.parse(member(archive, image.Config).toString())
      expect(image.RepoTags).toEqual(['two-layers:1'])
      expect(config.rootfs.diff_ids).toEqual(
        image.Layers.map((path: string) => `sha256:${sha256(member(archive, path))}`),
      )
      expect(config.history.map((line: { empty_layer?: true }) => line.empty_layer ?? false)).toEqual([
        false,
        false,
        true,
      ])
      expect(config.config.Cmd).toEqual(['/bin/sh'])
    }
  })

  test('the same drawing gives the same bytes', () => {
    expect(Buffer.compare(buildArchive(drawing), buildArchive(drawing))).toBe(0)
  })

  test('layers can be compressed by whoever brings a compressor', () => {
    const compress = (tar: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> => new Uint8Array(gzipSync(tar))
    const archive = buildArchive(drawing, { shape: 'oci', compression: { suffix: '+gzip', compress } })
    const index = JSON.parse(member(archive, 'index.json').toString())
    const manifest = JSON.parse(
      member(archive, `blobs/sha256/${index.manifests[0].digest.slice(7)}`).toString(),
    )
    expect(manifest.layers[0].mediaType).toBe('application/vnd.oci.image.layer.v1.tar+gzip')
    expect(member(archive, `blobs/sha256/${manifest.layers[0].digest.slice(7)}`).readUInt16BE(0)).toBe(0x1f8b)
  })
})

describe('drawn trees', () => {
  test('children stand below their parents, links with their arrows, changes with their marks', () => {
    const rows = [
      { depth: 0, name: 'etc', type: 'directory', change: 'same' },
      { depth: 1, name: 'motd', type: 'file', change: 'changed' },
      { depth: 1, name: 'mtab', type: 'symlink', link: '/proc/mounts', change: 'added' },
    ]
    expect(printTree(rows)).toBe(
      drawn(`
        d etc/
          f motd
          s mtab -> /proc/mounts`),
    )
    expect(printTree(rows, { changes: true })).toBe(
      drawn(`
        d etc/
          ~ f motd
          + s mtab -> /proc/mounts`),
    )
  })
})
