/**
 * The attempts of one request: permit → route → worker → answer, and between two of them what the
 * error asks for: new credentials, another region, the store's clock, or only time.
 *
 * Retries live here and nowhere else: workers make one attempt, the SDK is told to make one.
 */

import { fromWire } from '../errors.ts'
import type { PartDone, PartFailed, PartJob } from '../pool/protocol.ts'
import { sleep } from '../store/abortable.ts'
import { RetrySequence } from '../store/retry-policy.ts'
import { repair } from '../store/with-retry.ts'
import type { TransferRun } from './transfer-run.ts'

/** What a driver says of a request; the job is made anew for each attempt. */
export interface PartRequest {
  /** From 1; 0 for a pass over bytes that are all there. */
  readonly partNumber: number
  readonly length: number
  makeJob(slot: number): PartJob
  /**
   * Told of a failed attempt that made progress, so that the next job can go on behind it.
   * Returns the bytes that count from now on.
   */
  onPartial?(failed: PartFailed): number
}

/**
 * Least share of a request that counts as progress: a line that gives less each time is broken and
 * must run out of attempts. Source: none, reasonable default; bounds a request to 100 new starts.
 */
const PROGRESS_MIN = 0.01

/**
 * Runs a request until it succeeds or has failed for good. An attempt that moved bytes which count
 * starts the count of attempts anew: a long range over a bad line is patience, not failure.
 *
 * @param failed a first attempt that was made already
 * @throws the error of the last attempt, or the reason the run was stopped.
 */
export async function attempt(
  run: TransferRun,
  request: PartRequest,
  failed?: PartFailed,
): Promise<PartDone> {
  const { env, stopping } = run
  const { partNumber } = request
  let sequence = new RetrySequence(env.retryPolicy)
  let earlier = failed && { result: failed, kept: 0 }
  for (;;) {
    const { result, kept } = earlier ?? (await attemptOnce(run, request))
    earlier = undefined
    if (result.ok) {
      // 0: a pass over bytes that have all arrived.
      if (partNumber > 0) reportPart(run, partNumber, sequence.attempt, result)
      return result
    }
    stopping.throwIfAborted()
    const number = sequence.attempt
    const error = fromWire(result.error).with({ ...run.context, partNumber, attempt: number })
    if (kept > request.length * PROGRESS_MIN) sequence = new RetrySequence(env.retryPolicy)
    const delayMs = sequence.next(error)
    if (delayMs === undefined || !repair(env.store, run.info.bucket, error)) throw error
    env.events.emit('retry', { transfer: run.info, partNumber, attempt: number, delayMs, error })
    await sleep(delayMs, stopping)
    stopping.throwIfAborted()
  }
}

/** Tells listeners of a part that has arrived. */
export function reportPart(
  run: TransferRun,
  partNumber: number,
  attemptNumber: number,
  { length: bytes, elapsedMs, workerId }: PartDone,
): void {
  const { events } = run.env
  if (!events.hears('part')) return
  const done = { partNumber, bytes, elapsedMs, attempt: attemptNumber, workerId }
  events.emit('part', { transfer: run.info, ...done })
}

/** One attempt, with a permit for just as long. */
export async function attemptOnce(
  run: TransferRun,
  request: PartRequest,
): Promise<{ readonly result: PartDone | PartFailed; readonly kept: number }> {
  const { env, stopping: signal, progress } = run
  const permit = await env.scheduler.acquireRequest(run.sequence, signal)
  let kept = 0
  try {
    const job = request.makeJob(permit.slot)
    const route =
      job.kind === 'digest' ? undefined : await env.store.route(run.info.bucket, { signal })
    if (job.kind !== 'digest') run.attempts += 1
    progress.open(permit.slot)
    const result = await env.executor.run(route, job)
    // A digest moves nothing: its bytes were counted when they came.
    if (result.ok && job.kind !== 'digest') {
      kept = result.length
      env.scheduler.requestRate.note(result.length, result.elapsedMs)
    }
    if (!result.ok) kept = request.onPartial?.(result) ?? 0
    return { result, kept }
  } finally {
    progress.close(permit.slot, kept)
    permit.release()
  }
}
