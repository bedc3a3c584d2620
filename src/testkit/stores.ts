/** The ports of jobs in memory, for tests: the same that a browser without storage gets. */
export { memoryStores } from '../jobs/memory-stores'
