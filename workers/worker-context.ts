/**
 * What the jobs of one thread share, and the token by which one of them is stopped.
 */

import { TransferError } from '../src/errors.ts'
import type { WorkerState } from '../src/pool/shared-state.ts'
import type { Signer } from '../src/store/signing.ts'
import type { Connection } from './connection.ts'
import type { ConnectionPool } from './connection-pool.ts'
import type { PartBuffers } from './part-buffers.ts'

export interface WorkerContext {
  readonly workerId: number
  readonly signer: Signer
  readonly buffers: PartBuffers
  readonly state: WorkerState
  /** The pool of connections to an origin; made when first asked for. */
  pool(origin: string): ConnectionPool
}

/** Stops a job: at once while it is sending or receiving, else before its next step. */
export class JobToken {
  readonly transferId: number
  readonly slot: number
  #cancelled = false
  #connection: Connection | undefined

  constructor(transferId: number, slot: number) {
    this.transferId = transferId
    this.slot = slot
  }

  cancel(): void {
    this.#cancelled = true
    this.#connection?.destroy(new TransferError('ERR_ABORTED', 'The transfer was aborted'))
  }

  /** Names the connection to cut. */
  hold(connection: Connection | undefined): void {
    this.#connection = connection
  }

  /** @throws ERR_ABORTED */
  check(): void {
    if (this.#cancelled) throw new TransferError('ERR_ABORTED', 'The transfer was aborted')
  }
}

/**
 * Runs `work` with a connection, which is given back whole or cut, whatever happens.
 */
export async function withConnection<T>(
  pool: ConnectionPool,
  token: JobToken,
  work: (connection: Connection) => Promise<{ readonly reusable: boolean; readonly value: T }>,
): Promise<T> {
  const connection = await pool.acquire()
  let reusable = false
  try {
    token.check()
    token.hold(connection)
    const done = await work(connection)
    reusable = done.reusable
    return done.value
  } finally {
    token.hold(undefined)
    pool.release(connection, reusable)
  }
}
