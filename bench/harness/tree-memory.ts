/**
 * Peak memory of a process and its descendants: the sum of the high-water marks of those alive at
 * one moment, and the largest sum that was seen. What is read are marks, not moments, so looking
 * now and then misses only what a process grew after the last look.
 */

import { readdirSync, readFileSync } from 'node:fs'
import { parseChildren, parseHighWater } from './proc.ts'

/** Between two looks. Source: none; a look costs some 0.1 ms, outside of what is measured. */
const INTERVAL_MS = 20

/** Looks at a tree until `stop` tells the peak, in bytes. */
export function watchMemory(pid: number): { readonly stop: () => number } {
  let peak = 0
  const look = (): void => {
    const marks = treeOf(pid).map((each) => parseHighWater(read(`/proc/${each}/status`)))
    peak = Math.max(
      peak,
      marks.reduce((sum, mark) => sum + mark, 0),
    )
  }
  look()
  const timer = setInterval(look, INTERVAL_MS)
  return {
    stop: () => {
      clearInterval(timer)
      return peak
    },
  }
}

/** The process and its descendants; a list that grows while it is walked. */
function treeOf(root: number): number[] {
  const found = [root]
  for (const pid of found) {
    for (const thread of threadsOf(pid)) {
      found.push(...parseChildren(read(`/proc/${pid}/task/${thread}/children`)))
    }
  }
  return found
}

/** Processes may end at any moment; then there is nothing to read. */
function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`)
  } catch {
    return []
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
