/**
 * The measured process: does one transfer, and on its exit tells what it took.
 *
 *   argv[2]: name of the peer, argv[3]: TransferJob as JSON → stdout: ProcessReport as JSON
 */

import { readFileSync, writeSync } from 'node:fs'
import { peerNamed } from './peers/all.ts'
import type { TransferJob } from './peers/peer.ts'

/** What the process says of itself, from its start to its exit. */
export interface ProcessReport {
  readonly userSeconds: number
  readonly systemSeconds: number
  /** Bytes. */
  readonly peakRss: number
  /** The transfer alone: from its call, imports included, to its end. */
  readonly transferMs: number
}

const STDOUT = 1

/**
 * Bytes. Linux starts `maxRSS` of a child with that of the process that forked it, so the memory
 * of the runner would show; VmHWM belongs to this process alone.
 */
function peakRss(): number {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS * 1024
  const match = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))
  return Number(match?.[1]) * 1024
}

const peer = peerNamed(process.argv[2] ?? '')
const job = JSON.parse(process.argv[3] ?? '') as TransferJob

const startedAt = performance.now()
await peer.transfer(job)
const transferMs = performance.now() - startedAt

process.once('exit', () => {
  const { user, system } = process.cpuUsage()
  const report: ProcessReport = {
    userSeconds: user / 1e6,
    systemSeconds: system / 1e6,
    peakRss: peakRss(),
    transferMs,
  }
  writeSync(STDOUT, JSON.stringify(report))
})
