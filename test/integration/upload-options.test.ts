/** What may be said of one upload and not of another of the same engine. */

import { afterEach, describe, expect, test } from 'vitest'
import { KiB } from '../../src/units.ts'
import { failureOf, until } from '../helpers/failure.ts'
import { BUCKET, MiB, sharedBed } from '../helpers/test-bed.ts'

const OBJECT = `s3://${BUCKET}/key`
const LARGE = Buffer.alloc(26 * MiB)

const bed = sharedBed()
afterEach(() => bed().store.reset())

describe('`leavePartsOnError`', () => {
  test('leaves the parts of a failed upload, and says which', async () => {
    const { engine, store } = bed()
    store.faults.add({
      match: { operation: 'UploadPart', partNumber: 3 },
      fault: { kind: 'answer', status: 403, code: 'AccessDenied' },
    })
    const options = { leavePartsOnError: true, maxInFlight: 1 }
    const transfer = engine.upload(LARGE, OBJECT, options)
    const error = await failureOf(transfer)
    const [left] = store.uploads()
    expect(error.code).toBe('ERR_ACCESS_DENIED')
    expect(error.context.leftBehind).toBe(`multipart upload ${left?.uploadId}`)
    expect(transfer.uploadId).toBe(left?.uploadId)
    expect(left?.parts).toBe(2)
    expect(store.requests.entries({ operation: 'AbortMultipartUpload' })).toEqual([])
    // Nobody works on it any more, so a sweep finds it.
    const { uploads } = await engine.cleanup(OBJECT, { olderThanMs: 0 })
    expect(uploads).toMatchObject([{ uploadId: left?.uploadId }])
  })

  test('leaves those of an aborted one', async () => {
    const { engine, store } = bed()
    // Well within the last part of 1 MiB, too: none but the first arrives.
    const stall = { kind: 'stall-request', afterBytes: 64 * KiB } as const
    store.faults.add({ match: { operation: 'UploadPart' }, fault: stall, skip: 1 })
    const transfer = engine.upload(LARGE, OBJECT, { leavePartsOnError: true })
    const failure = failureOf(transfer)
    await until(() => store.uploads().some(({ parts }) => parts === 1), 'a part has arrived')
    await transfer.abort()
    expect(await failure).toMatchObject({ code: 'ERR_ABORTED' })
    expect(store.uploads()).toMatchObject([{ uploadId: transfer.uploadId, parts: 1 }])
    store.faults.clear()
    await engine.cleanup(OBJECT, { olderThanMs: 0 })
    expect(store.uploads()).toEqual([])
  })

  test('says nothing of an upload that was never opened', async () => {
    const { engine, store } = bed()
    store.faults.add({
      match: { operation: 'CreateMultipartUpload' },
      fault: { kind: 'answer', status: 403, code: 'AccessDenied' },
    })
    const transfer = engine.upload(LARGE, OBJECT, { leavePartsOnError: true })
    expect((await failureOf(transfer)).context.leftBehind).toBeUndefined()
    expect(transfer.uploadId).toBeUndefined()
  })
})

describe('`maxInFlight`', () => {
  test('of an upload bounds its parts under way', async () => {
    const { engine, store } = bed()
    const slow = { kind: 'delay', ms: 30, at: 'after-operation' } as const
    store.faults.add({ match: { operation: 'UploadPart' }, fault: slow })
    await engine.upload(LARGE, OBJECT, { maxInFlight: 1 })
    const alone = store.requests.entries({ operation: 'UploadPart' })
    expect(alone.map(({ partNumber }) => partNumber)).toEqual([1, 2, 3, 4, 5, 6])
    for (const [index, part] of alone.entries()) {
      const before = alone[index - 1]
      const endedAt = (before?.startedAt ?? 0) + (before?.durationMs ?? 0)
      expect(part.startedAt).toBeGreaterThanOrEqual(Math.floor(endedAt))
    }
  })
})
