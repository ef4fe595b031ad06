/**
 * What the jobs of one thread share, and the token by which one of them is stopped.
 */

import { TransferError } from '../src/errors.ts'
import type { CloseReason, WorkerState } from '../src/pool/shared-state.ts'
import type { Signer } from '../src/store/signing.ts'
import type { Allowance } from './allowance.ts'
import type { Connection } from './connection.ts'
import type { Stoppable } from './connection-limit.ts'
import type { ConnectionPool } from './connection-pool.ts'
import type { PartBuffers } from './part-buffers.ts'

export interface WorkerContext {
  readonly workerId: number
  readonly signer: Signer
  readonly buffers: PartBuffers
  /** Whole pages, for calls that pass the page cache by. */
  readonly pages: PartBuffers
  readonly state: WorkerState
  /** The pool of connections to an origin; made when first asked for. */
  pool(origin: string): ConnectionPool
}

/**
 * Stops a job: at once while it waits for a connection, sends or receives, else before its next
 * step.
 */
export class JobToken implements Stoppable {
  readonly transferId: number
  /** Number of the job, if it has one. */
  readonly job: number | undefined
  /** Whether its connection may have been stale; see `ErrorContext`. */
  mayBeStale = false
  #cancelled = false
  #stop: ((error: TransferError) => void) | undefined

  constructor(transferId: number, job?: number) {
    this.transferId = transferId
    this.job = job
  }

  cancel(): void {
    this.#cancelled = true
    this.#stop?.(new TransferError('ERR_ABORTED', 'The transfer was aborted'))
  }

  /** Says how to stop what the job is at. */
  hold(stop: ((error: TransferError) => void) | undefined): void {
    this.#stop = stop
  }

  /** @throws ERR_ABORTED */
  check(): void {
    if (this.#cancelled) throw new TransferError('ERR_ABORTED', 'The transfer was aborted')
  }
}

/**
 * Runs `work` with a connection, which is given back whole or cut, whatever happens. Under a
 * bandwidth limit it waits for its turn first, so that no connection is taken only to wait.
 */
export async function withConnection<T>(
  pool: ConnectionPool,
  token: JobToken,
  allowance: Allowance,
  work: (connection: Connection) => Promise<{ readonly reusable: boolean; readonly value: T }>,
): Promise<T> {
  token.check()
  let connection: Connection | undefined
  // Until work begins nothing can have become of it.
  let reusable = true
  let reason: CloseReason = 'failed'
  try {
    if (allowance.isOn) {
      await allowance.begin(token)
      token.check()
    }
    const acquired = await pool.acquire(token)
    connection = acquired
    token.check()
    reusable = false
    token.hold((error) => acquired.destroy(error))
    allowance.attach(acquired)
    const done = await work(acquired)
    reusable = done.reusable
    reason = 'server'
    return done.value
  } catch (error) {
    token.mayBeStale = connection?.mayBeStale === true
    throw error
  } finally {
    token.hold(undefined)
    // Before somebody else has the connection.
    allowance.end()
    if (connection !== undefined) pool.release(connection, reusable, reason)
  }
}
