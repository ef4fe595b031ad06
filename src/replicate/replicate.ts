/**
 * Two prefixes kept in step: one pass over both after the other, each a `sync`, until somebody stops it.
 *
 *   pass → wait until the next is due → pass … → stop: the pass under way ends, and no other begins
 */

import { isTransferError, toTransferError, TransferError } from '../errors.ts'
import { sleep } from '../store/abortable.ts'
import type { TreeProgress, TreeResult, TreeTransfer } from '../tree/tree-transfer.ts'
import type { Lag } from './lag.ts'

/** How one pass ended. */
export interface ReplicationPass {
  /** From 1. */
  readonly pass: number
  /** Epoch milliseconds. */
  readonly startedAt: number
  readonly elapsedMs: number
  /** Sums; `undefined` for a pass that broke off. */
  readonly result: TreeResult | undefined
  /** Why it broke off. */
  readonly error: TransferError | undefined
  /**
   * How old what the destination has may be: time since the last pass began that did everything.
   * `undefined` while there was none. Milliseconds.
   */
  readonly lagMs: number | undefined
}

export interface ReplicationResult {
  readonly passes: number
  /** Passes that broke off or in which something failed. */
  readonly failedPasses: number
  /** Over all passes. */
  readonly copied: number
  readonly deleted: number
  readonly bytes: number
}

export interface ReplicationHost {
  /** One pass over both sides. */
  readonly sync: (signal: AbortSignal) => TreeTransfer
  readonly intervalMs: number
  readonly onPass: ((pass: ReplicationPass) => unknown) | undefined
  /** Ends it when the pass under way has ended. */
  readonly stopping: AbortSignal
  /** Cuts the pass under way. */
  readonly signal: AbortSignal
  readonly lag: Lag
  /** Told of each pass that begins. */
  readonly onBegin: (pass: { readonly progress: TreeProgress }) => void
}

/**
 * Failures that may be over by the next pass are told and waited for; others end it.
 * @throws ERR_ABORTED, and what no later pass will do better
 */
export async function replicate(host: ReplicationHost): Promise<ReplicationResult> {
  const { intervalMs, onPass, stopping, signal, lag } = host
  const sums = { passes: 0, failedPasses: 0, copied: 0, deleted: 0, bytes: 0 }
  do {
    const startedAt = Date.now()
    const begin = performance.now()
    const { result, error } = await onePass(host)
    if (signal.aborted) throw abortedBy(signal.reason)
    sums.passes += 1
    sums.copied += result?.copied ?? 0
    sums.deleted += result?.deleted ?? 0
    sums.bytes += result?.bytes ?? 0
    if (error === undefined && result?.failed === 0) lag.inStepAsOf(startedAt)
    else sums.failedPasses += 1
    const elapsedMs = performance.now() - begin
    await onPass?.({ pass: sums.passes, startedAt, elapsedMs, result, error, lagMs: lag.lagMs() })
    if (error !== undefined && !mayPass(error)) throw error
    await waitFor(intervalMs - (performance.now() - begin), stopping)
    if (signal.aborted) throw abortedBy(signal.reason)
  } while (!stopping.aborted)
  return sums
}

async function onePass({
  sync,
  signal,
  onBegin,
}: ReplicationHost): Promise<Pick<ReplicationPass, 'result' | 'error'>> {
  const pass = sync(signal)
  onBegin(pass)
  try {
    return { result: await pass, error: undefined }
  } catch (error) {
    return { result: undefined, error: toTransferError(error) }
  }
}

/** Whether the next pass may do better: stores come back, and a source may not stay empty. */
function mayPass(error: TransferError): boolean {
  return error.retryable || error.code === 'ERR_DELETE_REFUSED'
}

/** Waits, or until somebody stops it. */
async function waitFor(delayMs: number, stopping: AbortSignal): Promise<void> {
  if (delayMs <= 0) return
  try {
    await sleep(delayMs, stopping)
  } catch (error) {
    if (!isTransferError(error) || error.code !== 'ERR_ABORTED') throw error
  }
}

function abortedBy(cause: unknown): TransferError {
  const message = 'The replication was aborted; what was done stays'
  return new TransferError('ERR_ABORTED', message, {}, { cause })
}
