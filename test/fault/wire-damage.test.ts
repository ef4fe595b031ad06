import { describe, expect, test, afterEach } from 'vitest'
import { failureOf } from '../helpers/failure.ts'
import { differenceOf, testBytes } from '../helpers/test-bytes.ts'
import {
  BUCKET,
  fileBytes,
  MiB,
  readAll,
  sharedBed,
  storedBytes,
  storedKeys,
  temporaryFiles,
} from '../helpers/test-bed.ts'

/** Three parts of 5, 5 and 2 MiB. */
const LARGE = testBytes(12 * MiB)
const SMALL = testBytes(3 * MiB)
const OBJECT = `s3://${BUCKET}/object`

const PARTS = [
  ['first', 1],
  ['middle', 2],
  ['last', 3],
] as const

const bed = sharedBed()
afterEach(() => bed().store.reset())

describe('on the way up', () => {
  test.each(PARTS)('a byte flipped once in the %s part is sent again', async (_, partNumber) => {
    const { engine, store } = bed()
    store.faults.add({
      match: { operation: 'UploadPart', partNumber },
      fault: { kind: 'flip-request', offset: 1_000_000 },
      times: 1,
    })
    const result = await engine.upload(LARGE, OBJECT)
    expect(result).toMatchObject({ verified: 'checksum', parts: 3, attempts: 4 })
    expect(differenceOf(storedBytes(store, 'object'), LARGE)).toBeUndefined()
  })

  test.each(PARTS)('a %s part that always arrives damaged fails the upload', async (_, part) => {
    const { engine, store } = bed()
    store.faults.add({
      match: { operation: 'UploadPart', partNumber: part },
      fault: { kind: 'flip-request', offset: 0 },
    })
    const error = await failureOf(engine.upload(LARGE, OBJECT))
    expect(error).toMatchObject({
      code: 'ERR_CHECKSUM_MISMATCH',
      context: { partNumber: part, attempt: 3 },
    })
    expect(storedKeys(store)).toEqual([])
    expect(store.uploads()).toEqual([])
  })

  test('a byte flipped in a single PUT is found', async () => {
    const { engine, store } = bed()
    store.faults.add({
      match: { operation: 'PutObject' },
      fault: { kind: 'flip-request', offset: SMALL.length - 1 },
      times: 1,
    })
    expect((await engine.upload(SMALL, OBJECT)).attempts).toBe(2)
    expect(differenceOf(storedBytes(store, 'object'), SMALL)).toBeUndefined()
  })

  test.each(PARTS)('a %s part that vanishes from the store makes no object', async (_, part) => {
    const { engine, store } = bed()
    store.faults.add({
      match: { operation: 'UploadPart', partNumber: part },
      fault: { kind: 'lose-part' },
    })
    const error = await failureOf(engine.upload(LARGE, OBJECT))
    expect(error.context).toMatchObject({ storeCode: 'InvalidPart' })
    expect(storedKeys(store)).toEqual([])
    expect(store.uploads()).toEqual([])
  })

  test.each(PARTS)(
    'a %s part answered with the ETag of another makes no object',
    async (_, part) => {
      const { engine, store } = bed()
      store.faults.add({
        match: { operation: 'UploadPart', partNumber: part },
        fault: { kind: 'wrong-etag' },
      })
      const error = await failureOf(engine.upload(LARGE, OBJECT))
      expect(error.context).toMatchObject({ storeCode: 'InvalidPart' })
      expect(storedKeys(store)).toEqual([])
      expect(store.uploads()).toEqual([])
    },
  )

  test('another checksum in the answer to a part is a failed attempt', async () => {
    const { engine, store } = bed()
    store.faults.add({
      match: { operation: 'UploadPart', partNumber: 2 },
      fault: { kind: 'wrong-checksum' },
      times: 1,
    })
    expect((await engine.upload(LARGE, OBJECT)).attempts).toBe(4)
  })

  test('another checksum of the whole object is reported, however the store answers', async () => {
    const { engine, store } = bed()
    store.faults.add({ match: { operation: 'HeadObject' }, fault: { kind: 'wrong-checksum' } })
    const error = await failureOf(engine.upload(LARGE, OBJECT))
    expect(error.code).toBe('ERR_CHECKSUM_MISMATCH')
    expect(error.message).toContain('CRC32')
  })

  test('a part doubled by a lost answer is in the object once', async () => {
    const { engine, store } = bed()
    store.faults.add({
      match: { operation: 'UploadPart', partNumber: 2 },
      fault: { kind: 'drop', at: 'after-operation' },
      times: 1,
    })
    const parts: number[] = []
    engine.on('part', ({ partNumber }) => parts.push(partNumber))
    await engine.upload(LARGE, OBJECT)
    expect(parts.toSorted((a, b) => a - b)).toEqual([1, 2, 3])
    expect(differenceOf(storedBytes(store, 'object'), LARGE)).toBeUndefined()
  })
})

