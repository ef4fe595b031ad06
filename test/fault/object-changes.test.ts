import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { afterEach, describe, expect, test } from 'vitest'
import { failureOf, until } from '../helpers/failure.ts'
import { testBytes } from '../helpers/test-bytes.ts'
import { BUCKET, fileBytes, MiB, readAll, sharedBed, temporaryFiles } from '../helpers/test-bed.ts'

const LARGE = testBytes(22 * MiB)
const OTHER = testBytes(22 * MiB, 2)
const OBJECT = `s3://${BUCKET}/object`
const TARGET = { Bucket: BUCKET, Key: 'object' }

describe.each([
  ['that honours If-Match', false],
  ['that ignores If-Match', true],
] as const)('with a store %s', (_, ignoring) => {
  const bed = sharedBed({ engine: { maxInFlight: 1 } })
  afterEach(() => bed().store.reset())

  test.each([
    ['replaced', 'ERR_OBJECT_CHANGED'],
    ['deleted', 'ERR_OBJECT_NOT_FOUND'],
  ] as const)('an object %s on the way ends the download, never in a mix', async (how, code) => {
    const { engine, sdk, store, dir, file } = bed()
    await engine.upload(LARGE, OBJECT)
    if (ignoring) {
      store.faults.add({
        match: { operation: 'GetObject' },
        fault: { kind: 'ignore-header', header: 'if-match' },
      })
    }
    // The second range waits, so that the change comes between two of them.
    store.faults.add({
      match: { operation: 'GetObject', rangeStart: 5 * MiB },
      fault: { kind: 'delay', ms: 300, at: 'before-operation' },
    })
    const target = await file('target', Buffer.from('old'))
    store.requests.clear()
    const failure = failureOf(engine.download(OBJECT, target))
    await until(
      () => store.requests.entries({ operation: 'GetObject', status: 206 }).length > 0,
      'the first range is answered',
    )
    await sdk.send(
      how === 'replaced'
        ? new PutObjectCommand({ ...TARGET, Body: OTHER })
        : new DeleteObjectCommand(TARGET),
    )
    expect((await failure).code).toBe(code)
    expect((await fileBytes(target)).toString()).toBe('old')
    expect(await temporaryFiles(dir)).toEqual([])
  })

  test('an object replaced while it is read ends the stream', async () => {
    const { engine, sdk, store } = bed()
    await engine.upload(LARGE, OBJECT)
    if (ignoring) {
      store.faults.add({
        match: { operation: 'GetObject' },
        fault: { kind: 'ignore-header', header: 'if-match' },
      })
    }
    store.faults.add({
      match: { operation: 'GetObject', rangeStart: 5 * MiB },
      fault: { kind: 'delay', ms: 300, at: 'before-operation' },
    })
    const failure = failureOf(readAll(engine.read(OBJECT)))
    await until(
      () => store.requests.entries({ operation: 'GetObject', status: 206 }).length > 0,
      'the first range is answered',
    )
    await sdk.send(new PutObjectCommand({ ...TARGET, Body: OTHER }))
    expect((await failure).code).toBe('ERR_OBJECT_CHANGED')
  })
})

describe('between HEAD and GET', () => {
  const bed = sharedBed()
  afterEach(() => bed().store.reset())

  test('an object of one range that is replaced is not taken for the old one', async () => {
    const { engine, sdk, store, path } = bed()
    await engine.upload(testBytes(1000), OBJECT)
    store.faults.add({
      match: { operation: 'GetObject' },
      fault: { kind: 'delay', ms: 300, at: 'before-operation' },
    })
    const failure = failureOf(engine.download(OBJECT, path('copy')))
    await until(() => store.requests.entries({ operation: 'GetObject' }).length > 0, 'GET is there')
    await sdk.send(new PutObjectCommand({ ...TARGET, Body: testBytes(1000, 2) }))
    expect((await failure).code).toBe('ERR_OBJECT_CHANGED')
  })

  test('a stored checksum that is wrong is a mismatch, not a success', async () => {
    const { engine, store, path } = bed()
    await engine.upload(LARGE, OBJECT)
    store.faults.add({ match: { operation: 'HeadObject' }, fault: { kind: 'wrong-checksum' } })
    const error = await failureOf(engine.download(OBJECT, path('copy')))
    expect(error.code).toBe('ERR_CHECKSUM_MISMATCH')
  })

  test('a HEAD without ETag is no answer to go by', async () => {
    const { engine, store, path } = bed()
    await engine.upload(LARGE, OBJECT)
    store.faults.add({
      match: { operation: 'HeadObject' },
      fault: { kind: 'set-header', header: 'etag' },
    })
    const error = await failureOf(engine.download(OBJECT, path('copy')))
    expect(error.code).toBe('ERR_RESPONSE_INVALID')
  })
})
