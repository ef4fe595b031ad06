/**
 * One range of an object into its place, over as many attempts as it takes. A body that breaks is
 * continued behind its last good byte; where checksums cannot be combined, it starts again.
 */

import { assert } from '../assert.ts'
import { isCombinable, type ChecksumAlgorithm } from '../checksum/algorithms.ts'
import { combineAll, type PartDigest } from '../checksum/combine.ts'
import type { ByteRange } from '../plan/ranges.ts'
import type { ByteLocation } from '../pool/protocol.ts'
import { attempt } from './attempt.ts'
import type { RequestPlace } from './request-attempt.ts'
import type { TransferRun } from './transfer-run.ts'

/** What all ranges of one download share. */
export interface FetchSpec {
  readonly size: number
  readonly etag: string
  /** @default the store, bucket and key of the transfer */
  readonly at?: RequestPlace | undefined
  readonly contentEncoding: string | undefined
  readonly query: string
  readonly headers: readonly string[]
  readonly algorithm: ChecksumAlgorithm
  /** Whether one request without Range fetches everything. */
  readonly whole: boolean
}

/** Fetches a range; returns its checksum. Part numbers from 1. */
export async function fetchRange(
  run: TransferRun,
  spec: FetchSpec,
  range: ByteRange,
  partNumber: number,
  sink: ByteLocation,
): Promise<PartDigest> {
  const { algorithm } = spec
  /** Pieces that arrived before the body broke, in order. */
  const pieces: PartDigest[] = []
  let received = 0
  const done = await attempt(run, {
    partNumber,
    length: range.length,
    operation: 'GetObject',
    at: spec.at,
    makeJob: (slot) => ({
      kind: 'get',
      transferId: run.info.id,
      slot,
      key: spec.at?.key ?? run.info.key,
      query: spec.query,
      headers: spec.headers,
      sink: { ...sink, offset: sink.offset + received },
      offset: range.offset + received,
      length: range.length - received,
      size: spec.size,
      whole: spec.whole && received === 0,
      etag: spec.etag,
      contentEncoding: spec.contentEncoding,
      algorithm,
    }),
    whenSlow: () => (isCombinable(algorithm) ? 'move' : undefined),
    onPartial: (failed) => {
      // All bytes there and still a failure: what came last is in doubt, so all of it is.
      if (!isCombinable(algorithm) || received + failed.received >= range.length) return 0
      if (failed.received === 0) return 0
      pieces.push({ digest: failed.digest, length: failed.received })
      received += failed.received
      return failed.received
    },
  })
  assert(received + done.length === range.length, 'the pieces are the range')
  if (!isCombinable(algorithm)) return { digest: done.digest, length: range.length }
  const digest = combineAll(algorithm, [...pieces, { digest: done.digest, length: done.length }])
  return { digest, length: range.length }
}