describe('on the way down', () => {
  const ranges = PARTS.map(([name, part]) => [name, (part - 1) * 5 * MiB] as const)

  async function expectRefused(code: string): Promise<void> {
    const { engine, dir, file } = bed()
    const target = await file('target', Buffer.from('old'))
    const error = await failureOf(engine.download(OBJECT, target))
    expect(error.code).toBe(code)
    expect((await fileBytes(target)).toString()).toBe('old')
    expect(await temporaryFiles(dir)).toEqual([])
    expect((await failureOf(readAll(engine.read(OBJECT)))).code).toBe(code)
  }

  async function expectRecovered(attempts: number): Promise<void> {
    const { engine, path } = bed()
    const down = await engine.download(OBJECT, path('copy'))
    expect(down).toMatchObject({ verified: 'checksum', parts: 3, attempts })
    expect(differenceOf(await fileBytes(path('copy')), LARGE)).toBeUndefined()
  }

  test.each(ranges)('a byte flipped in the %s range is found at the end', async (_, rangeStart) => {
    const { engine, store } = bed()
    await engine.upload(LARGE, OBJECT)
    store.faults.add({
      match: { operation: 'GetObject', rangeStart },
      fault: { kind: 'flip-response', offset: 2_000_000 },
    })
    await expectRefused('ERR_CHECKSUM_MISMATCH')
  })

  test('a byte flipped in a single GET is found', async () => {
    const { engine, store, path } = bed()
    await engine.upload(SMALL, OBJECT)
    store.faults.add({
      match: { operation: 'GetObject' },
      fault: { kind: 'flip-response', offset: 0 },
    })
    const error = await failureOf(engine.download(OBJECT, path('copy')))
    expect(error.code).toBe('ERR_CHECKSUM_MISMATCH')
  })

  test.each(ranges)('bytes of another offset in the %s range are found', async (_, rangeStart) => {
    const { engine, store } = bed()
    await engine.upload(LARGE, OBJECT)
    store.faults.add({
      match: { operation: 'GetObject', rangeStart },
      fault: { kind: 'other-bytes', shift: 1000 },
    })
    await expectRefused('ERR_CHECKSUM_MISMATCH')
  })

  test.each(ranges)('a wrong Content-Range of the %s range is refused', async (_, rangeStart) => {
    const { engine, store } = bed()
    await engine.upload(LARGE, OBJECT)
    const match = { operation: 'GetObject', rangeStart }
    store.faults.add({ match, fault: { kind: 'content-range', shift: 1 }, times: 1 })
    store.faults.add({ match, fault: { kind: 'content-range', total: 1 }, skip: 1, times: 1 })
    await expectRecovered(5)
    store.faults.add({ match, fault: { kind: 'content-range', shift: 1 } })
    await expectRefused('ERR_RESPONSE_INVALID')
  })

  test.each(ranges)('all bytes instead of the %s range are refused', async (_, rangeStart) => {
    const { engine, store } = bed()
    await engine.upload(LARGE, OBJECT)
    const match = { operation: 'GetObject', rangeStart }
    store.faults.add({ match, fault: { kind: 'ignore-header', header: 'range' }, times: 1 })
    await expectRecovered(4)
    store.faults.add({ match, fault: { kind: 'ignore-header', header: 'range' } })
    await expectRefused('ERR_RESPONSE_INVALID')
  })

  test.each(ranges)('a %s range that is short and says so is refused', async (_, rangeStart) => {
    const { engine, store } = bed()
    await engine.upload(LARGE, OBJECT)
    store.faults.add({
      match: { operation: 'GetObject', rangeStart },
      fault: { kind: 'short-body', missing: 1 },
      times: 1,
    })
    await expectRecovered(4)
  })

  test('compression nobody asked for is refused', async () => {
    const { engine, store } = bed()
    await engine.upload(LARGE, OBJECT)
    const match = { operation: 'GetObject', rangeStart: 5 * MiB }
    store.faults.add({ match, fault: { kind: 'gzip' }, times: 1 })
    await expectRecovered(4)
    store.faults.add({ match, fault: { kind: 'gzip' } })
    await expectRefused('ERR_RESPONSE_INVALID')
  })

  test('a body without a length is taken when its bytes are those planned', async () => {
    const { engine, store } = bed()
    await engine.upload(LARGE, OBJECT)
    store.faults.add({ match: { operation: 'GetObject' }, fault: { kind: 'no-content-length' } })
    await expectRecovered(3)
  })

  test('a body without a length that ends early is continued', async () => {
    const { engine, store } = bed()
    await engine.upload(LARGE, OBJECT)
    const match = { operation: 'GetObject', rangeStart: 5 * MiB }
    store.faults.add({ match, fault: { kind: 'no-content-length' }, times: 1 })
    store.faults.add({ match, fault: { kind: 'short-body', missing: 100 }, times: 1 })
    await expectRecovered(4)
  })
})
