/**
 * What happens to the connections of a worker, as plain data: made in workers while somebody
 * listens, heard of the engine as the event `pool`. Types only.
 */

import type { CloseReason } from './worker-counters.ts'

/**
 * - `open`: a connection is being opened
 * - `ready`: it stands, handshakes included
 * - `close`: it is gone, whether or not it ever stood
 * - `wait`: a request found no connection and waits for one
 * - `waited`: it got one, or gave up
 */
export type PoolEventType = 'open' | 'ready' | 'close' | 'wait' | 'waited'

export interface PoolEvent {
  readonly type: PoolEventType
  /** Id of the thread; 0 for the calling one. */
  readonly workerId: number
  /** Scheme, host and port. */
  readonly origin: string
  /** Why it was closed; only of `close`. */
  readonly reason: CloseReason | undefined
  /** How long opening took (`ready`), the connection lived (`close`), the request `waited`. */
  readonly elapsedMs: number | undefined
  /** What this worker had over all origins when it happened; see `WorkerCounters`. */
  readonly open: number
  readonly busy: number
  readonly idle: number
  readonly waiting: number
}
