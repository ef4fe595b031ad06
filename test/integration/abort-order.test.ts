/**
 * What an abort does, in which order: sockets are cut, threads waited for, the upload aborted and
 * looked for until it is gone; only then does the promise settle.
 */

import { afterEach, describe, expect, test } from 'vitest'
import { failureOf, until } from '../helpers/failure.ts'
import { testBytes } from '../helpers/test-bytes.ts'
import { BUCKET, MiB, sharedBed, storedKeys } from '../helpers/test-bed.ts'

const LARGE = testBytes(22 * MiB)
const OBJECT = `s3://${BUCKET}/object`

/** In which every connection at work must be cut, on a busy machine too. Milliseconds. */
const CUT_MS = 1000

describe.each([2, 0])('with %i workers', (workers) => {
  const bed = sharedBed({ engine: { workers } })
  afterEach(() => bed().store.reset())

  /** An upload whose parts have all been sent and wait for their answers. */
  async function stuck() {
    const { engine, store } = bed()
    store.requests.clear()
    store.faults.add({
      match: { operation: 'UploadPart' },
      // A store that read no more would not see the end of a connection either.
      fault: { kind: 'delay', ms: 60_000, at: 'after-operation' },
    })
    const transfer = engine.upload(LARGE, OBJECT)
    const failure = failureOf(transfer)
    const parts = () => store.requests.entries({ operation: 'UploadPart' })
    await until(
      () => parts().filter(({ bytesIn }) => bytesIn >= 2 * MiB).length === 5,
      'all parts are under way',
    )
    return { transfer, failure, parts }
  }

  test(`cuts every socket at work within ${CUT_MS} ms`, async () => {
    let quickestMs = Infinity
    // The quickest of several: a busy machine can only add to it.
    for (let round = 0; round < 20 && quickestMs >= CUT_MS; round += 1) {
      const { transfer, failure, parts } = await stuck()
      const startedAt = performance.now()
      const aborted = transfer.abort()
      await until(() => parts().every(({ outcome }) => outcome === 'cut'), 'all are cut')
      quickestMs = Math.min(quickestMs, performance.now() - startedAt)
      await aborted
      expect((await failure).code).toBe('ERR_ABORTED')
    }
    expect(quickestMs).toBeLessThan(CUT_MS)
  })

  test('cuts, waits, aborts, looks, and only then settles', async () => {
    const { engine, store } = bed()
    // Slow, so that a promise that did not wait would be seen.
    store.faults.add({
      match: { operation: ['AbortMultipartUpload', 'ListParts'] },
      fault: { kind: 'delay', ms: 500, at: 'before-operation' },
    })
    const { transfer, failure, parts } = await stuck()
    const atAbort: (string | undefined)[] = []
    const watch = setInterval(() => {
      // The store may hear of a cut a turn later than of a request.
      const hasAbort = store.requests.entries({ operation: 'ListParts' }).length > 0
      if (hasAbort && atAbort.length === 0) atAbort.push(...parts().map(({ outcome }) => outcome))
    }, 1)
    await transfer.abort().finally(() => clearInterval(watch))
    const after = store.requests.entries().filter(({ operation }) => operation !== 'UploadPart')
    expect(after.map(({ operation, outcome }) => [operation, outcome])).toEqual([
      ['CreateMultipartUpload', 'answered'],
      ['AbortMultipartUpload', 'answered'],
      ['ListParts', 'answered'],
    ])
    expect(new Set(atAbort), 'when the upload has been aborted no part is under way').toEqual(
      new Set(['cut']),
    )
    expect(engine.stats().pool.busy).toBe(0)
    expect((await failure).context.leftBehind).toBeUndefined()
    expect(store.uploads()).toEqual([])
    expect(storedKeys(store)).toEqual([])
  })

  test('aborts again as long as parts are listed', async () => {
    const { store } = bed()
    store.faults.add({
      match: { operation: 'AbortMultipartUpload' },
      fault: { kind: 'answer', status: 204, body: 'empty' },
      times: 1,
    })
    const transfer = bed().engine.upload(LARGE, OBJECT)
    const failure = failureOf(transfer)
    store.faults.add({
      match: { operation: 'UploadPart' },
      fault: { kind: 'stall-request', afterBytes: 1 * MiB },
      skip: 1,
    })
    await until(() => store.uploads().some(({ parts }) => parts === 1), 'a part has arrived')
    await transfer.abort()
    expect((await failure).context.leftBehind).toBeUndefined()
    const cleaning = store.requests.entries().map(({ operation }) => operation)
    expect(cleaning.filter((name) => /Abort|ListParts/.test(name))).toEqual([
      'AbortMultipartUpload',
      'ListParts',
      'AbortMultipartUpload',
      'ListParts',
    ])
    expect(store.uploads()).toEqual([])
  })
})

describe('a clean-up', () => {
  const bed = sharedBed()
  afterEach(() => bed().store.reset())

  test('that is not answered has a time-out of its own, and says what is left', async () => {
    const { engine, store } = bed()
    store.faults.add({
      match: { operation: 'AbortMultipartUpload' },
      fault: { kind: 'delay', ms: 60_000, at: 'before-operation' },
    })
    store.faults.add({
      match: { operation: 'UploadPart' },
      fault: { kind: 'stall-request', afterBytes: 0 },
    })
    const transfer = engine.upload(LARGE, OBJECT)
    const failure = failureOf(transfer)
    await until(() => store.uploads().length === 1, 'the upload is open')
    const [left] = store.uploads()
    const startedAt = Date.now()
    await transfer.abort()
    // 15 s, less than the 30 s after which any silence ends.
    expect(Date.now() - startedAt).toBeLessThan(25_000)
    const error = await failure
    expect(error.code).toBe('ERR_ABORTED')
    expect(error.context.leftBehind).toContain(left?.uploadId)
    // It is noted as given up, so whoever sweeps later need not wait.
    store.faults.clear()
    const { uploads } = await engine.cleanup(OBJECT, { olderThanMs: 0 })
    expect(uploads).toMatchObject([{ uploadId: left?.uploadId, outcome: 'aborted' }])
  })
})
