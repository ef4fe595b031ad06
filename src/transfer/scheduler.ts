/**
 * The budgets all transfers of an engine share, and the progress slots that go with requests.
 *
 * A request in flight has a permit and a slot; a part held in memory has its bytes. Memory is
 * taken first and kept over retries, a request permit only for the time of one attempt, so a part
 * that waits for its next attempt keeps no connection from others.
 */

import type { StopSignal } from '../store/abortable.ts'
import { Hedging } from './hedging.ts'
import { OneJobGuess } from './one-job-guess.ts'
import { RequestGate, type RequestPermit } from './request-gate.ts'
import type { RequestKind } from './request-lane.ts'
import { RequestThroughput } from './request-throughput.ts'
import { Semaphore } from './semaphore.ts'
import { SizeGuess } from './size-guess.ts'

export class Scheduler {
  readonly requests: RequestGate
  readonly memory: Semaphore
  /**
   * Memory for ranges read ahead of their reader. A budget of its own: it is given back only as
   * fast as the reader takes, and a reader may be waiting for an upload that waits for memory.
   */
  readonly readAhead: Semaphore
  /** Transfers worked on; the others wait, holding nothing but their arguments. */
  readonly transfers: Semaphore
  /** Whether the last file that was looked at was small: the next is probably like it. */
  lastFileWasSmall = false
  /** The same of objects to download. */
  readonly smallObjects = new SizeGuess()
  /** Whether the next small object can be relayed in one job. */
  readonly oneJobRelays = new OneJobGuess()
  /** What one request moves; every part that arrives is noted. */
  readonly throughput = new RequestThroughput()
  /** Second requests for slow ones. */
  readonly hedging = new Hedging()

  /** @param progressOf bytes the job in a slot has moved; without it only finished ones count */
  constructor(
    limits: {
      readonly maxInFlight: number
      readonly memoryLimit: number
      readonly maxTransfers: number
    },
    progressOf: (slot: number) => number = () => 0,
  ) {
    this.requests = new RequestGate(limits.maxInFlight, progressOf)
    this.memory = new Semaphore(limits.memoryLimit)
    this.readAhead = new Semaphore(limits.memoryLimit)
    this.transfers = new Semaphore(limits.maxTransfers)
  }

  /** @param kind `undefined` for passes over local bytes, which have no limit but the common one */
  acquireRequest(sequence: number, signal: StopSignal, kind?: RequestKind): Promise<RequestPermit> {
    return this.requests.acquire(kind, sequence, signal)
  }
}
