import { describe, expect, it } from 'vitest'
import { SharedState } from '../../../src/pool/shared-state.ts'
import { RequestPacer } from '../../../src/store/request-pacer.ts'
import { RunningLimits, type Limits } from '../../../src/transfer/running-limits.ts'

function makeLimits(): RunningLimits {
  const limits = new RunningLimits(new SharedState(1).bandwidth, new RequestPacer(0))
  limits.set({ maxBandwidth: 1000, maxRequestRate: 5 })
  return limits
}

describe('limits of a running engine', () => {
  it('are changed one by one, and taken away with 0', () => {
    const limits = makeLimits()
    limits.set({ maxBandwidth: 0 })
    expect([limits.maxBandwidth, limits.maxRequestRate]).toEqual([0, 5])
    limits.set({ maxBandwidth: undefined, maxRequestRate: 7 })
    expect([limits.maxBandwidth, limits.maxRequestRate]).toEqual([0, 7])
  })

  it.each([
    ['ERR_OPTION_UNKNOWN', { maxBandwith: 5 }, '`maxBandwidth`'],
    ['ERR_OPTION_UNKNOWN', { max_bandwidth: 5 }, '`maxBandwidth`'],
    ['ERR_OPTION_INVALID', { maxBandwidth: -1 }, '`maxBandwidth`'],
    ['ERR_OPTION_INVALID', { maxBandwidth: '10MiB' }, '`maxBandwidth`'],
    ['ERR_OPTION_INVALID', { maxBandwidth: 7, maxRequestRate: 1.5 }, '`maxRequestRate`'],
  ] as const)('are all as before after %s of %o', (code, given, named) => {
    const limits = makeLimits()
    let thrown: unknown
    try {
      limits.set(given as Limits)
    } catch (error) {
      thrown = error
    }
    expect(thrown).toMatchObject({ code, message: expect.stringContaining(named) as string })
    expect([limits.maxBandwidth, limits.maxRequestRate]).toEqual([1000, 5])
  })
})
