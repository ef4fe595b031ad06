/**
 * A store on disk as a process that may be killed at any moment. Each request is written to a file
 * before a byte of its body is read, so that a kill loses none of them. Ends with its parent.
 *
 *   argv[2]: StoreStart as JSON → message: port
 */

import { openSync, writeSync } from 'node:fs'
import { startLocalStore } from 'transfer-engine/testing'
import type { MovingRequest, StoreAddress } from './store-view.ts'

export interface StoreStart {
  readonly dir: string
  /** 0 takes a free one. */
  readonly port: number
  readonly buckets: readonly string[]
  readonly credentials: StoreAddress['credentials']
  /** Where requests are written, one `LoggedRequest` a line. */
  readonly log: string
  /** Number of this life, from 1. */
  readonly life: number
}

export interface LoggedRequest extends MovingRequest {
  readonly life: number
  readonly key?: string | undefined
}

const { log, life, ...options } = JSON.parse(process.argv[2] ?? '') as StoreStart
const file = openSync(log, 'a')
const store = await startLocalStore({ ...options, md5: false })
const add = store.requests.add.bind(store.requests)
store.requests.add = (entry) => {
  add(entry)
  // What is asked for is known by then, and no more.
  queueMicrotask(() => {
    const { operation, startedAt, key, uploadId, partNumber, range } = entry
    const line: LoggedRequest = { life, operation, startedAt, key, uploadId, partNumber, range }
    writeSync(file, `${JSON.stringify(line)}\n`)
  })
}
process.once('disconnect', () => {
  void store.close()
})
process.send?.(store.port)
