/**
 * `diskMode`: files past the page cache. With `workers: 0` the calls of the engine can be watched, and
 * refused.
 */

import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import os from 'node:os'
import { afterEach, describe, expect, test } from 'vitest'
import { hasDirectDisk, isDirect } from '../helpers/direct-disk.ts'
import { failureOf } from '../helpers/failure.ts'
import { BUCKET, fileBytes, MiB, sharedBed, storedBytes, type Bed } from '../helpers/test-bed.ts'
import { differenceOf, testBytes } from '../helpers/test-bytes.ts'

const PLANS = [
  { name: 'parts of whole blocks', partSize: 5 * MiB },
  { name: 'parts that end within blocks', partSize: 5 * MiB + 1001 },
] as const
const SIZES = [300_001, 5 * MiB, 16 * MiB + 4095, 33 * MiB + 12_345] as const

const real = { ...fs, openPromise: fs.promises.open, freemem: os.freemem }

afterEach(() => {
  const { openPromise, freemem, read, readSync, writeSync } = real
  Object.assign(fs, { read, readSync, writeSync })
  fs.promises.open = openPromise
  os.freemem = freemem
  syncBuiltinESMExports()
})

/** Uploads bytes from a file, downloads them into one, and compares at both ends. */
async function roundTrip({ engine, store, path, file }: Bed, bytes: Buffer): Promise<void> {
  const name = `source-${bytes.length}`
  const up = await engine.upload(await file(name, bytes))
  expect(up).toMatchObject({ size: bytes.length, verified: 'checksum' })
  expect(differenceOf(storedBytes(store, name), bytes)).toBeUndefined()
  const down = await engine.download(`s3://${BUCKET}/${name}`, path(`target-${name}`))
  expect(down).toMatchObject({ verified: 'checksum', checksum: up.checksum })
  expect(differenceOf(await fileBytes(path(`target-${name}`)), bytes)).toBeUndefined()
}

/** Counts the bytes that pass the page cache by, or has such calls refused. */
function watchDisk(refusal?: string): { read: number; written: number; refused: number } {
  const counts = { read: 0, written: 0, refused: 0 }
  const watched = (call: 'readSync' | 'writeSync', count: 'read' | 'written') => {
    const original = real[call] as (...given: unknown[]) => number
    return (...given: unknown[]): number => {
      if (!isDirect(given[0] as number)) return original(...given)
      if (refusal !== undefined) {
        counts.refused += 1
        throw Object.assign(new Error('refused by a test'), { code: refusal })
      }
      const moved = original(...given)
      counts[count] += moved
      return moved
    }
  }
  const watchedRead = (...given: unknown[]): void => {
    const done = given.at(-1) as (error: Error | null, count: number) => void
    const isWatched = isDirect(given[0] as number)
    if (isWatched && refusal !== undefined) {
      counts.refused += 1
      setImmediate(() => done(Object.assign(new Error('refused by a test'), { code: refusal }), 0))
      return
    }
    const told = (error: Error | null, count: number): void => {
      if (isWatched) counts.read += count
      done(error, count)
    }
    ;(real.read as (...all: unknown[]) => void)(...given.slice(0, -1), told)
  }
  Object.assign(fs, {
    read: watchedRead,
    readSync: watched('readSync', 'read'),
    writeSync: watched('writeSync', 'written'),
  })
  syncBuiltinESMExports()
  return counts
}

