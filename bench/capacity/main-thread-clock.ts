/**
 * Loaded before a program (`--import`): when the program ends, writes what its main thread and the
 * whole process took to the file `MAIN_THREAD_CLOCK`. By the kernel's count (Linux), because Node 20
 * tells the CPU time of no single thread.
 */

import { readFileSync, writeFileSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'

/** CPU time of a process. Seconds. */
export interface ThreadTimes {
  readonly mainSeconds: number
  readonly processSeconds: number
}

/** The first number of a thread's `schedstat`: nanoseconds on a processor. */
export function parseSchedStat(text: string): number {
  return Number(text.split(' ')[0]) / 1e9
}

const path = process.env['MAIN_THREAD_CLOCK']
if (path !== undefined && isMainThread) {
  process.on('exit', () => {
    const { user, system } = process.cpuUsage()
    const times: ThreadTimes = {
      mainSeconds: parseSchedStat(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8')),
      processSeconds: (user + system) / 1e6,
    }
    writeFileSync(path, JSON.stringify(times))
  })
}
