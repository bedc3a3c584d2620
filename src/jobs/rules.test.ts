/** The verdicts of engines on their way to the page: of what was opened, of an export before it is built, and of what came out. */
import { expect, test } from 'vitest'
import type { EngineRow, ExportRequest } from '../../workers/api'
import { buildArchive, type Shape } from '../testkit/archive'
import type { Engine } from './engine'
import { dropped, engineOn } from './engine.fixture'

const DRAWING = `
image demo:1
layer  COPY rootfs /
  d 755 0:0  etc/
  f 644 0:0  etc/motd "hello"`

async function opened(shape: Shape, drawing = DRAWING): Promise<Engine> {
  const { engine } = engineOn({ persistent: false })
  await engine.open(dropped(buildArchive(drawing, { shape }), 'demo.tar'))
  return engine
}

const verdicts = (rows: readonly EngineRow[]): string[] =>
  rows.map(
    ({ engine, verdict, images }) =>
      `${engine}: ${verdict} ${images.map(({ names }) => names.join()).join()}`,
  )

test('an OCI layout alone is refused by docker’s classic store; exported for docker load, no engine refuses it', async () => {
  const engine = await opened('oci')
  const before = await engine.rules()
  expect(before.find(({ engine }) => engine.startsWith('docker load ('))?.verdict).toBe('fails')
  const result = await engine.export({ build: 'flatten', format: 'docker', tag: 'demo:1' })
  expect(result.engines.map(({ verdict }) => verdict)).toEqual(result.engines.map(() => 'loads'))
  const docker = result.engines.find(({ engine }) => engine === 'docker load')!
  expect(docker.images).toEqual([{ names: ['demo:1'], id: result.imageId }])
  const containerd = result.engines.find(({ engine }) => engine.includes('containerd'))!
  expect(containerd.images).toEqual([{ names: ['demo:1'], id: result.manifestDigest }])
})

const requests: readonly ExportRequest[] = [
  { build: 'append', format: 'docker', tag: 'demo:2' },
  { build: 'append', format: 'oci', tag: 'demo:1' },
  { build: 'flatten', format: 'docker', tag: '' },
  { build: 'squash', format: 'oci', tag: 'example.org:5000/team/demo:2', from: 0 },
  { build: 'flatten', format: 'rootfs', tag: '' },
]

test.each(requests)(
  'what is said of an export before it is built holds for what comes out: %j',
  async (request) => {
    const engine = await opened('docker')
    await engine.edit([{ op: 'write', path: '/etc/motd', content: 'hello again' }])
    const planned = await engine.exportRules(request)
    const { engines } = await engine.export(request)
    expect(verdicts(planned)).toEqual(verdicts(engines))
    expect(planned.length === 0).toBe(request.format === 'rootfs')
  },
)

test('an archive of another platform: its verdicts are told before and after', async () => {
  const engine = await opened('docker', DRAWING.replace('demo:1', 'demo:1\n  platform windows/amd64'))
  const rows = await engine.rules()
  expect(rows.find(({ engine }) => engine === 'docker load')?.says).toBe('cannot load windows image on linux')
})

const COMMANDS = [
  'docker load',
  'docker load, containerd store',
  'ctr images import',
  'podman load',
  'skopeo copy oci-archive:',
  'umoci unpack',
] as const

/** "docker, containerd, ctr, podman, skopeo, umoci": what each does with an image that has such a layer on top. */
async function withLayer(entries: string): Promise<{ verdicts: string; docker: EngineRow }> {
  const engine = await opened('docker', `${DRAWING}\nlayer  RUN odd\n  ${entries.replaceAll('; ', '\n  ')}`)
  const rows = await read(engine)
  const of = (command: string): EngineRow =>
    rows.find(({ engine }) => engine.replace(/ \(.*\)$/, '') === command)!
  return { verdicts: COMMANDS.map((command) => of(command).verdict).join(' '), docker: of('docker load') }
}

/** Once the layers are read: an export waits for them, and this one is the archive as it is. */
const read = (engine: Engine): Promise<readonly EngineRow[]> =>
  engine.exportRules({ build: 'append', format: 'docker', tag: 'demo:1' })

test.each([
  ['a hard link into a lower layer', 'h etc/new => etc/motd', 'fails fails fails fails loads loads'],
  ['a hard link to nothing', 'h etc/new => none', 'fails fails fails fails loads fails'],
  ['a path below a file of the same layer', 'f x; f x/y', 'fails fails fails fails loads fails'],
  ['a path below a file of a lower layer', 'f etc/motd/x', 'loads loads loads loads loads fails'],
  ['a path twice', 'f x; f x', 'fails loads loads fails loads loads'],
  ['a whiteout behind its entry', 'f x; w x', 'fails fails fails fails loads loads'],
  ['a whiteout, then the directory', 'w etc; d etc/; f etc/x', 'differs differs differs differs loads loads'],
  ['an opaque root', 'o /', 'differs differs differs differs loads loads'],
  ['nothing odd', 'd etc/; w etc/motd; f etc/x', 'loads loads loads loads loads loads'],
])('what a layer holds decides: %s', async (_, entries, due) => {
  expect((await withLayer(entries)).verdicts).toBe(due)
})

test('a finding names the layer and the path, with the way out; what the way out makes loads', async () => {
  const { docker } = await withLayer('h etc/new => etc/motd')
  expect(docker.why).toMatch(/^Layer 1, \/etc\/new: A hard link to etc\/motd/)
  expect(docker.says).toBe('no such file or directory')
  expect(docker.repair).toContain('flatten')
  const engine = await opened('docker', `${DRAWING}\nlayer  RUN odd\n  h etc/new => etc/motd`)
  await engine.edit([{ op: 'write', path: '/etc/more', content: 'x' }])
  for (const build of ['append', 'rewrite', 'squash', 'flatten'] as const) {
    const request: ExportRequest = { build, format: 'docker', tag: 'demo:1', from: 0 }
    const planned = await engine.exportRules(request)
    const isClean = build === 'squash' || build === 'flatten'
    expect(planned.some(({ verdict }) => verdict === 'fails')).toBe(!isClean)
    expect(verdicts((await engine.export(request)).engines)).toEqual(verdicts(planned))
  }
})
