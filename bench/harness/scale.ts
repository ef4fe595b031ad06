/** What flags make of the size and the number of a workload's objects. Pure. */

import type { Step, Workload } from '../workloads/workload.ts'

export interface Scale {
  /** Size of a single large object, or of the largest one of a sweep. Bytes. */
  readonly size: number | undefined
  /** Share of the objects of a workload with many. */
  readonly countScale: number
}

/** Many objects stay many. */
const COUNT_MIN = 2

export function stepsOf(workload: Workload, { size, countScale }: Scale): Step[] {
  const { steps, scaledBy } = workload
  if (scaledBy === 'count') {
    return (steps ?? [workload]).map((step) => ({
      count: Math.max(COUNT_MIN, Math.round(step.count * countScale)),
      size: step.size,
    }))
  }
  const known = (steps ?? [workload]).map((step) => ({ count: step.count, size: step.size }))
  if (scaledBy === 'nothing' || size === undefined) return known
  if (steps === undefined) return [{ count: workload.count, size }]
  return known.filter((step) => step.size <= size)
}
