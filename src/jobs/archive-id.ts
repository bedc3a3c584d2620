/** The key of an archive in this browser's storage and in the address. */
import { utf8 } from '../core/bytes/text'
import { sha256 } from '../core/digest/sha256'
import type { Archive } from '../core/image/image'
import type { OpenedSource } from './open'

/** The same archive gets the same key, however its file is called: its layout and its images, without reading layers. */
export async function archiveId(
  { file, compression }: OpenedSource,
  { members, images }: Archive,
): Promise<string> {
  const layout = members.list.map(({ path, size, bodyAt }) => [path, size, bodyAt])
  const digest = await sha256(
    utf8(
      JSON.stringify([
        file.size,
        compression,
        images.map(({ id, manifest }) => [id, manifest?.digest ?? null]),
        layout,
      ]),
    ),
  )
  return digest.slice('sha256:'.length, 'sha256:'.length + 32)
}
