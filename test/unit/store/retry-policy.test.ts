import { describe, expect, it } from 'vitest'

import { TransferError, type ErrorCode, type ErrorContext } from '../../../src/errors.ts'
import { createRetryPolicy, RetrySequence } from '../../../src/store/retry-policy.ts'

/** The longest waits: jitter at its upper end. */
const policy = createRetryPolicy({
  maxAttempts: 6,
  retryDelayMs: 100,
  retryDelayMaxMs: 3000,
  random: () => 1,
})

describe('createRetryPolicy', () => {
  it('doubles the wait up to its bound, and ends with the last attempt', () => {
    const delays = [1, 2, 3, 4, 5, 6].map((n) =>
      policy.delayMs(failure('ERR_CONNECTION_LOST'), n, n),
    )
    expect(delays).toEqual([100, 200, 400, 800, 1600, undefined])
    expect(policy.delayMs(failure('ERR_THROTTLED'), 3, 1)).toBe(3000)
  })

  it('waits from a second upwards when the store asks to slow down', () => {
    expect(policy.delayMs(failure('ERR_THROTTLED'), 1, 1)).toBe(1000)
    expect(policy.delayMs(failure('ERR_THROTTLED'), 2, 1)).toBe(2000)
  })

  it('spreads waits over the whole interval', () => {
    const half = createRetryPolicy({
      maxAttempts: 3,
      retryDelayMs: 100,
      retryDelayMaxMs: 3000,
      random: () => 0.5,
    })
    expect(half.delayMs(failure('ERR_READ_TIMEOUT'), 1, 1)).toBe(50)
  })

  it('waits at least as long as the store asked for', () => {
    const error = failure('ERR_STORE_UNAVAILABLE', { retryAfterMs: 5000 })
    expect(policy.delayMs(error, 1, 1)).toBe(5000)
    const short = failure('ERR_STORE_UNAVAILABLE', { retryAfterMs: 10 })
    expect(policy.delayMs(short, 1, 1)).toBe(100)
  })

  it('gives damaged bytes three attempts', () => {
    const delays = [1, 2, 3].map((n) => policy.delayMs(failure('ERR_CHECKSUM_MISMATCH'), n, n))
    expect(delays).toEqual([100, 200, undefined])
  })

  it.each<ErrorCode>([
    'ERR_ACCESS_DENIED',
    'ERR_CONFLICT',
    'ERR_PRECONDITION_FAILED',
    'ERR_ABORTED',
    'ERR_DISK_FULL',
    'ERR_INTERNAL',
  ])('does not repeat after %s', (code) => {
    expect(policy.delayMs(failure(code), 1, 1)).toBeUndefined()
  })
})

describe('RetrySequence', () => {
  it.each<ErrorCode>(['ERR_CHECKSUM_MISMATCH', 'ERR_WORKER_LOST'])(
    'gives up at the third %s, whatever else went wrong before',
    (code) => {
      const patient = { maxAttempts: 20, retryDelayMs: 0, retryDelayMaxMs: 0 }
      const sequence = new RetrySequence(createRetryPolicy(patient))
      for (let n = 1; n <= 5; n += 1) sequence.next(failure('ERR_STORE_UNAVAILABLE'))
      expect(sequence.next(failure(code))).toBe(0)
      expect(sequence.next(failure('ERR_CONNECTION_LOST'))).toBe(0)
      expect(sequence.next(failure(code))).toBe(0)
      expect(sequence.next(failure(code))).toBeUndefined()
    },
  )

  it('tries each kind of correction once, at once, among other retries', () => {
    const sequence = new RetrySequence(policy)
    expect(sequence.next(failure('ERR_CREDENTIALS_EXPIRED'))).toBe(0)
    expect(sequence.next(failure('ERR_CLOCK_SKEW'))).toBe(0)
    expect(sequence.next(failure('ERR_CONNECTION_LOST'))).toBe(400)
    expect(sequence.attempt).toBe(4)
    expect(sequence.next(failure('ERR_CREDENTIALS_EXPIRED'))).toBeUndefined()
    expect(sequence.attempt).toBe(4)
  })
})

function failure(code: ErrorCode, context: ErrorContext = {}): TransferError {
  return new TransferError(code, 'test', context)
}
