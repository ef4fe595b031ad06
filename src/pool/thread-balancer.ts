/**
 * Which thread gets a task, and when another is worth starting.
 *
 * A thread costs about 0.15 CPU seconds to start and carries several Gbit/s, so a second one is
 * started only when those that run are saturated: their event loops (which in a worker include
 * reading, writing and hashing) were busy for most of the last interval.
 */

import type { Worker } from 'node:worker_threads'
import type { Piscina } from 'piscina'

/** How often saturation is looked at, and the least time between two starts. Milliseconds. */
const INTERVAL_MS = 750

/**
 * Busy share from which a thread counts as saturated.
 * Source: none, reasonable default; sockets begin to wait for a loop busier than that.
 */
const SATURATED = 0.85

type LoadBalancer = NonNullable<
  NonNullable<ConstructorParameters<typeof Piscina>[0]>['loadBalancer']
>

export interface ThreadBalancerOptions {
  readonly maxThreads: number
  /** Tasks one thread may hold; its connections bound what it can do with them. */
  readonly maxTasks: number
  threads(): readonly Worker[]
  /** Milliseconds. @default performance.now */
  readonly now?: () => number
}

type Utilization = ReturnType<Worker['performance']['eventLoopUtilization']>

export function createThreadBalancer(options: ThreadBalancerOptions): LoadBalancer {
  const { maxThreads, maxTasks, threads, now = () => performance.now() } = options
  const last = new WeakMap<Worker, Utilization>()
  let lookedAt = now()

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

  return (_task, workers) => {
    let candidate: (typeof workers)[number] | undefined
    for (const worker of workers) {
      if (worker.currentUsage >= maxTasks) continue
      if (candidate === undefined || worker.currentUsage < candidate.currentUsage) {
        candidate = worker
      }
    }
    if (workers.length < maxThreads && now() - lookedAt >= INTERVAL_MS) {
      lookedAt = now()
      // No candidate makes Piscina start a thread; the task goes to whichever is free first.
      if (allSaturated()) return null
    }
    return candidate ?? null
  }
}
