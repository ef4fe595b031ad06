import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { failureOf } from '../helpers/failure.ts'
import { BUCKET, storedKeys, withBed } from '../helpers/test-bed.ts'
import { differenceOf, testBytes } from '../helpers/test-bytes.ts'

const COUNT = 10_000

/** Heap that one waiting call may cost. Bytes. */
const HEAP_PER_CALL = 8 * 1024

describe('ten thousand uploads without waiting', () => {
  // Goal: what a batch script does. Method: all calls in one turn of the loop, then count.
  test('all arrive, in order of submission, over a bounded number of connections', async () => {
    await withBed({ engine: { maxConnections: 16, maxTransfers: 32 } }, async (bed) => {
      const { engine, store, path } = bed
      const paths = await makeFiles(path('files'))
      const started: number[] = []
      let open = 0
      engine.on('start', ({ transfer }) => started.push(transfer.id))
      engine.on('end', () => (open = Math.max(open, store.connections.open)))

      globalThis.gc?.()
      const heapBefore = process.memoryUsage().heapUsed
      const transfers = paths.map((each) => engine.upload(each))
      const heapPerCall = (process.memoryUsage().heapUsed - heapBefore) / COUNT
      expect(heapPerCall).toBeLessThan(HEAP_PER_CALL)
      expect(engine.stats()).toMatchObject({ transfers: COUNT })

      const results = await Promise.all(transfers)
      expect(results.every((result) => result.size === 7 && result.verified === 'checksum')).toBe(
        true,
      )
      expect(storedKeys(store)).toHaveLength(COUNT)
      expect(open).toBeLessThanOrEqual(16)
      // Those let in together may overtake each other while they open their files; nobody else.
      const strayed = started.map((id, index) => Math.abs(id - 1 - index))
      expect(started).toHaveLength(COUNT)
      expect(Math.max(...strayed)).toBeLessThanOrEqual(32)
      expect(engine.stats()).toMatchObject({
        transfers: 0,
        requests: { inFlight: 0, waiting: 0 },
        memory: { taken: 0 },
      })
    })
  })

  test('one at a time start exactly in the order of their submission', async () => {
    await withBed({ engine: { maxTransfers: 1 } }, async ({ engine }) => {
      const started: number[] = []
      engine.on('start', ({ transfer }) => started.push(transfer.id))
      const calls = Array.from({ length: 200 }, (_, index) =>
        engine.upload(Buffer.from('x'), `s3://test-bucket/${index}`),
      )
      await Promise.all(calls)
      expect(started).toEqual(calls.map((call) => call.id))
    })
  })
})

describe('a thousand downloads without waiting', () => {
  // Goal: small objects cost one request each. Method: count what the store was asked.
  test('of small objects take one GET each and no HEAD, and are proved', async () => {
    await withBed({}, async ({ engine, store, path }) => {
      const bodies = Array.from({ length: 1000 }, (_, index) => testBytes(index * 13, index))
      await Promise.all(
        bodies.map((bytes, index) => engine.upload(bytes, `s3://${BUCKET}/${index}`)),
      )
      store.requests.clear()
      await mkdir(path('copies'))
      const results = await Promise.all(
        bodies.map((_, index) =>
          engine.download(`s3://${BUCKET}/${index}`, path(`copies/${index}`)),
        ),
      )
      expect(
        results.every(({ verified, attempts }) => verified === 'checksum' && attempts === 1),
      ).toBe(true)
      const asked = store.requests.entries().map(({ operation }) => operation)
      // The few that start before there are many do as one alone does.
      expect(asked.filter((operation) => operation === 'HeadObject').length).toBeLessThan(10)
      for (const [index, bytes] of bodies.entries()) {
        expect(differenceOf(await readFile(path(`copies/${index}`)), bytes)).toBeUndefined()
      }
      expect(await readdir(path('copies'))).toHaveLength(1000)
    })
  })

  test('of small and large ones, and one that is missing, all end as they do alone', async () => {
    await withBed({}, async ({ engine, path }) => {
      const sizes = [0, 1, 262_144, 262_145, 3_000_000, 12_000_000]
      const bodies = Array.from({ length: 60 }, (_, index) =>
        testBytes(sizes[index % sizes.length] ?? 0, index),
      )
      await Promise.all(
        bodies.map((bytes, index) => engine.upload(bytes, `s3://${BUCKET}/${index}`)),
      )
      const transfers = bodies.map((_, index) =>
        engine.download(`s3://${BUCKET}/${index}`, path(`copy-${index}`)),
      )
      const missing = failureOf(engine.download(`s3://${BUCKET}/none`, path('none')))
      const results = await Promise.all(transfers)
      for (const [index, bytes] of bodies.entries()) {
        expect(results[index]).toMatchObject({ size: bytes.length, verified: 'checksum' })
        expect(differenceOf(await readFile(path(`copy-${index}`)), bytes)).toBeUndefined()
      }
      expect((await missing).code).toBe('ERR_OBJECT_NOT_FOUND')
    })
  })
})

async function makeFiles(dir: string): Promise<string[]> {
  await mkdir(dir)
  const paths = Array.from({ length: COUNT }, (_, index) => join(dir, `file-${index}`))
  for (let at = 0; at < COUNT; at += 500) {
    await Promise.all(paths.slice(at, at + 500).map((each) => writeFile(each, 'content')))
  }
  return paths
}
