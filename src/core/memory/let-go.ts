/**
 * Buffers given back to the platform the moment they are done with. Left to the garbage collector, which sees no need,
 * hundreds of megabytes stay for minutes; `transfer(0)` keeps them as well. A message to a port that is closed takes the
 * buffer along, and nobody gets it (Chromium, six buffers of 160 MB hashed one after the other: 330 MB at most and 30
 * afterwards, against 630 and 480; docs/performance.md has what it does for scanning).
 */

/** Buffers that came from the platform, in a stream that has one reader. */
const streamed = new WeakSet<ArrayBuffer>()

/** Says that nobody but the reader of a stream holds this piece of it. */
export function toReader(piece: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  streamed.add(piece.buffer)
  return piece
}

/** Frees a piece of a stream that its reader is done with, views into it too; one that somebody else may hold stays as it is. */
export function letGo(piece: Uint8Array<ArrayBuffer>): void {
  if (streamed.delete(piece.buffer)) free(piece)
}

let nowhere: MessagePort | null = null

/**
 * Frees bytes that are held by nobody else. Views into them are empty afterwards, in Chromium; elsewhere nothing happens,
 * nor where they are not all of their buffer: somebody may hold the rest.
 */
export function free({ buffer, length }: Uint8Array<ArrayBuffer>): void {
  if (length !== buffer.byteLength) return
  // Measured in Chromium and its kin, and wanted only there: userAgentData is what they alone have.
  if (!('userAgentData' in (globalThis.navigator ?? {}))) return
  if (!nowhere) {
    const { port1, port2 } = new MessageChannel()
    port2.close()
    nowhere = port1
  }
  nowhere.postMessage(null, [buffer])
}
