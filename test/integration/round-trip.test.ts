import { describe, expect, test } from 'vitest'
import { differenceOf, testBytes } from '../helpers/test-bytes.ts'
import { BUCKET, fileBytes, MiB, readAll, sharedBed, storedBytes } from '../helpers/test-bed.ts'

const SIZES = [
  0,
  1,
  5 * MiB - 1,
  5 * MiB,
  5 * MiB + 1,
  16 * MiB - 1,
  16 * MiB,
  40 * MiB + 12_345,
] as const

/** The part size and threshold people get by default, besides the small ones of the bed. */
const PLANS = [
  { name: 'default parts', engine: { partSize: 8 * MiB, multipartThreshold: 16 * MiB } },
  { name: 'parts of 5 MiB', engine: { partSize: 5 * MiB, multipartThreshold: 5 * MiB } },
] as const

describe.each([2, 0])('with %i workers', (workers) => {
  describe.each(PLANS)('in $name', ({ engine: plan }) => {
    const bed = sharedBed({ engine: { ...plan, workers } })

    test.each(SIZES)('a file of %i bytes comes back bit for bit', async (size) => {
      const { engine, store, path, file } = bed()
      const bytes = testBytes(size, size + workers)
      const source = await file(`source-${size}`, bytes)

      const up = await engine.upload(source)
      expect(up).toMatchObject({ size, verified: 'checksum' })
      expect(up.parts).toBe(
        size >= plan.multipartThreshold && size > plan.partSize
          ? Math.ceil(size / plan.partSize)
          : 1,
      )
      expect(differenceOf(storedBytes(store, `source-${size}`), bytes)).toBeUndefined()

      const object = `s3://${BUCKET}/source-${size}`
      const down = await engine.download(object, path(`target-${size}`))
      expect(down).toMatchObject({ size, verified: 'checksum', checksum: up.checksum })
      expect(differenceOf(await fileBytes(path(`target-${size}`)), bytes)).toBeUndefined()
      expect(differenceOf(await readAll(engine.read(object)), bytes)).toBeUndefined()
      store.requests.clear()
    })
  })
})

describe('an empty file', () => {
  const bed = sharedBed()

  test('goes as one PUT, and comes back without any request for a range', async () => {
    const { engine, store, path, file } = bed()
    await engine.upload(await file('empty', Buffer.alloc(0)))
    expect(store.requests.entries().map((entry) => entry.operation)).toEqual(['PutObject'])
    await engine.download(`s3://${BUCKET}/empty`, path('copy'))
    expect(await fileBytes(path('copy'))).toHaveLength(0)
    expect(store.requests.entries().filter((entry) => entry.range !== undefined)).toEqual([])
  })
})
