/**
 * Which thread gets a task, and when another is worth starting.
 *
 * A thread costs about 0.15 CPU seconds to start and carries several Gbit/s, so another one is
 * started only when those that run are saturated (their event loops, which in a worker include
 * reading, writing and hashing, were busy for most of the last interval) and the machine had a
 * core to spare meanwhile: where it had none, another thread takes time from the others. Tasks are
 * of different sizes, so what a thread has in hand is counted in jobs.
 */

import { cpus } from 'node:os'
import type { Worker } from 'node:worker_threads'
import type { Piscina } from 'piscina'

/** How often saturation is looked at, and the least time between two starts. Milliseconds. */
const INTERVAL_MS = 750

/**
 * Busy share from which a thread counts as saturated.
 * Source: none, reasonable default; sockets begin to wait for a loop busier than that.
 */
const SATURATED = 0.85

/**
 * Idle time, in cores, that leaves room for another thread.
 * Source: none, reasonable default; with less it would wait more than it runs.
 */
const ROOM = 0.5

export type LoadBalancer = NonNullable<
  NonNullable<ConstructorParameters<typeof Piscina>[0]>['loadBalancer']
>

export type PiscinaTask = Parameters<LoadBalancer>[0]

export interface ThreadBalancerOptions {
  readonly maxThreads: number
  /** Jobs with which a thread has enough; its connections bound what it can do with them. */
  readonly maxJobs: number
  /** Jobs a thread has in hand, by its id. */
  jobsOf(threadId: number): number
  /** Told which thread a task was given to. */
  onPlaced(task: PiscinaTask, threadId: number): void
  threads(): readonly Worker[]
  /** Milliseconds. @default performance.now */
  readonly now?: () => number
  /** Milliseconds all cores together were idle so far. @default what the system says */
  readonly idleMs?: () => number
}

type Utilization = ReturnType<Worker['performance']['eventLoopUtilization']>

export function createThreadBalancer(options: ThreadBalancerOptions): LoadBalancer {
  const { maxThreads, maxJobs, jobsOf, onPlaced, threads } = options
  const { now = () => performance.now(), idleMs = systemIdleMs } = options
  const last = new WeakMap<Worker, Utilization>()
  let lookedAt = now()
  let lastIdleMs = Number.NaN

  const allSaturated = (): boolean => {
    let busy = true
    for (const thread of threads()) {
      const before = last.get(thread)
      const current = thread.performance.eventLoopUtilization()
      last.set(thread, current)
      const { utilization } = thread.performance.eventLoopUtilization(current, before)
      busy &&= before !== undefined && utilization >= SATURATED
    }
    return busy
  }

  /** Whether cores were idle since the last look; the first look does not know. */
  const hasRoom = (elapsedMs: number): boolean => {
    const idle = idleMs()
    const before = lastIdleMs
    lastIdleMs = idle
    return idle - before >= ROOM * elapsedMs
  }

  return (task, workers) => {
    let candidate: (typeof workers)[number] | undefined
    let fewest = maxJobs
    for (const worker of workers) {
      const jobs = jobsOf(worker.id)
      if (jobs >= fewest) continue
      candidate = worker
      fewest = jobs
    }
    const elapsedMs = now() - lookedAt
    if (workers.length < maxThreads && elapsedMs >= INTERVAL_MS) {
      lookedAt += elapsedMs
      // Both are looked at each time, since both measure from one look to the next.
      const isWanted = allSaturated()
      // No candidate makes Piscina start a thread; the task goes to whichever is free first.
      if (hasRoom(elapsedMs) && isWanted) return null
    }
    if (candidate === undefined) return null
    onPlaced(task, candidate.id)
    return candidate
  }
}

/** Of a system that does not tell, every core counts as idle all the time. */
function systemIdleMs(): number {
  const cores = cpus()
  if (cores.length === 0) return performance.now()
  return cores.reduce((sum, { times }) => sum + times.idle, 0)
}
