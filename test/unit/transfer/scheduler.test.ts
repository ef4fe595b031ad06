import { describe, expect, it } from 'vitest'
import { Scheduler } from '../../../src/transfer/scheduler.ts'

const never = new AbortController().signal

describe('Scheduler', () => {
  it('gives each request in flight a slot of its own, and uses slots again', async () => {
    const scheduler = new Scheduler({ maxInFlight: 3, memoryLimit: 10, maxTransfers: 1 })
    const permits = await Promise.all([1, 2, 3].map((n) => scheduler.acquireRequest(n, never)))
    expect(new Set(permits.map(({ slot }) => slot))).toEqual(new Set([0, 1, 2]))
    const waiting = scheduler.acquireRequest(4, never)
    permits[1]?.release()
    expect((await waiting).slot).toBe(permits[1]?.slot)
    expect(scheduler.requests.taken).toBe(3)
  })

  it('keeps no slot for a request that was given up while it waited', async () => {
    const scheduler = new Scheduler({ maxInFlight: 1, memoryLimit: 10, maxTransfers: 1 })
    const first = await scheduler.acquireRequest(1, never)
    const controller = new AbortController()
    const given = scheduler.acquireRequest(2, controller.signal)
    controller.abort(new Error('given up'))
    await expect(given).rejects.toThrow('given up')
    first.release()
    expect((await scheduler.acquireRequest(3, never)).slot).toBe(0)
  })
})
