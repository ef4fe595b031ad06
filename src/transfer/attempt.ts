/**
 * The attempts of one request, and between two of them what the error asks for: new credentials,
 * another region, the store's clock, or only time.
 *
 * Retries live here and nowhere else: workers make one attempt, the SDK is told to make one.
 */

import { fromWire, TransferError } from '../errors.ts'
import type { PartDone, PartFailed } from '../pool/protocol.ts'
import { sleep } from '../store/abortable.ts'
import { RetrySequence } from '../store/retry-policy.ts'
import { repair } from '../store/with-retry.ts'
import { placeOf, type PartRequest } from './request-attempt.ts'
import { attemptHedged } from './slow-attempt.ts'
import type { TransferRun } from './transfer-run.ts'

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
  let earlier = failed && { result: failed, kept: 0, moved: false }
  let wasStale = false
  for (;;) {
    const { result, kept, moved } = earlier ?? (await attemptHedged(run, request))
    earlier = undefined
    if (result.ok) {
      run.retries.noteProgress()
      // 0: a pass over bytes that have all arrived. What is read for a copy arrives when it is sent.
      if (partNumber > 0 && request.at === undefined) {
        reportPart(run, partNumber, sequence.attempt, result)
      }
      return result
    }
    stopping.throwIfAborted()
    if (moved) continue
    const number = sequence.attempt
    const { store, bucket, key } = placeOf(run, request)
    const context = { ...run.context, bucket, key, partNumber, attempt: number }
    const error = fromWire(result.error).with(context)
    // The server closed an idle connection while the request was on its way: nobody's failure.
    if (error.context.stale === true && !wasStale) {
      wasStale = true
      continue
    }
    if (kept > request.length * PROGRESS_MIN) {
      sequence = new RetrySequence(env.retryPolicy)
      run.retries.noteProgress()
    }
    const delayMs = sequence.next(error)
    if (delayMs === undefined || !repair(store, bucket, error)) {
      throw withLostThreads(error, sequence.failures('ERR_WORKER_LOST'))
    }
    if (!run.retries.take()) throw tooMany(run, error)
    run.retried({ partNumber, attempt: number, delayMs, error })
    await sleep(delayMs, stopping)
    stopping.throwIfAborted()
  }
}

/** Says how many threads a part has cost, which is likely its own doing. */
function withLostThreads(error: TransferError, count: number): TransferError {
  if (error.code !== 'ERR_WORKER_LOST' || count < 2) return error
  const message = `${sentence(error)} ${count} threads ended with this part in hand: it is given up.`
  return new TransferError(error.code, message, error.context, { cause: error.cause })
}

function tooMany(run: TransferRun, error: TransferError): TransferError {
  const { failed, succeeded } = run.retries
  const message =
    `${sentence(error)} After ${failed} failed requests and ${succeeded} good ones ` +
    'the transfer gives up.'
  return new TransferError(error.code, message, error.context, { cause: error.cause })
}

function sentence({ message }: TransferError): string {
  return message.endsWith('.') ? message : `${message}.`
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
