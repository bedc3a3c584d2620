/** Bytes to a file, as they come. */
import { open } from 'node:fs/promises'
import type { Bytes } from '../core/bytes/source'

/** `writeFile` of a FileHandle goes on where it stopped, in steps of half a mebibyte: Linux takes half as long again for four at once (measured). */
export async function writePieces(
  path: string,
  pieces: Iterable<Bytes> | AsyncIterable<Bytes>,
): Promise<void> {
  const handle = await open(path, 'w')
  try {
    for await (const piece of pieces) await handle.writeFile(piece)
  } finally {
    await handle.close()
  }
}
