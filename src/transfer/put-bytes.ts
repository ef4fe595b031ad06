/**
 * One PUT, of an object or of a part, with its attempts.
 */

import { assert } from '../assert.ts'
import type { PartDone, PartFailed, PutJob } from '../pool/protocol.ts'
import { attempt } from './attempt.ts'
import type { PartRequest } from './request-attempt.ts'
import type { TransferRun } from './transfer-run.ts'
import type { SourcePart } from './upload-source.ts'
import type { UploadSpec } from './upload-spec.ts'

/** What an object of zero bytes is made of. */
export const NO_BYTES = { length: 0, location: { kind: 'file', fd: -1, offset: 0 } } as const

/** Sends it. No part at all is an object of zero bytes. */
export async function putBytes(
  run: TransferRun,
  spec: UploadSpec,
  part: SourcePart | undefined,
  request: {
    readonly partNumber: number
    readonly query: string
    readonly headers: readonly string[]
    readonly whenSlow?: PartRequest['whenSlow']
  },
  failed?: PartFailed,
): Promise<PartDone> {
  const { length, location: source } = part ?? NO_BYTES
  const { partNumber, query, headers, whenSlow } = request
  const makeJob = (slot: number): PutJob => ({
    kind: 'put',
    transferId: run.info.id,
    slot,
    key: run.info.key,
    query,
    headers,
    source,
    length,
    algorithm: spec.algorithm,
    sendChecksum: spec.sendChecksum,
  })
  const operation = query === '' ? 'PutObject' : 'UploadPart'
  const asked = { partNumber, length, operation, makeJob, whenSlow } as const
  const done = await attempt(run, asked, failed)
  assert(done.length === length, 'a worker sends what it was told to')
  return done
}
