import { expect, test } from 'vitest'
import { loadLines, type Saved } from './load-lines'

const saved: Saved = {
  format: 'docker',
  file: 'my image.tar',
  tag: 'ghcr.io/me/app:1',
  imageId: `sha256:${'ab'.repeat(32)}`,
  config: null,
}
const commands = (some: Partial<Saved>) => loadLines({ ...saved, ...some }).map(({ command }) => command)

test('docker and podman load, and run by name', () => {
  expect(commands({})).toEqual([
    `docker load -i 'my image.tar'`,
    'docker run --rm -it ghcr.io/me/app:1',
    `podman load -i 'my image.tar'`,
  ])
})

test('without a name an image is run by its ID, and nothing is copied to a name', () => {
  expect(commands({ tag: '' })).toContain('docker run --rm -it abababababab')
  expect(commands({ tag: '', format: 'oci' }).join('\n')).not.toContain('skopeo')
})

test('a root filesystem is imported with what import can set, quoted for the shell', () => {
  const config = { Env: [`A=it's`], Cmd: ['/bin/sh', '-l'], WorkingDir: '/srv' } as unknown as Saved['config']
  expect(commands({ format: 'rootfs', config, file: 'a.tar' })[0]).toBe(
    `docker import --change 'ENV A=it'\\''s' --change 'WORKDIR /srv' --change 'CMD ["/bin/sh","-l"]' a.tar ghcr.io/me/app:1`,
  )
})

test('a context is built, an unpacked image is unpacked', () => {
  expect(commands({ format: 'context', file: 'c.tar' })[0]).toBe('docker build -t ghcr.io/me/app:1 - < c.tar')
  expect(commands({ format: 'unpacked', file: 'u.tar' })[0]).toBe('mkdir image && tar -xf u.tar -C image')
  expect(commands({ format: 'zip', file: 'u.zip' })[0]).toBe('unzip u.zip -d image')
  expect(commands({ format: 'delta', file: 'd.tar' })[0]).toBe('docker load -i d.tar')
})
