/**
 * What /proc tells of processes: text in, numbers out. Linux only, as all of the benchmark. Pure.
 */

/** Seconds of CPU time. */
export interface CpuTime {
  readonly user: number
  readonly system: number
}

/** Clock ticks per second of /proc. Source: proc(5); Linux has 100 on every platform of Node. */
const TICKS_PER_SECOND = 100

/**
 * CPU time of the descendants that were waited for, out of /proc/self/stat: fields 16 and 17.
 * Fields count from behind the name, which may hold blanks and brackets.
 */
export function parseReapedTime(stat: string): CpuTime {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return {
    user: Number(fields[13]) / TICKS_PER_SECOND,
    system: Number(fields[14]) / TICKS_PER_SECOND,
  }
}

/** Most memory a process has held, in bytes, out of /proc/PID/status; 0 for one that has ended. */
export function parseHighWater(status: string): number {
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024
}

/** Process ids out of /proc/PID/task/TID/children. */
export function parseChildren(children: string): number[] {
  return children.split(' ').filter(Boolean).map(Number)
}
