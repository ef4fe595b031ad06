/** Node processes of a test that run a module script, and can be killed. Ended with the test. */

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach } from 'vitest'

const DIST = new URL('../../dist/', import.meta.url).href

export interface KillableChild {
  readonly process: ChildProcess
  /** What it has printed so far. */
  output(): string
  /** Waits until it has printed something; fails when it ends before. */
  started(): Promise<void>
  /** Waits for its end; returns its exit code. */
  ended(): Promise<number | null>
  kill(): Promise<void>
}

/** Call at the top level of a test file. Scripts write `DIST` for where the built package is. */
export function useChildren(directory: () => string) {
  const children: KillableChild[] = []
  afterEach(async () => {
    await Promise.all(children.splice(0).map((child) => child.kill()))
  })
  return async (script: string): Promise<KillableChild> => {
    const path = join(directory(), `child-${children.length}.mjs`)
    await writeFile(path, script.replaceAll('DIST/', DIST))
    const child = watch(spawn(process.execPath, [path], { stdio: ['ignore', 'pipe', 'inherit'] }))
    children.push(child)
    return child
  }
}

function watch(child: ChildProcess): KillableChild {
  let output = ''
  child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const closed = once(child, 'close')
  const ended = async (): Promise<number | null> => {
    await closed
    return child.exitCode
  }
  return {
    process: child,
    output: () => output,
    started: async () => {
      if (output === '' && child.stdout !== null) {
        await Promise.race([once(child.stdout, 'data'), closed])
      }
      if (output === '') throw new Error('a child ended without a word')
    },
    ended,
    kill: async () => {
      child.kill('SIGKILL')
      await ended()
    },
  }
}
