import { mkdir, open, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { failureOf } from '../helpers/failure.ts'
import { BUCKET, MiB, storedBytes, storedKeys, withBed, type Bed } from '../helpers/test-bed.ts'
import { differenceOf, testBytes } from '../helpers/test-bytes.ts'

const SMALL = testBytes(1000, 1)
const LARGE = testBytes(11 * MiB, 2)

/** How often each operation was asked for. */
function countsOf({ store }: Bed): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const { operation } of store.requests.entries()) {
    counts[operation ?? ''] = (counts[operation ?? ''] ?? 0) + 1
  }
  return counts
}

/** A directory with one file: nothing is removed for the sake of an empty one. */
async function directoryOf({ path }: Pick<Bed, 'path'>): Promise<string> {
  const directory = path('tree')
  await mkdir(directory)
  await writeFile(join(directory, 'kept'), 'kept')
  return directory
}

/** Twenty objects, which a sync removes. */
async function removeAll(bed: Bed, provider: 'gcs' | undefined): Promise<void> {
  const engine = bed.another({ provider })
  const keys = Array.from({ length: 20 }, (_, index) => `tree/${index}`)
  await Promise.all(keys.map((key) => engine.upload(SMALL, { bucket: BUCKET, key })))
  const directory = await directoryOf(bed)
  bed.store.requests.clear()
  const result = await engine.sync(directory, `s3://${BUCKET}/tree/`, { delete: true })
  expect(result.deleted).toBe(20)
  expect(storedKeys(bed.store)).toEqual(['tree/kept'])
}

describe('a store that refuses CRC32', () => {
  test('is uploaded to once it is named', async () => {
    await withBed({ store: { dialect: 'ovh' } }, async ({ engine, another, store }) => {
      const failure = await failureOf(engine.upload(SMALL, `s3://${BUCKET}/small`))
      expect(failure.code).toBe('ERR_REQUEST_REFUSED')
      const named = another({ provider: 'ovh' })
      for (const [key, bytes] of [
        ['small', SMALL],
        ['large', LARGE],
      ] as const) {
        await named.upload(bytes, `s3://${BUCKET}/${key}`)
        expect(differenceOf(storedBytes(store, key), bytes)).toBeUndefined()
      }
    })
  })

  test('takes another checksum that is asked for', async () => {
    await withBed({ store: { dialect: 'ovh' } }, async ({ another }) => {
      const engine = another({ provider: 'ovh' })
      const options = { checksumAlgorithm: 'CRC32C' } as const
      const result = await engine.upload(LARGE, `s3://${BUCKET}/large`, options)
      expect(result).toMatchObject({ verified: 'checksum', checksum: { algorithm: 'CRC32C' } })
    })
  })
})

describe('a store without removal of many', () => {
  test('is not asked for it where that is known', async () => {
    await withBed({ store: { dialect: 'gcs' } }, async (bed) => {
      await removeAll(bed, 'gcs')
      expect(countsOf(bed)).toMatchObject({ DeleteObject: 20 })
      expect(countsOf(bed)).not.toHaveProperty('DeleteObjects')
    })
  })

  test.each(['gcs', 'swift', 'ovh'] as const)(
    'is asked once where it is not: %s',
    async (dialect) => {
      await withBed(
        { store: { dialect }, engine: { checksumAlgorithm: 'CRC32C' } },
        async (bed) => {
          await removeAll(bed, undefined)
          expect(countsOf(bed)).toMatchObject({ DeleteObject: 20, DeleteObjects: 1 })
        },
      )
    },
  )

  test('tells of each that could not be removed', async () => {
    await withBed({ store: { dialect: 'gcs' } }, async ({ engine, another, store, path }) => {
      for (const key of ['tree/a', 'tree/b']) await engine.upload(SMALL, { bucket: BUCKET, key })
      const directory = await directoryOf({ path })
      store.faults.add({
        match: { operation: 'DeleteObject', key: 'tree/a' },
        fault: { kind: 'answer', status: 403, code: 'AccessDenied' },
      })
      const named = another({ provider: 'gcs' })
      const options = { delete: true }
      const result = await named.sync(directory, `s3://${BUCKET}/tree/`, options)
      expect(result).toMatchObject({ deleted: 1, failed: 1 })
      expect(storedKeys(store)).toEqual(['tree/a', 'tree/kept'])
    })
  })
})

test('a part size that a store is best with is chosen where nobody chose one', async () => {
  await withBed({ engine: { partSize: undefined } }, async ({ another, path }) => {
    const file = await open(path('sparse'), 'w')
    await file.truncate(70 * MiB)
    await file.close()
    const plans: unknown[] = []
    for (const provider of ['storj', 'aws'] as const) {
      const engine = another({ provider, pathStyle: true })
      engine.on('start', ({ partSize, parts }) => plans.push([partSize, parts]))
      await engine.upload(path('sparse'), `s3://${BUCKET}/sparse`)
    }
    expect(plans).toEqual([
      [64 * MiB, 2],
      [8 * MiB, 9],
    ])
  })
})

describe('a store that ignores start-after', () => {
  test('is listed whole, after one try to begin elsewhere', async () => {
    await withBed({ engine: { retryDelayMs: 0 } }, async ({ engine, store }) => {
      const keys = Array.from({ length: 400 }, (_, index) => `k/${String(index).padStart(4, '0')}`)
      await Promise.all(keys.map((key) => engine.upload(Buffer.from('x'), { bucket: BUCKET, key })))
      const match = { operation: 'ListObjectsV2' }
      store.faults.add({ match, fault: { kind: 'set-query', name: 'start-after', value: '' } })
      store.faults.add({ match, fault: { kind: 'set-query', name: 'max-keys', value: '10' } })
      store.faults.add({ match, fault: { kind: 'delay', ms: 5 } })
      store.requests.clear()
      const listed: string[] = []
      for await (const entry of engine.list(`s3://${BUCKET}/k/`)) {
        if (entry.kind === 'object') listed.push(entry.key)
      }
      expect(listed).toEqual(keys)
      const cuts = store.requests.entries().filter(({ target }) => target.includes('start-after'))
      expect(cuts.length).toBeGreaterThan(0)
    })
  })
})
