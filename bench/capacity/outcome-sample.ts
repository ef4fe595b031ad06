/** An outcome as a migration notes it, for what a line takes on disk and what it takes to read and write one. */

import { outcomeRecord } from '../../src/migrate/outcome-record.ts'
import { KiB } from '../../src/units.ts'

/** Characters of a key. Source: none, reasonable; S3 allows 1,024. */
export const KEY_LENGTH = 64

const KEY = 'migrated/2026/11/'.padEnd(KEY_LENGTH, 'k')
const ETAG = `"${'0'.repeat(32)}"`

/** A copy that was made and proved, by relay: the line there are most of. */
export function outcomeLine(): string {
  const record = outcomeRecord(
    {
      operation: 'copy',
      name: KEY,
      key: KEY,
      sourceKey: KEY,
      path: undefined,
      size: 64 * KiB,
      reason: 'missing',
      mtimeMs: 1_764_000_000_000,
      status: 'done',
      attempts: 1,
      elapsedMs: 41,
      etag: ETAG,
      checksum: { algorithm: 'CRC32', value: 'AAAAAA==', type: 'FULL_OBJECT' },
      verified: 'checksum',
      how: 'relay',
      sourceEtag: ETAG,
    },
    'destination-bucket',
  )
  return `${JSON.stringify(record)}\n`
}

/** CPU seconds of one thread for reading a line as JSON and writing it again, the best of some rounds. */
export function outcomeSeconds(): number {
  const line = outcomeLine()
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < 10; round += 1) {
    const before = process.cpuUsage()
    for (let index = 0; index < 20_000; index += 1) JSON.stringify(JSON.parse(line))
    const { user, system } = process.cpuUsage(before)
    best = Math.min(best, (user + system) / 1e6 / 20_000)
  }
  return Number(best.toPrecision(3))
}
