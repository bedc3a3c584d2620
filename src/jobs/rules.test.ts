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
