import { describe, expect, it } from 'vitest'
import { SharedState, WorkerState } from '../../src/pool/shared-state.ts'
import { CLOSE_REASONS, COUNTERS, type WorkerCounters } from '../../src/pool/worker-counters.ts'
import { engineStats } from '../../src/stats.ts'
import { makeRun } from './transfer/run-fixture.ts'

const SUMMED = COUNTERS.filter((name) => name !== 'threadId' && name !== 'beatAt')

/** Rows of workers that counted 1, 2, 3 … times their factor, in the order of the names. */
function rowsOf(factors: readonly number[]): WorkerCounters[] {
  const shared = new SharedState(1)
  for (const [index, factor] of factors.entries()) {
    const state = new WorkerState(shared.buffer, 1, index + 5)
    for (const name of SUMMED) state.add(name, COUNTERS.indexOf(name) * factor)
    for (const [at, reason] of CLOSE_REASONS.entries()) {
      for (let count = 0; count < at * factor; count += 1) state.addClosed(reason)
    }
    state.note('handshakeMs', 3 * factor)
    state.note('acquireMs', 700 * factor)
  }
  return shared.workers()
}

describe('engineStats', () => {
  it('adds up every counter of all workers and shows the budgets', async () => {
    const { env } = makeRun({ tuning: { maxInFlight: 2, memoryLimit: 1000 } })
    const never = new AbortController().signal
    const kind = { bucket: 'bucket', operation: 'GetObject' } as const
    await env.scheduler.acquireRequest(1, never, kind)
    await env.scheduler.acquireRequest(1, never, kind)
    void env.scheduler.acquireRequest(1, never, kind)
    await env.scheduler.memory.acquire(300, 1, never)
    const workers = rowsOf([1, 10])
    const executor = Object.assign(Object.create(env.executor) as typeof env.executor, {
      workers: () => workers,
    })
    const stats = engineStats({ ...env, executor }, 4)
    expect(stats).toMatchObject({
      transfers: 4,
      requests: { inFlight: 2, waiting: 1 },
      limits: { maxBandwidth: 0, maxRequestRate: 0, waiting: 0 },
      operations: [{ ...kind, limit: 2, inFlight: 2, waiting: 1, requestRate: undefined }],
      memory: { taken: 300, limit: 1000 },
      readAhead: { taken: 0, limit: 1000 },
      kinds: { upload: { submitted: 1 } },
      retries: { total: 0, byCode: {} },
      workers,
    })
    const { closed, handshakeMs, acquireMs, openedPerThousandRequests, ...counters } = stats.pool
    expect(openedPerThousandRequests).toBe((1000 * counters.opened) / counters.requests)
    expect(Object.keys(counters).sort()).toEqual([...SUMMED].sort())
    for (const name of SUMMED) expect(counters[name]).toBe(COUNTERS.indexOf(name) * 11)
    const { total, ...reasons } = closed
    expect(Object.keys(reasons).sort()).toEqual([...CLOSE_REASONS].sort())
    for (const reason of CLOSE_REASONS) {
      expect(reasons[reason]).toBe(CLOSE_REASONS.indexOf(reason) * 11)
    }
    expect(total).toBe(Object.values(reasons).reduce((sum, count) => sum + count, 0))
    expect(handshakeMs).toMatchObject({ count: 2, sum: 33 })
    expect(handshakeMs.buckets.map(({ count }) => count)).toEqual([
      0, 0, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2,
    ])
    expect(acquireMs).toMatchObject({ count: 2, sum: 7700 })
    expect(acquireMs.buckets.slice(-4)).toEqual([
      { le: 1000, count: 1 },
      { le: 2000, count: 1 },
      { le: 5000, count: 1 },
      { le: 10_000, count: 2 },
    ])
    expect(JSON.parse(JSON.stringify(stats))).toEqual(stats)
  })

  it('says that no connections were opened for no requests', () => {
    expect(engineStats(makeRun().env, 0).pool.openedPerThousandRequests).toBe(0)
  })
})
