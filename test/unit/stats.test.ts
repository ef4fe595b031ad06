import { describe, expect, it } from 'vitest'
import { COUNTERS, type WorkerCounters } from '../../src/pool/shared-state.ts'
import { engineStats } from '../../src/stats.ts'
import { makeRun } from './transfer/run-fixture.ts'

function counters(threadId: number, factor: number): WorkerCounters {
  const entries = COUNTERS.map((name, index) => [name, index * factor] as const)
  return { ...(Object.fromEntries(entries) as Record<(typeof COUNTERS)[number], number>), threadId }
}

describe('engineStats', () => {
  it('adds up every counter of all workers and shows the budgets', async () => {
    const { env } = makeRun({ tuning: { maxInFlight: 2, memoryLimit: 1000 } })
    const never = new AbortController().signal
    await env.scheduler.acquireRequest(1, never)
    await env.scheduler.acquireRequest(1, never)
    void env.scheduler.acquireRequest(1, never)
    await env.scheduler.memory.acquire(300, 1, never)
    const workers = [counters(5, 1), counters(9, 10)]
    const executor = Object.assign(Object.create(env.executor) as typeof env.executor, {
      workers: () => workers,
    })
    const stats = engineStats({ ...env, executor }, 4)
    expect(stats).toMatchObject({
      transfers: 4,
      requests: { inFlight: 2, waiting: 1 },
      memory: { taken: 300, limit: 1000 },
      workers,
    })
    const summed = COUNTERS.filter((name) => name !== 'threadId' && name !== 'beatAt')
    expect(Object.keys(stats.pool).sort()).toEqual([...summed].sort())
    for (const name of summed) expect(stats.pool[name]).toBe(COUNTERS.indexOf(name) * 11)
    expect(JSON.parse(JSON.stringify(stats))).toEqual(stats)
  })
})
