/**
 * The beginning of an object, read range by range and forgotten: how fast it comes.
 */

import { attributeHeaders, type RequestAttributes } from '../store/attributes.ts'
import type { ObjectInfo } from '../store/object-store.ts'
import { canonicalQuery } from '../store/signing.ts'
import type { ObjectRef } from '../store/types.ts'
import { KiB } from '../units.ts'
import { fetchRange } from './fetch-range.ts'
import type { TransferRun } from './transfer-run.ts'

/** Least that is worth a request whose rate means something. Source: none, reasonable default. */
export const SAMPLED_RANGE = 256 * KiB

export interface SampledObject {
  readonly object: ObjectRef
  readonly info: ObjectInfo
  readonly attributes: RequestAttributes
  /** How much is read. Bytes. */
  readonly length: number
  /** Hears of each range that has arrived. */
  readonly onRange: (bytes: number) => void
}

/** @throws what a download throws; what arrived until then was told */
export async function sampleObject(
  run: TransferRun,
  { object, info, attributes, length, onRange }: SampledObject,
): Promise<{ readonly size: number }> {
  const { env, sequence, stopping } = run
  const { bucket, key, versionId } = object
  const fetch = {
    size: info.size,
    etag: info.etag,
    contentEncoding: info.contentEncoding,
    query: versionId === undefined ? '' : canonicalQuery([['versionId', versionId]]),
    headers: attributeHeaders('read', attributes),
    algorithm: 'CRC32',
    whole: false,
    at: { store: env.source, bucket, key },
  } as const
  // The first finds a connection and fills it; what comes behind it at once is the rate.
  const first = Math.min(SAMPLED_RANGE, length)
  const ranges = [
    { offset: 0, length: first },
    { offset: first, length: length - first },
  ].filter((range) => range.length > 0)
  const largest = Math.max(...ranges.map((range) => range.length))
  run.started(length, ranges.length, largest)
  const free = await env.scheduler.memory.acquire(largest, sequence, stopping)
  const buffer = env.buffers.take(largest)
  try {
    for (const [index, range] of ranges.entries()) {
      const sink = { kind: 'memory', buffer, offset: 0 } as const
      await fetchRange(run, fetch, range, index + 1, sink)
      run.progress.keep(range.length)
      onRange(range.length)
    }
    return { size: length }
  } finally {
    env.buffers.give(buffer)
    free()
  }
}
