/**
 * Goal: the buffer of a part whose PUT failed is not lent to another request while the failed one
 * may still take bytes from it. Method: parts too large for one buffer are refused in the middle of
 * their bodies, over and over, while small objects go up in the same thread; the store verifies
 * the checksum and the signed hash of everything, so a foreign byte shows as a damaged request.
 */

import { expect, test } from 'vitest'
import type { TransferError } from 'transfer-engine'
import { BUCKET, MiB, sharedBed, storedBytes } from '../helpers/test-bed.ts'
import { differenceOf, testBytes } from '../helpers/test-bytes.ts'

const LARGE = testBytes(2 * 17 * MiB + 5)
/** Of the size of one slice, so that the same kind of buffer serves both. */
const SMALL = testBytes(200_000)

const bed = sharedBed({
  engine: { workers: 0, partSize: 17 * MiB, maxAttempts: 100, retryDelayMaxMs: 5 },
})

test('requests refused in mid-body lend no bytes to others', async () => {
  const { engine, store, file } = bed()
  const large = await file('large', LARGE)
  const small = await file('small', SMALL)
  store.faults.add({
    match: { operation: 'UploadPart' },
    fault: { kind: 'answer', status: 500, at: 'before-body' },
    times: 40,
  })
  const damaged: TransferError[] = []
  engine.on('retry', ({ error }) => {
    if (error.code === 'ERR_CHECKSUM_MISMATCH') damaged.push(error)
  })
  const uploads = [engine.upload(large, `s3://${BUCKET}/large`)]
  for (let round = 0; round < 300; round += 1) {
    uploads.push(engine.upload(small, `s3://${BUCKET}/small-${round}`))
  }
  await Promise.all(uploads)
  expect(damaged).toEqual([])
  expect(differenceOf(storedBytes(store, 'large'), LARGE)).toBeUndefined()
})
