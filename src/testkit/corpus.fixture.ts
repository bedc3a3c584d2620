/**
 * Tests that need archives made by real tools. Where those are not, corpus.ts says so, once a file, and the tests count
 * as skipped; in CI it throws instead, so that nothing is skipped there.
 */
import { describe, test } from 'vitest'
import { corpus } from './corpus'

export const describeOnCorpus = describe.skipIf(!corpus)
export const testOnCorpus = test.skipIf(!corpus)
