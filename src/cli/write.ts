/** Bytes to a file, as they come. */
import { open } from 'node:fs/promises'
import type { Bytes } from '../core/bytes/source'

/** Writes each piece at once: `writeFile` of a FileHandle cuts them into halves of a mebibyte, and waits for each. */
export async function writePieces(
  path: string,
  pieces: Iterable<Bytes> | AsyncIterable<Bytes>,
): Promise<void> {
  const handle = await open(path, 'w')
  try {
    for await (const piece of pieces)
      for (let at = 0; at < piece.length;) at += (await handle.write(piece, at)).bytesWritten
  } finally {
    await handle.close()
  }
}
