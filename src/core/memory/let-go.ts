/**
 * Buffers given back to the platform the moment they are done with. Left to the garbage collector, which sees no need,
 * hundreds of megabytes stay for minutes; `transfer(0)` keeps them as well. A message to a port that is closed takes the
 * buffer along, and nobody gets it (Chromium, six buffers of 160 MB hashed one after the other: 330 MB at most and 30
 * afterwards, against 630 and 480; docs/performance.md has what it does for scanning).
 */

/** Buffers of a stream that has one reader, and who has a use for them. */
const streamed = new WeakMap<ArrayBuffer, Back>()

/** Takes a buffer that nobody needs any more, to fill it again. */
type Back = ((buffer: ArrayBuffer) => void) | null

/** Says that nobody but the reader of a stream holds this piece of it; once the reader is done with it, `back` has it. */
export function toReader(piece: Uint8Array<ArrayBuffer>, back: Back = null): Uint8Array<ArrayBuffer> {
  streamed.set(piece.buffer, back)
  return piece
}

/**
 * Frees a piece of a stream that its reader is done with, or gives it back to who made it; views into it are good no more.
 * One that somebody else may hold stays as it is.
 */
export function letGo(piece: Uint8Array<ArrayBuffer>): void {
  const back = streamed.get(piece.buffer)
  if (!streamed.delete(piece.buffer)) return
  if (back) back(piece.buffer)
  else free(piece)
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
