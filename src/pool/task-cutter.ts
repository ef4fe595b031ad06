/**
 * How the jobs of one turn are cut into tasks. A task costs as much as a small request, so small
 * jobs go many to a task; a large one goes alone, and no thread gets all while another has nothing.
 */

import { MiB } from '../units.ts'

/** Source: measured 2026-11; from some 30 jobs on, a task costs nothing beside them. */
const JOBS_MAX = 64

/**
 * Fewest jobs for which it is worth to cut a task in two. Source: none, reasonable default; what is
 * left to one thread in this turn goes to another in the next.
 */
const JOBS_MIN = 8

/** Bytes that are work enough for one task. Source: none, reasonable default; about 1 ms. */
const BYTES_MAX = 1 * MiB

/** Cuts jobs, in their order, into tasks for so many threads. */
export function cutIntoTasks<T extends { readonly length: number }>(
  jobs: readonly T[],
  threads: number,
): T[][] {
  const share = Math.min(
    JOBS_MAX,
    Math.max(JOBS_MIN, Math.ceil(jobs.length / Math.max(1, threads))),
  )
  const tasks: T[][] = []
  let task: T[] = []
  let bytes = 0
  for (const job of jobs) {
    if (task.length === share || (task.length > 0 && bytes + job.length > BYTES_MAX)) {
      tasks.push(task)
      task = []
      bytes = 0
    }
    task.push(job)
    bytes += job.length
  }
  if (task.length > 0) tasks.push(task)
  return tasks
}
