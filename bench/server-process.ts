/**
 * The store of the benchmark, in a process of its own: the local store with the pattern back end,
 * which keeps no bytes, without MD5, over plain HTTP. It ends when its parent lets go of it.
 *
 *   any message → ServerStats; the first message it sends is its StoreAddress
 */

import { startLocalStore } from '../src/testing.ts'

export interface StoreAddress {
  readonly endpoint: string
  readonly region: string
  readonly bucket: string
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }
}

/** Totals since the start. */
export interface ServerStats {
  readonly connections: number
  readonly requests: number
  readonly cpuSeconds: number
}

const BUCKET = 'bench'

// Ctrl-C reaches every process of the terminal; the runner ends this one when it is done.
process.on('SIGINT', () => undefined)

const store = await startLocalStore({
  backend: 'pattern',
  md5: false,
  buckets: [BUCKET],
  credentials: { accessKeyId: 'TESTACCESSKEY', secretAccessKey: 'test-secret-key' },
})

process.on('message', () => {
  const { connections, requests } = store.stats()
  const { user, system } = process.cpuUsage()
  const stats: ServerStats = { connections, requests, cpuSeconds: (user + system) / 1e6 }
  process.send?.(stats)
})
process.once('disconnect', () => {
  void store.close()
})

const { endpoint, region, credentials } = store
process.send?.({ endpoint, region, bucket: BUCKET, credentials } satisfies StoreAddress)
