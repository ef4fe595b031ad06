import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { afterEach, describe, expect, test } from 'vitest'
import type { Fault } from 'transfer-engine/testing'
import { failureOf, until } from '../helpers/failure.ts'
import { differenceOf, testBytes } from '../helpers/test-bytes.ts'
import { BUCKET, MiB, sharedBed, storedBytes, storedKeys } from '../helpers/test-bed.ts'

const LARGE = testBytes(12 * MiB)
const OBJECT = `s3://${BUCKET}/object`
const COMPLETE = { operation: 'CompleteMultipartUpload' } as const

const bed = sharedBed()
afterEach(() => bed().store.reset())

async function expectOurs(): Promise<void> {
  const { engine, store } = bed()
  const result = await engine.upload(LARGE, OBJECT)
  expect(result).toMatchObject({ verified: 'checksum', size: LARGE.length, parts: 3 })
  expect(result.etag).toMatch(/^"[0-9a-f]{32}-3"$/)
  expect(differenceOf(storedBytes(store, 'object'), LARGE)).toBeUndefined()
  expect(store.uploads()).toEqual([])
}

/** Answers to Complete that look like success and are none; nothing was done. */
const FALSE_SUCCESS: readonly (readonly [string, Fault])[] = [
  ['an error document', { kind: 'answer', status: 200, code: 'InternalError' }],
  ['an error that comes after blanks', { kind: 'trickle-answer', ms: 250, code: 'InternalError' }],
  ['a page', { kind: 'answer', status: 200, body: 'html' }],
  ['an empty body', { kind: 'answer', status: 200, body: 'empty' }],
  ['only blanks', { kind: 'answer', status: 200, body: 'blanks' }],
  ['a document that breaks off', { kind: 'answer', status: 200, body: 'broken-xml' }],
]

describe('200 to Complete', () => {
  test.each(FALSE_SUCCESS)('with %s is no success: the upload goes on', async (_, fault) => {
    bed().store.faults.add({ match: COMPLETE, fault, times: 1 })
    await expectOurs()
  })

  test.each(FALSE_SUCCESS.slice(0, 1))('with %s is judged by the code in it', async () => {
    const { engine, store } = bed()
    store.faults.add({
      match: COMPLETE,
      fault: { kind: 'answer', status: 200, code: 'AccessDenied' },
    })
    const error = await failureOf(engine.upload(LARGE, OBJECT))
    expect(error.code).toBe('ERR_ACCESS_DENIED')
    expect(store.requests.entries(COMPLETE)).toHaveLength(1)
    expect(store.uploads()).toEqual([])
    expect(storedKeys(store)).toEqual([])
  })

  test.each(FALSE_SUCCESS.filter(([, { kind }]) => kind === 'answer'))(
    'with %s after the object was made is success, found by looking',
    async (_, fault) => {
      const answer = { ...fault, at: 'after-operation' } as Fault
      bed().store.faults.add({ match: COMPLETE, fault: answer, times: 1 })
      await expectOurs()
    },
  )

  test('that comes after a while of blanks is waited for', async () => {
    bed().store.faults.add({ match: COMPLETE, fault: { kind: 'trickle-answer', ms: 600 } })
    await expectOurs()
  })

  test.each([
    ['without an ETag', ''],
    ['with another ETag', 'ffffffffffffffffffffffffffffffff'],
  ])('%s is held against the object', async (_, value) => {
    const { engine, store } = bed()
    store.faults.add({ match: COMPLETE, fault: { kind: 'wrong-etag', value }, times: 1 })
    const result = await engine.upload(LARGE, OBJECT)
    expect(result.verified).toBe('checksum')
    expect(differenceOf(storedBytes(store, 'object'), LARGE)).toBeUndefined()
  })
})

