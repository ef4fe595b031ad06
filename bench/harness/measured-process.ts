/**
 * One measured process, from its start to its end. CPU time is what the kernel charged to this
 * process for descendants it has waited for: the whole tree, in ticks of 10 ms. Nothing else that
 * this process started may end meanwhile, or its time would be counted in.
 */

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync } from 'node:fs'
import type { Readable } from 'node:stream'
import type { Command } from '../peers/peer.ts'
import { bareEnvironment } from './bare-environment.ts'
import { parseReapedTime } from './proc.ts'
import { watchMemory } from './tree-memory.ts'

export interface RunOptions {
  /** Home and temporary files of the process. */
  readonly scratch: string
  readonly timeoutMs: number
  /** Ends the process, and all it has started. */
  readonly signal: AbortSignal
}

/** What a process took. Seconds, bytes. */
export interface ProcessCost {
  readonly userSeconds: number
  readonly systemSeconds: number
  readonly peakRss: number
  readonly wallSeconds: number
  /** The end of what it wrote. */
  readonly stdout: string
}

/** Characters of output that are kept, and shown when a process fails. */
const OUTPUT_MAX = 65_536
const SHOWN_MAX = 2000

/** @throws Error with the end of its output when the process fails, or takes too long. */
export async function runMeasured(command: Command, options: RunOptions): Promise<ProcessCost> {
  const { scratch, signal } = options
  signal.throwIfAborted()
  const env = bareEnvironment(process.env['PATH'], scratch, command.env)
  mkdirSync(env['TMPDIR'] ?? scratch, { recursive: true })
  const before = reapedTime()
  const startedAt = performance.now()
  // A group of its own, so that all of it can be ended at once.
  const child = spawn(command.file, command.args, {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const output = { stdout: tailOf(child.stdout), stderr: tailOf(child.stderr) }
  const memory = watchMemory(child.pid ?? 0)
  try {
    const { code, wallSeconds } = await ended(child, startedAt, options)
    const after = reapedTime()
    if (code !== 0) throw new Error(failureText(code, output.stderr(), output.stdout()))
    return {
      userSeconds: round(after.user - before.user),
      systemSeconds: round(after.system - before.system),
      peakRss: memory.stop(),
      wallSeconds: Number(wallSeconds.toFixed(3)),
      stdout: output.stdout(),
    }
  } finally {
    memory.stop()
    endGroup(child)
  }
}

/** Waits for the end of the process, and of its output. */
async function ended(
  child: ChildProcess,
  startedAt: number,
  { timeoutMs, signal }: RunOptions,
): Promise<{ readonly code: number | string | null; readonly wallSeconds: number }> {
  let late = false
  const timer = setTimeout(() => {
    late = true
    endGroup(child)
  }, timeoutMs)
  const onAbort = (): void => endGroup(child)
  signal.addEventListener('abort', onAbort)
  try {
    let wallSeconds = 0
    child.once('exit', () => {
      wallSeconds = (performance.now() - startedAt) / 1000
      // What it has left behind may hold its output open.
      endGroup(child)
    })
    const [code, killer] = (await once(child, 'close')) as [number | null, string | null]
    signal.throwIfAborted()
    if (late) throw new Error(`took more than ${Math.round(timeoutMs / 1000)} s`)
    return { code: code ?? killer, wallSeconds }
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', onAbort)
  }
}

/** Ends the process and whatever it has left behind. */
function endGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // Nobody is left.
  }
}

function tailOf(stream: Readable): () => string {
  let text = ''
  stream.setEncoding('utf8')
  stream.on('data', (chunk: string) => {
    text = (text + chunk).slice(-OUTPUT_MAX)
  })
  return () => text
}

function failureText(code: number | string | null, stderr: string, stdout: string): string {
  const said = stderr.trim() === '' ? stdout.trim() : stderr.trim()
  return `failed (${code}): ${said.slice(-SHOWN_MAX)}`
}

function reapedTime(): ReturnType<typeof parseReapedTime> {
  return parseReapedTime(readFileSync('/proc/self/stat', 'utf8'))
}

/** Ticks are hundredths; their difference should look so. */
function round(seconds: number): number {
  return Number(seconds.toFixed(2))
}
