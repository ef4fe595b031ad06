/**
 * One attempt of one request: permit → route → worker → answer.
 */

import type { RequestEnd } from '../adapt/request-limit.ts'
import type { ErrorCode } from '../errors.ts'
import type { PartDone, PartFailed, PartJob } from '../pool/protocol.ts'
import { ACTIONS } from '../store/error-classes.ts'
import type { Operation, RequestKind } from './request-lane.ts'
import type { ObjectStore } from '../store/object-store.ts'
import type { TransferRun } from './transfer-run.ts'

/** Where a transfer reads, if that is not where it writes. */
export interface RequestPlace {
  readonly store: ObjectStore
  readonly bucket: string
  readonly key: string
}

/** What a driver says of a request; the job is made anew for each attempt. */
export interface PartRequest {
  /** From 1; 0 for a pass over bytes that are all there. */
  readonly partNumber: number
  readonly length: number
  /** `undefined` for a pass over bytes at hand, which is no request. */
  readonly operation: Operation | undefined
  /** Whom it is made to; what it moves is then no progress. @default the store and bucket of the transfer */
  readonly at?: RequestPlace | undefined
  makeJob(slot: number): PartJob
  /**
   * Told of a failed attempt that made progress, so that the next job can go on behind it.
   * Returns the bytes that count from now on.
   */
  onPartial?(failed: PartFailed): number
  /**
   * What may be done about an attempt that takes much longer than others: `race` it with a second
   * one, where both write the same; `move` it to another connection, going on behind what arrived.
   */
  readonly whenSlow?: (() => 'race' | 'move' | undefined) | undefined
}

export interface AttemptOutcome {
  readonly result: PartDone | PartFailed
  /** Bytes that count from now on. */
  readonly kept: number
}

/** What a race between two attempts of one request needs to know of each. */
export interface AttemptWatch {
  /** The attempt has its permit and begins. */
  onStart(slot: number): void
  /** Whether a success counts; only the first one does. */
  isFirst(): boolean
}

/** No answer, or hardly any, in the time there was: there may be too many requests. */
const TIME_OUTS: ReadonlySet<ErrorCode> = new Set([
  'ERR_CONNECT_TIMEOUT',
  'ERR_READ_TIMEOUT',
  'ERR_TOO_SLOW',
])

/** Whose limit a request falls under. */
export function kindOf(run: TransferRun, request: PartRequest): RequestKind | undefined {
  const { operation } = request
  return operation && { bucket: placeOf(run, request).bucket, operation }
}

export function placeOf({ env, info }: TransferRun, { at }: PartRequest): RequestPlace {
  return at ?? { store: env.store, bucket: info.bucket, key: info.key }
}

/** One attempt, with a permit for just as long. */
export async function attemptOnce(
  run: TransferRun,
  request: PartRequest,
  watch?: AttemptWatch,
): Promise<AttemptOutcome> {
  const { env, stopping: signal, progress } = run
  const permit = await env.scheduler.acquireRequest(run.sequence, signal, kindOf(run, request))
  const isProgress = request.at === undefined
  let kept = 0
  let end: RequestEnd = 'failed'
  try {
    const job = request.makeJob(permit.slot)
    if (job.kind !== 'digest' && env.limits.maxRequestRate > 0) {
      await env.limits.requests.turn(signal)
    }
    const { store, bucket } = placeOf(run, request)
    const route = job.kind === 'digest' ? undefined : await store.route(bucket, { signal })
    if (job.kind !== 'digest') run.attempts += 1
    if (isProgress) progress.open(permit.slot)
    watch?.onStart(permit.slot)
    permit.begin()
    const result = await env.executor.run(route, job)
    end = endOf(result)
    // A digest moves nothing: its bytes were counted when they came.
    if (!result.ok) kept = request.onPartial?.(result) ?? 0
    else if (job.kind !== 'digest') {
      kept = watch === undefined || watch.isFirst() ? result.length : 0
      env.scheduler.throughput.note(result.length, result.elapsedMs)
    }
    return { result, kept }
  } finally {
    if (isProgress) progress.close(permit.slot, kept)
    permit.release(end, kept)
  }
}

/** What a request limit is told of an answer. */
export function endOf(result: PartDone | PartFailed): RequestEnd {
  if (result.ok) return 'done'
  const { code } = result.error
  if (ACTIONS[code] === 'throttle') return 'refused'
  return TIME_OUTS.has(code) ? 'timed-out' : 'failed'
}
