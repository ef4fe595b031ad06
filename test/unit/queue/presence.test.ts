import { describe, expect, it } from 'vitest'
import { queueKeys } from '../../../src/queue/keys.ts'
import { presentWorkers, sayPresence, shareOf } from '../../../src/queue/presence.ts'

describe('shareOf', () => {
  const none = { maxBandwidth: 0, maxRequestRate: 0 }

  it.each([
    [none, [], 3, none],
    [none, [none], 3, none],
    [none, [{ maxBandwidth: 9, maxRequestRate: 0 }], 3, { maxBandwidth: 3, maxRequestRate: 0 }],
    // A budget is never passed over for being small.
    [none, [{ maxBandwidth: 2, maxRequestRate: 1 }], 3, { maxBandwidth: 1, maxRequestRate: 1 }],
    // The tightest of several jobs.
    [
      none,
      [
        { maxBandwidth: 9, maxRequestRate: 0 },
        { maxBandwidth: 6, maxRequestRate: 30 },
      ],
      3,
      { maxBandwidth: 2, maxRequestRate: 10 },
    ],
    [
      { maxBandwidth: 2, maxRequestRate: 100 },
      [{ maxBandwidth: 9, maxRequestRate: 30 }],
      3,
      { maxBandwidth: 2, maxRequestRate: 10 },
    ],
    // Somebody counts at least oneself.
    [none, [{ maxBandwidth: 9, maxRequestRate: 0 }], 0, { maxBandwidth: 9, maxRequestRate: 0 }],
  ])('of %j and jobs %j among %i is %j', (own, jobs, workers, share) => {
    expect(shareOf(own, jobs, workers)).toEqual(share)
  })
})

describe('presence', () => {
  it('is told by the clock of Redis, not by ours', async () => {
    const asked: unknown[][] = []
    const client = {
      eval: async (...given: unknown[]) => {
        asked.push(given)
        return given.length > 4 ? 1 : []
      },
    }
    const keys = queueKeys('default')
    const word = { host: 'here', pid: 1, leaseMs: 30_000 }
    expect(await sayPresence(client as never, keys, 'id', word)).toBe(1)
    expect(await presentWorkers(client as never, keys)).toEqual([])
    for (const [script, ...given] of asked) {
      expect(script).toContain("redis.call('TIME')")
      // A lease, no moment.
      expect(given.filter((value) => typeof value === 'number' && value > 1e6)).toEqual([])
    }
  })
})
