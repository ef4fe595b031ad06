/**
 * Starts the demo's store as a child process and ends it.
 */

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { StoreAddress } from './store-process.ts'

/** Milliseconds the child may take to end by itself. Source: none, reasonable default. */
const END_MS = 3000

export interface ChildStore extends StoreAddress {
  /** Resolves when the process is gone. */
  close(): Promise<void>
}

/** @param dir where the store keeps its objects */
export async function startChildStore(dir: string): Promise<ChildStore> {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  const entry = fileURLToPath(new URL(`./store-process.${extension}`, import.meta.url))
  const child = fork(entry, [dir], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
  let complaint = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-2000)
  })
  const exited = once(child, 'exit')
  const ready = once(child, 'message')
  const first = await Promise.race([ready, exited.then(() => undefined)])
  if (first === undefined) throw new Error(`The local store did not start: ${complaint.trim()}`)
  const address = first[0] as StoreAddress
  return {
    ...address,
    close: async () => {
      if (child.connected) child.disconnect()
      const timer = setTimeout(() => child.kill('SIGKILL'), END_MS)
      await exited
      clearTimeout(timer)
    },
  }
}
