/**
 * When to try again, and after how long. Pure: no clock, no timer; randomness is passed in.
 *
 * Exponential back-off with full jitter, so that clients which failed together do not come back
 * together. What a correction may mend (clock, credentials, region) is tried again at once, but
 * only once per kind: see `RetrySequence`. Times are milliseconds, attempts count from 1.
 */

import type { ErrorCode, TransferError } from '../errors.ts'
import { actionOf, type ErrorAction } from './classify.ts'

/** Decides about another attempt. */
export interface RetryPolicy {
  /**
   * Milliseconds to wait before the next attempt, after attempt number `attempt` failed with that
   * error; `undefined` when there should be none.
   *
   * @param alike attempts that failed in the same way, this one included
   */
  delayMs(error: TransferError, attempt: number, alike: number): number | undefined
}

export interface RetryPolicyOptions {
  /** Attempts altogether, the first included. */
  readonly maxAttempts: number
  /** Upper bound of the first wait; it doubles from attempt to attempt. */
  readonly retryDelayMs: number
  /** Upper bound of any wait the store did not ask for itself. */
  readonly retryDelayMaxMs: number
  /** Uniform in [0, 1). @default Math.random */
  readonly random?: (() => number) | undefined
}

/**
 * Upper bound of the first wait after a store asked to slow down. Milliseconds.
 * Source: `@smithy/core` standard retry, throttling base.
 */
const THROTTLE_DELAY_MS = 1000

/** Attempts at sending bytes that arrive damaged: a defect does not go away by persistence. */
const DAMAGED_ATTEMPTS_MAX = 3

/** Threads one request may lose: it may be what ends them. */
const LOST_WORKERS_MAX = 3

/** The actions that correct something and are taken once each. */
const REPAIRS: ReadonlySet<ErrorAction> = new Set(['clock', 'credentials', 'region'])

/** The policy of this package. */
export function createRetryPolicy(options: RetryPolicyOptions): RetryPolicy {
  const { maxAttempts, retryDelayMs, retryDelayMaxMs, random = Math.random } = options
  const jitter = (baseMs: number, attempt: number): number =>
    Math.round(random() * Math.min(retryDelayMaxMs, baseMs * 2 ** (attempt - 1)))
  return {
    delayMs(error, attempt, alike) {
      const action = actionOf(error)
      if (action === 'fatal' || action === 'conflict' || attempt >= maxAttempts) return undefined
      if (error.code === 'ERR_WORKER_LOST' && alike >= LOST_WORKERS_MAX) return undefined
      if (action === 'damaged' && alike >= DAMAGED_ATTEMPTS_MAX) return undefined
      if (REPAIRS.has(action)) return 0
      const isThrottle = action === 'throttle'
      const baseMs = isThrottle ? Math.max(THROTTLE_DELAY_MS, retryDelayMs) : retryDelayMs
      return Math.max(jitter(baseMs, attempt), error.context.retryAfterMs ?? 0)
    },
  }
}

/**
 * The attempts at one request: how many there were, in which ways they failed, and which corrections
 * were tried.
 */
export class RetrySequence {
  readonly #policy: RetryPolicy
  readonly #repaired = new Set<ErrorAction>()
  /** Failures by our code. */
  readonly #failures = new Map<ErrorCode, number>()
  #attempt = 1

  constructor(policy: RetryPolicy) {
    this.#policy = policy
  }

  /** Number of the attempt under way, from 1. */
  get attempt(): number {
    return this.#attempt
  }

  /** Attempts that failed with this code. */
  failures(code: ErrorCode): number {
    return this.#failures.get(code) ?? 0
  }

  /** Takes the error of this attempt; tells the wait before the next, or that there is none. */
  next(error: TransferError): number | undefined {
    const action = actionOf(error)
    const alike = this.failures(error.code) + 1
    this.#failures.set(error.code, alike)
    if (this.#repaired.has(action)) return undefined
    const delayMs = this.#policy.delayMs(error, this.#attempt, alike)
    if (delayMs === undefined) return undefined
    if (REPAIRS.has(action)) this.#repaired.add(action)
    this.#attempt += 1
    return delayMs
  }
}