describe('an answer to Complete that is lost', () => {
  test('after the object was made is found to be ours, exactly once', async () => {
    const { store } = bed()
    store.faults.add({ match: COMPLETE, fault: { kind: 'drop', at: 'after-operation' }, times: 1 })
    await expectOurs()
    expect(store.requests.entries(COMPLETE)).toHaveLength(1)
  })

  test.each([
    ['lost', { kind: 'drop', at: 'after-operation' }],
    ['a failure', { kind: 'answer', status: 503, at: 'after-operation' }],
  ] as const)('or %s, is success for an upload that may only create, too', async (_, fault) => {
    const { engine, store } = bed()
    store.faults.add({ match: COMPLETE, fault, times: 1 })
    const result = await engine.upload(LARGE, OBJECT, { ifNoneMatch: '*' })
    expect(result).toMatchObject({ verified: 'checksum', parts: 3 })
    expect(differenceOf(storedBytes(store, 'object'), LARGE)).toBeUndefined()
    expect(store.uploads()).toEqual([])
  })

  test('or a failure, is looked into when the object it made is in the way of the next', async () => {
    const { engine, store } = bed()
    const answer = { kind: 'answer', status: 503, at: 'after-operation' } as const
    store.faults.add({ match: COMPLETE, fault: answer, times: 1 })
    store.faults.add({
      match: COMPLETE,
      fault: { kind: 'answer', status: 412, code: 'PreconditionFailed' },
      skip: 1,
    })
    const result = await engine.upload(LARGE, OBJECT, { ifNoneMatch: '*' })
    expect(result).toMatchObject({ verified: 'checksum', parts: 3 })
    expect(store.uploads()).toEqual([])
  })

  test('before anything was done is followed by another Complete', async () => {
    const { store } = bed()
    store.faults.add({ match: COMPLETE, fault: { kind: 'drop', at: 'before-operation' }, times: 1 })
    await expectOurs()
    expect(store.requests.entries(COMPLETE)).toHaveLength(2)
  })

  test('is looked into although the store then says NoSuchUpload', async () => {
    const { store } = bed()
    store.setDialect('minimal')
    store.faults.add({ match: COMPLETE, fault: { kind: 'drop', at: 'after-operation' }, times: 1 })
    // The first look fails too, so that Complete is sent again and the upload is unknown.
    store.faults.add({
      match: { operation: 'HeadObject' },
      fault: { kind: 'answer', status: 404 },
      times: 1,
    })
    const result = await bed().engine.upload(LARGE, OBJECT)
    expect(result.verified).toBe('size')
    expect(store.requests.entries(COMPLETE)).toHaveLength(2)
    expect(differenceOf(storedBytes(store, 'object'), LARGE)).toBeUndefined()
    store.setDialect('aws')
  })

  test("is no success when another writer's object stands at the key", async () => {
    const { engine, sdk, store } = bed()
    // The same bytes: size and checksum agree, only the token does not.
    await sdk.send(
      new PutObjectCommand({
        Bucket: BUCKET,
        Key: 'object',
        Body: LARGE,
        ChecksumAlgorithm: 'CRC32',
      }),
    )
    store.faults.add({
      match: COMPLETE,
      fault: { kind: 'answer', status: 404, code: 'NoSuchUpload' },
    })
    const error = await failureOf(engine.upload(LARGE, OBJECT))
    expect(error.code).toBe('ERR_UPLOAD_NOT_FOUND')
    expect(store.objects(BUCKET)[0]?.parts).toBeUndefined()
    expect(store.uploads()).toEqual([])
  })

  test('and an object that is gone again is reported as unknown upload', async () => {
    const { engine, sdk, store } = bed()
    store.setDialect('minimal')
    store.faults.add({
      match: { operation: 'HeadObject' },
      fault: { kind: 'delay', ms: 300, at: 'before-operation' },
    })
    store.faults.add({ match: COMPLETE, fault: { kind: 'drop', at: 'after-operation' }, times: 1 })
    const failure = failureOf(engine.upload(LARGE, OBJECT))
    await until(() => storedKeys(store).length === 1, 'the object is made')
    await sdk.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: 'object' }))
    expect((await failure).code).toBe('ERR_UPLOAD_NOT_FOUND')
    store.setDialect('aws')
  })
})

describe('a Complete that is refused', () => {
  test.each([
    ['InvalidPart', 400, 'ERR_REQUEST_REFUSED'],
    ['InvalidPartOrder', 400, 'ERR_REQUEST_REFUSED'],
    ['EntityTooSmall', 400, 'ERR_REQUEST_REFUSED'],
    ['BadDigest', 400, 'ERR_CHECKSUM_MISMATCH'],
    ['PreconditionFailed', 412, 'ERR_PRECONDITION_FAILED'],
    ['ConditionalRequestConflict', 409, 'ERR_CONFLICT'],
  ] as const)('with %s makes no object and leaves no upload', async (code, status, ours) => {
    const { engine, store } = bed()
    store.faults.add({ match: COMPLETE, fault: { kind: 'answer', status, code } })
    const error = await failureOf(engine.upload(LARGE, OBJECT))
    expect(error).toMatchObject({ code: ours, context: { storeCode: code } })
    expect(storedKeys(store)).toEqual([])
    expect(store.uploads()).toEqual([])
  })
})

describe('clean-up after a failure', () => {
  test('tries again when the abort itself fails', async () => {
    const { engine, store } = bed()
    store.faults.add({
      match: COMPLETE,
      fault: { kind: 'answer', status: 403, code: 'AccessDenied' },
    })
    store.faults.add({
      match: { operation: 'AbortMultipartUpload' },
      fault: { kind: 'answer', status: 500 },
      times: 2,
    })
    const error = await failureOf(engine.upload(LARGE, OBJECT))
    expect(error.code).toBe('ERR_ACCESS_DENIED')
    expect(error.context.leftBehind).toBeUndefined()
    expect(store.uploads()).toEqual([])
  })

  test('that is refused says what is left behind, and keeps the first reason', async () => {
    const { engine, store } = bed()
    store.faults.add({
      match: COMPLETE,
      fault: { kind: 'answer', status: 403, code: 'AccessDenied' },
    })
    store.faults.add({
      match: { operation: 'AbortMultipartUpload' },
      fault: { kind: 'answer', status: 403, code: 'AccessDenied' },
    })
    const error = await failureOf(engine.upload(LARGE, OBJECT))
    expect(error.code).toBe('ERR_ACCESS_DENIED')
    const [left] = store.uploads()
    expect(error.context.leftBehind).toContain(left?.uploadId)
    // It was noted, and given up by its engine, so whoever sweeps need not wait.
    store.faults.clear()
    const { uploads } = await engine.cleanup(`s3://${BUCKET}/`, { olderThanMs: 0 })
    expect(uploads).toMatchObject([{ uploadId: left?.uploadId, outcome: 'aborted' }])
    expect(store.uploads()).toEqual([])
  })
})
