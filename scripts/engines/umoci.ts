/** The union as `umoci unpack` makes it: an applier that unpacks each layer onto the result of those below (oci/layer/tar_extract.go). */
import { join } from 'node:path'
import { command, complaint } from './command'
import { withFolder } from './others'
import { peel } from './peel'
import { rootfsOf, type SeenImage } from './witness'

export type Kind = 'docker-archive' | 'oci-archive' | 'legacy'

/**
 * The root filesystem of an image, unpacked by umoci as root and read back from the disk by GNU tar. skopeo makes the
 * layout: from an OCI one with its layers plain on the way, since umoci 0.4 knows no zstd; from docker's with gzip, since
 * skopeo 1.9 calls them compressed whatever they are. Of a legacy archive, which skopeo does not read, Peel makes it. Throws with the tool's own words.
 */
export function unionByUmoci(tar: string, kind: Kind, image = 0, images = 1): SeenImage['entries'] {
  return withFolder((folder) => {
    const run = (program: string, ...args: readonly string[]): void => {
      const result = command(program, args)
      if (!result.ok) throw new Error(`${program} ${args[0]}: ${complaint(result)}`)
    }
    const skopeo = (...args: readonly string[]): void =>
      run('skopeo', '--insecure-policy', '--tmpdir', folder, 'copy', '-q', ...args)
    const layout = `${join(folder, 'layout')}:peel`
    let source = `${kind}:${tar}${images > 1 ? `:@${image}` : ''}`
    if (kind === 'legacy') {
      const made = join(folder, 'made.tar')
      const built = peel('rebuild', tar, '--format', 'oci', '-o', made)
      if (!built.ok) throw new Error(`peel rebuild: ${complaint(built)}`)
      source = `oci-archive:${made}`
    }
    if (kind === 'docker-archive') skopeo(source, `oci:${layout}`)
    else {
      const plain = `dir:${join(folder, 'dir')}`
      skopeo('--dest-decompress', source, plain)
      skopeo('--dest-oci-accept-uncompressed-layers', plain, `oci:${layout}`)
    }
    // Raw: an image without an OS has a union too, and no runtime configuration.
    const rootfs = join(folder, 'rootfs')
    run('umoci', 'raw', 'unpack', '--image', layout, rootfs)
    const back = join(folder, 'rootfs.tar')
    run('tar', '--create', '--format=posix', '--numeric-owner', '--file', back, '--directory', rootfs, '.')
    return rootfsOf(back)
  })
}

/** Why umoci cannot be asked here, or null. */
export function whyNoUmoci(): string | null {
  if (process.getuid?.() !== 0) return 'owners and devices are unpacked by root only'
  for (const program of ['umoci', 'skopeo'])
    if (!command(program, ['--version']).ok) return `${program} is not installed`
  return null
}
