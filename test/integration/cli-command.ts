/**
 * Runs the built command as a process of its own, with no configuration but what a test gives.
 */

import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { LocalStore } from 'transfer-engine/testing'

const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.cjs', import.meta.url))

export interface Outcome {
  /** Exit code; `null` when a signal ended it. */
  readonly code: number | null
  readonly stdout: Buffer
  readonly out: string
  readonly err: string
  /** Lines of JSON on standard output. */
  readonly events: readonly Record<string, unknown>[]
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>> | undefined
  readonly input?: Uint8Array | undefined
  /** Leaves standard input open after `input`. @default false */
  readonly keepInputOpen?: boolean | undefined
  readonly cwd?: string | undefined
  /** File that takes standard output instead of the outcome. */
  readonly outputTo?: string | undefined
  /** Called once the process runs. */
  readonly during?: ((child: ChildProcess) => void) | undefined
}

/** Where the store is and who asks, as AWS tools read it. */
export function storeEnvironment(store: LocalStore): Record<string, string> {
  return {
    AWS_ENDPOINT_URL_S3: store.endpoint,
    AWS_REGION: store.region,
    AWS_ACCESS_KEY_ID: store.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: store.credentials.secretAccessKey,
  }
}

/** Runs the command to its end. */
export async function run(argv: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const output = options.outputTo === undefined ? 'pipe' : openSync(options.outputTo, 'w')
  const child = spawn(process.execPath, [MAIN, ...argv], {
    cwd: options.cwd,
    stdio: ['pipe', output, 'pipe'],
    env: {
      PATH: process.env['PATH'],
      TMPDIR: process.env['TMPDIR'],
      XDG_STATE_HOME: process.env['XDG_STATE_HOME'],
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
      AWS_EC2_METADATA_DISABLED: 'true',
      ...options.env,
    },
  })
  if (typeof output === 'number') closeSync(output)
  const closed = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('close', resolve)
  })
  const stdout = collect(child.stdout)
  const stderr = collect(child.stderr)
  // A command that fails at once does not read what is sent to it.
  child.stdin?.on('error', () => undefined).write(options.input ?? '')
  if (options.keepInputOpen !== true) child.stdin?.end()
  options.during?.(child)
  const code = await closed
  const bytes = Buffer.concat(stdout)
  const out = bytes.toString('utf8')
  return {
    code,
    stdout: bytes,
    out,
    err: Buffer.concat(stderr).toString('utf8'),
    get events() {
      const lines = out.split('\n').filter((line) => line !== '')
      return lines.map((line) => JSON.parse(line) as Record<string, unknown>)
    },
  }
}

function collect(stream: Readable | null): Buffer[] {
  const chunks: Buffer[] = []
  stream?.on('data', (chunk: Buffer) => chunks.push(chunk))
  return chunks
}