describe.each([2, 0])('with %i workers', (workers) => {
  describe.each(PLANS)('in $name', ({ partSize }) => {
    const bed = sharedBed({ engine: { diskMode: 'direct', partSize, workers } })
    afterEach(() => bed().store.reset())

    test.each(SIZES)('a file of %i bytes comes back bit for bit', async (size) => {
      await roundTrip(bed(), testBytes(size, size + workers))
    })

    test('a body that breaks within a block is gone on with', async () => {
      const { engine, store, path } = bed()
      const bytes = testBytes(17 * MiB + 3)
      await engine.upload(bytes, `s3://${BUCKET}/breaks`)
      store.faults.add({
        match: { operation: 'GetObject' },
        times: 3,
        fault: { kind: 'drop-response', afterBytes: 2_000_003 },
      })
      await engine.download(`s3://${BUCKET}/breaks`, path('broken'))
      expect(differenceOf(await fileBytes(path('broken')), bytes)).toBeUndefined()
    })

    test('a hash that ranges cannot be combined into is computed over the file', async () => {
      const { engine, path } = bed()
      const bytes = testBytes(13 * MiB + 3)
      const target = `s3://${BUCKET}/hashed`
      const whole = { checksumAlgorithm: 'SHA256', multipartThreshold: 100 * MiB } as const
      await engine.upload(bytes, target, whole)
      const { verified, checksum } = await engine.download(target, path('hashed'))
      expect([verified, checksum.algorithm]).toEqual(['checksum', 'SHA256'])
      expect(differenceOf(await fileBytes(path('hashed')), bytes)).toBeUndefined()
    })
  })

  describe('a download that was paused', () => {
    const engine = { diskMode: 'direct', resume: 'always', maxInFlight: 2 } as const
    const bed = sharedBed({ engine: { ...engine, partSize: 5 * MiB + 1001, workers } })

    test('goes on behind what was written, and hashes it if told to', async () => {
      const bytes = testBytes(38 * MiB + 7)
      await bed().engine.upload(bytes, `s3://${BUCKET}/paused`)
      const first = bed().another({})
      const transfer = first.download(`s3://${BUCKET}/paused`, bed().path('paused'))
      let arrived = 0
      let pausing: Promise<unknown> | undefined
      first.on('part', () => {
        arrived += 1
        if (arrived === 3) pausing = transfer.pause()
      })
      expect((await failureOf(transfer)).code).toBe('ERR_PAUSED')
      await pausing
      const again = bed().another({ recheck: true })
      const result = await again.download(`s3://${BUCKET}/paused`, bed().path('paused'))
      expect(result).toMatchObject({ resumed: true, verified: 'checksum' })
      expect(result.keptBytes).toBe(arrived * (5 * MiB + 1001))
      expect(differenceOf(await fileBytes(bed().path('paused')), bytes)).toBeUndefined()
    })
  })
})

describe.runIf(hasDirectDisk())('calls in the calling thread', () => {
  const PART = 5 * MiB + 1001
  const SIZE = 16 * MiB + 4095
  const bed = sharedBed({ engine: { partSize: PART, workers: 0 } })
  const bedOf = (options: Parameters<Bed['another']>[0]): Bed => ({
    ...bed(),
    engine: bed().another(options),
  })

  test('pass the page cache by, but for the ends of ranges', async () => {
    const counts = watchDisk()
    await roundTrip(bedOf({ diskMode: 'direct' }), testBytes(SIZE))
    expect(counts.written).toBeGreaterThan(SIZE - 4 * 2 * 4096)
    expect(counts.written).toBeLessThanOrEqual(SIZE)
    expect(counts.written % 4096).toBe(0)
    // Each byte once, and what shares a block with the ends of parts and steps.
    expect(counts.read).toBeGreaterThan(SIZE - 1)
    expect(counts.read).toBeLessThan(SIZE + 4 * 2 * 4096)
  })

  test('do not by default', async () => {
    const counts = watchDisk()
    await roundTrip(bedOf({}), testBytes(SIZE))
    expect(counts).toEqual({ read: 0, written: 0, refused: 0 })
  })

  test.each([
    [SIZE * 2 + 2, false],
    [SIZE * 2 - 2, true],
  ])('with `auto` do so by the free memory: %i bytes', async (free, isPast) => {
    os.freemem = () => free
    const counts = watchDisk()
    await roundTrip(bedOf({ diskMode: 'auto' }), testBytes(SIZE))
    expect([counts.read > 0, counts.written > 0]).toEqual([isPast, isPast])
  })

  test.each(['EINVAL', 'EOPNOTSUPP'])(
    'go the usual way where a file system says %s',
    async (code) => {
      const counts = watchDisk(code)
      await roundTrip(bedOf({ diskMode: 'direct' }), testBytes(SIZE))
      expect(counts.refused).toBeGreaterThan(0)
    },
  )

  test('go the usual way where a file cannot be opened for it', async () => {
    const counts = watchDisk()
    let refused = 0
    fs.promises.open = (path, flags, mode) => {
      if (typeof flags !== 'number' || (flags & fs.constants.O_DIRECT) === 0) {
        return real.openPromise(path, flags, mode)
      }
      refused += 1
      return Promise.reject(Object.assign(new Error('refused by a test'), { code: 'EINVAL' }))
    }
    syncBuiltinESMExports()
    await roundTrip(bedOf({ diskMode: 'direct' }), testBytes(SIZE))
    expect([refused, counts.read, counts.written]).toEqual([2, 0, 0])
  })
})
