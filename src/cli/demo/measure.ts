/**
 * One direction of the demo, with an engine of its own so that its counters are those of this
 * direction. Timed from the call to the verified result, the start of the threads included.
 */

import type { DownloadResult, EngineStats, TransferEngine, UploadResult } from '../../index.ts'
import { GiB } from '../../units.ts'

/** What one direction took. */
export interface Measurement {
  readonly direction: 'upload' | 'download'
  readonly bytes: number
  readonly elapsedMs: number
  readonly cpuSecondsPerGiB: number
  readonly parts: number
  readonly retries: number
  readonly verified: string
  readonly connectionsOpened: number
  readonly connectionsReused: number
  readonly workers: EngineStats['workers']
}

/** Runs `transfer` and counts; the engine stays open. */
export async function measure(
  direction: Measurement['direction'],
  engine: TransferEngine,
  transfer: () => Promise<UploadResult | DownloadResult>,
): Promise<Measurement> {
  const cpuBefore = process.cpuUsage()
  const startedAt = performance.now()
  const { size, parts, attempts, verified, checksum } = await transfer()
  const elapsedMs = performance.now() - startedAt
  const { user, system } = process.cpuUsage(cpuBefore)
  const { pool, workers } = engine.stats()
  return {
    direction,
    bytes: size,
    elapsedMs,
    cpuSecondsPerGiB: (user + system) / 1e6 / (size / GiB),
    parts,
    retries: attempts - parts,
    verified: verified === 'checksum' ? checksum.algorithm : 'size',
    connectionsOpened: pool.opened,
    connectionsReused: pool.reused,
    workers,
  }
}
