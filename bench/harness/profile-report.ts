/** The files of a profiled run, sorted by thread, and tables of them for a terminal. */

import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  byFunction,
  byGroup,
  type CpuProfile,
  type SelfTime,
  stackOf,
  type StackNode,
} from './cpu-profile.ts'

export interface ThreadGroup {
  readonly title: string
  readonly root: StackNode
}

/**
 * The main thread, and all workers as one. The name of a file has the thread's number before the
 * last: `CPU.<day>.<time>.<pid>.<thread>.<sequence>.cpuprofile`, 0 is the main thread.
 *
 * @throws Error when there is no profile.
 */
export async function readProfiles(directory: string): Promise<ThreadGroup[]> {
  const main: CpuProfile[] = []
  const workers: CpuProfile[] = []
  for (const name of (await readdir(directory)).sort()) {
    const thread = threadOf(name)
    if (thread === undefined) continue
    const profile = JSON.parse(await readFile(join(directory, name), 'utf8')) as CpuProfile
    if (thread === 0) main.push(profile)
    else workers.push(profile)
  }
  if (main.length === 0) throw new Error('The run left no profile of its main thread')
  const plural = workers.length === 1 ? 'worker' : 'workers'
  return [
    { title: 'main thread', root: stackOf(main) },
    ...(workers.length === 0
      ? []
      : [{ title: `${workers.length} ${plural}`, root: stackOf(workers) }]),
  ]
}

/** Number of the thread a profile is of; undefined for other files. */
export function threadOf(name: string): number | undefined {
  const match = /^CPU\.\d+\.\d+\.\d+\.(\d+)\.\d+\.cpuprofile$/.exec(name)
  return match === null ? undefined : Number(match[1])
}

/** Self time by group of files, and of the `top` functions, as shares of the time not idle. */
export function renderProfile({ title, root }: ThreadGroup, top: number): string {
  const functions = byFunction(root)
  return [
    `${title}, ${(root.total / 1e6).toFixed(2)} s not idle`,
    '',
    ...byGroup(root).map((row) => line(row, root.total)),
    '',
    `  the ${Math.min(top, functions.length)} functions with the most self time`,
    '',
    ...functions.slice(0, top).map((row) => line(row, root.total)),
    '',
  ].join('\n')
}

/** `   12.3 %    45.6 ms  writeSync              node:fs:920` */
function line({ name, where, micros }: SelfTime, total: number): string {
  const share = `${((micros / total) * 100).toFixed(1)} %`
  const time = `${(micros / 1000).toFixed(1)} ms`
  return `  ${share.padStart(7)} ${time.padStart(11)}  ${name.padEnd(36)} ${where}`.trimEnd()
}
