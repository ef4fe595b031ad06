import type { EventLoopUtilization } from 'node:perf_hooks'
import type { Worker } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'
import { createThreadBalancer } from '../../../src/pool/thread-balancer.ts'

type Balancer = ReturnType<typeof createThreadBalancer>
type Candidate = Parameters<Balancer>[1][number]

/** A thread whose loop was busy for that share of the time since it was last looked at. */
function thread(share: { busy: number }): Worker {
  let active = 0
  const eventLoopUtilization = (
    now?: EventLoopUtilization,
    before?: EventLoopUtilization,
  ): EventLoopUtilization => {
    if (now !== undefined) {
      const utilization = (now.active - (before?.active ?? 0)) / 100
      return { idle: 0, active: 0, utilization }
    }
    active += share.busy * 100
    return { idle: 0, active, utilization: 0 }
  }
  return { performance: { eventLoopUtilization } } as unknown as Worker
}

/** A thread that has that many jobs in hand, which the id says here. */
function candidate(jobs: number): Candidate {
  return { id: jobs, currentUsage: 1, isRunningAbortableTask: false } as unknown as Candidate
}

function setUp(maxThreads: number, maxJobs = 10) {
  const share = { busy: 1 }
  const clock = { now: 0 }
  const machine = { idleCores: 1 }
  const placed: number[] = []
  const threads = [thread(share)]
  const balancer = createThreadBalancer({
    maxThreads,
    maxJobs,
    jobsOf: (threadId) => threadId,
    onPlaced: (_task, threadId) => placed.push(threadId),
    threads: () => threads,
    now: () => clock.now,
    idleMs: () => clock.now * machine.idleCores,
  })
  const choose = (workers: Candidate[]): unknown => balancer({} as never, workers)
  return { share, clock, machine, placed, choose }
}

describe('the balancer', () => {
  it('gives a task to the thread with the fewest jobs, and tells which', () => {
    const { choose, placed } = setUp(3)
    const workers = [candidate(2), candidate(1), candidate(3)]
    expect(choose(workers)).toBe(workers[1])
    expect(placed).toEqual([1])
  })

  it('leaves a task in the queue when every thread has all it can do', () => {
    const { choose, placed } = setUp(1, 2)
    expect(choose([candidate(2)])).toBeNull()
    expect(placed).toEqual([])
  })

  it('starts another thread when those that run were busy for a whole interval', () => {
    const { choose, clock } = setUp(2)
    const workers = [candidate(1)]
    expect(choose(workers), 'too early to tell').toBe(workers[0])
    clock.now = 800
    expect(choose(workers), 'the first look only begins the interval').toBe(workers[0])
    clock.now = 1600
    expect(choose(workers)).toBeNull()
    expect(choose(workers), 'one start per interval').toBe(workers[0])
  })

  it('starts none while the loops have time', () => {
    const { choose, clock, share } = setUp(2)
    share.busy = 0.5
    const workers = [candidate(1)]
    for (clock.now = 0; clock.now < 3000; clock.now += 200) {
      expect(choose(workers)).toBe(workers[0])
    }
  })

  it('starts none while the machine has no core to spare', () => {
    const { choose, clock, machine } = setUp(2)
    machine.idleCores = 0.3
    const workers = [candidate(1)]
    for (clock.now = 0; clock.now < 3000; clock.now += 200) {
      expect(choose(workers)).toBe(workers[0])
    }
  })

  it('never starts more than allowed', () => {
    const { choose, clock } = setUp(1)
    const workers = [candidate(1)]
    for (clock.now = 0; clock.now < 3000; clock.now += 200) {
      expect(choose(workers)).toBe(workers[0])
    }
  })
})
