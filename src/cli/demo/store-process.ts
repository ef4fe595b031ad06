/**
 * The local store of the demo, in a process of its own: so the CPU time of the demo's process is
 * that of the engine alone. It ends when its parent lets go of it, or dies.
 *
 *   argv[2]: directory → message: StoreAddress
 */

import { startLocalStore } from '../../testing.ts'

/** What the parent is told. */
export interface StoreAddress {
  readonly endpoint: string
  readonly region: string
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }
}

// Ctrl-C reaches every process of the terminal, and the parent still needs the store to clean up.
process.on('SIGINT', () => undefined)
process.on('SIGHUP', () => undefined)

const store = await startLocalStore({
  dir: process.argv[2],
  buckets: ['demo'],
  // MD5 would be the slowest thing in the demo, and nothing in it compares an MD5.
  md5: false,
})
process.once('disconnect', () => {
  void store.close()
})
const { endpoint, region, credentials } = store
process.send?.({ endpoint, region, credentials } satisfies StoreAddress)
