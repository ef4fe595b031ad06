/** Runs a compiled script of the tests, such as a soak, as a process of its own. */

import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export interface ScriptEnd {
  readonly code: number | null
  /** Both streams. */
  readonly said: string
}

/** @param script its path below `dist/test` */
export function runDist(script: string, args: readonly string[]): Promise<ScriptEnd> {
  const path = fileURLToPath(new URL(`../../dist/test/${script}`, import.meta.url))
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--expose-gc', path, ...args])
    let said = ''
    child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, said }))
  })
}
