/**
 * Runs a script with the built package in a Node process of its own, against a store of the
 * test. The script finds `TransferEngine`, `options` (for its constructor) and `argument`.
 */

import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { EngineOptions } from 'transfer-engine'

export interface ScriptResult {
  readonly code: number | null
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
  readonly elapsedMs: number
}

export interface ScriptOptions {
  readonly engine: EngineOptions
  readonly argument?: unknown
  /** Put before the command, such as `['sh', '-c', 'ulimit …; exec "$@"', 'sh']`. */
  readonly prefix?: readonly string[]
  readonly nodeArguments?: readonly string[]
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>
  /** Killed after so long. Milliseconds. @default 20 s */
  readonly timeoutMs?: number
}

const PACKAGE = new URL('../../dist/src/index.js', import.meta.url).href

export async function runScript(body: string, options: ScriptOptions): Promise<ScriptResult> {
  const dir = await mkdtemp(join(tmpdir(), 'transfer-engine-script-'))
  try {
    const path = join(dir, 'script.mjs')
    await writeFile(path, scriptOf(body, options))
    return await runFile(path, options)
  } finally {
    await rm(dir, { recursive: true })
  }
}

function scriptOf(body: string, options: ScriptOptions): string {
  return `
    import { TransferEngine } from '${PACKAGE}'
    const options = ${JSON.stringify(options.engine)}
    const argument = ${JSON.stringify(options.argument ?? null)}
    ${body}
  `
}

function runFile(path: string, options: ScriptOptions): Promise<ScriptResult> {
  const { prefix = [], nodeArguments = [], timeoutMs = 20_000 } = options
  const node = [process.execPath, ...nodeArguments, path]
  const [command = '', ...args] = [...prefix, ...node]
  const startedAt = Date.now()
  return new Promise((resolve, reject) => {
    const silent = { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' }
    const env = { ...process.env, ...silent, ...options.env }
    const child = spawn(command, args, {
      env,
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
    })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
    child.once('error', reject)
    child.once('close', (code, signal) =>
      resolve({ code, signal, stdout, stderr, elapsedMs: Date.now() - startedAt }),
    )
  })
}
