/** What an object costs by its size, between sizes that were measured. Pure. */

/** What an object of this size costs; seconds of CPU time, of all threads and of the main one. */
export interface CostPoint {
  /** Bytes. */
  readonly size: number
  readonly cpuSeconds: number
  readonly mainSeconds: number
  /** Where it was measured: the name of a result, and what was done with it. */
  readonly source: string
}

/**
 * A straight line between neighbours. Below the first an object costs what the first does; behind the
 * last, a byte does.
 *
 * @param points by size
 */
export function costAt(
  points: readonly CostPoint[],
  size: number,
): Pick<CostPoint, 'cpuSeconds' | 'mainSeconds'> {
  const above = points.findIndex((point) => point.size >= size)
  const upper = points[above] ?? points.at(-1)
  if (upper === undefined) throw new Error('There is no cost to go by')
  if (above < 0) return scaled(upper, size / upper.size)
  const lower = points[above - 1]
  if (lower === undefined) return scaled(upper, 1)
  const share = (size - lower.size) / (upper.size - lower.size)
  const between = (a: number, b: number): number => a + (b - a) * share
  return {
    cpuSeconds: between(lower.cpuSeconds, upper.cpuSeconds),
    mainSeconds: between(lower.mainSeconds, upper.mainSeconds),
  }
}

function scaled(
  { cpuSeconds, mainSeconds }: CostPoint,
  factor: number,
): Pick<CostPoint, 'cpuSeconds' | 'mainSeconds'> {
  return { cpuSeconds: cpuSeconds * factor, mainSeconds: mainSeconds * factor }
}
