/** Faults as tests look at them. */
import { ImageError, type Fault } from './fault'

/** The fault of a job that must have one; any other error is thrown. */
export async function faultIn(job: Promise<unknown>): Promise<Fault> {
  try {
    await job
  } catch (thrown) {
    if (thrown instanceof ImageError) return thrown.fault
    throw thrown
  }
  throw new Error('there was no fault')
}
