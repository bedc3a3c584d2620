/** For the tests of sources that stand before another one. */
import { MemorySource, type Bytes } from './source'

/** Counts how often it is read. */
export class Counted extends MemorySource {
  reads = 0
  override read(at: number, length: number): Promise<Bytes> {
    this.reads++
    return super.read(at, length)
  }
}
