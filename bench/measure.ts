/**
 * One measured run: a child process does one transfer from its start to its exit. CPU time is user
 * plus system time of all its threads, start-up and imports included, as it counts them itself;
 * what the kernel charges for the process when it is reaped must agree. The CPU time of the store
 * is taken apart.
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import type { Peer, TransferJob } from './peers/peer.ts'
import type { BenchServer } from './server.ts'
import { siblingScript } from './sibling-script.ts'
import type { ProcessReport } from './transfer-process.ts'

/** What one run took. */
export interface Sample extends ProcessReport {
  readonly peer: string
  /** 1-based. */
  readonly run: number
  /** From the start of the process to its end. */
  readonly wallMs: number
  /** What the kernel charged for the whole process; undefined where it cannot be read. */
  readonly reapedCpuSeconds: number | undefined
  /** Connections the store accepted, and requests it saw. */
  readonly connections: number
  readonly requests: number
  readonly serverCpuSeconds: number
}

/** Clock ticks per second of /proc. Source: proc(5); Linux has 100 on every platform of Node. */
const TICKS_PER_SECOND = 100

/**
 * How far both counts of CPU time may be apart: releasing memory comes after a process has counted.
 * Seconds, and a share. Source: none; 0.02 s to 0.06 s were seen.
 */
const COUNT_TOLERANCE = { seconds: 0.1, share: 0.1 } as const

/** @throws Error when the process fails, or the two counts of its CPU time disagree. */
export async function measure(
  peer: Peer,
  run: number,
  job: TransferJob,
  server: BenchServer,
): Promise<Sample> {
  const before = await server.stats()
  const reapedBefore = reapedCpuSeconds()
  const startedAt = performance.now()
  const report = await runProcess(peer, job)
  const wallMs = performance.now() - startedAt
  const reapedAfter = reapedCpuSeconds()
  const after = await server.stats()
  const sample: Sample = {
    peer: peer.name,
    run,
    ...report,
    wallMs,
    reapedCpuSeconds:
      reapedBefore === undefined || reapedAfter === undefined
        ? undefined
        : Number((reapedAfter - reapedBefore).toFixed(2)),
    connections: after.connections - before.connections,
    requests: after.requests - before.requests,
    serverCpuSeconds: after.cpuSeconds - before.cpuSeconds,
  }
  checkCounts(sample)
  return sample
}

async function runProcess(peer: Peer, job: TransferJob): Promise<ProcessReport> {
  const script = siblingScript('transfer-process')
  const child = spawn(process.execPath, [script, peer.name, JSON.stringify(job)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit') as Promise<[number | null]>,
  ])
  if (code !== 0) throw new Error(`${peer.name} failed (exit code ${code}):\n${stderr.trim()}`)
  return JSON.parse(stdout) as ProcessReport
}

/** CPU seconds of all children this process has waited for; Linux only. */
function reapedCpuSeconds(): number | undefined {
  if (process.platform !== 'linux') return undefined
  const stat = readFileSync('/proc/self/stat', 'utf8')
  // Fields count from behind the name, which may hold blanks: cutime and cstime are 16 and 17.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[13]) + Number(fields[14])) / TICKS_PER_SECOND
}

function checkCounts({ peer, userSeconds, systemSeconds, reapedCpuSeconds }: Sample): void {
  if (reapedCpuSeconds === undefined) return
  const own = userSeconds + systemSeconds
  const allowed = COUNT_TOLERANCE.seconds + COUNT_TOLERANCE.share * reapedCpuSeconds
  if (Math.abs(reapedCpuSeconds - own) <= allowed) return
  throw new Error(
    `${peer} counted ${own.toFixed(2)} s of CPU time, the kernel ${reapedCpuSeconds.toFixed(2)} s`,
  )
}
