import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { storedKeys, withBed } from '../helpers/test-bed.ts'

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

async function makeFiles(dir: string): Promise<string[]> {
  await mkdir(dir)
  const paths = Array.from({ length: COUNT }, (_, index) => join(dir, `file-${index}`))
  for (let at = 0; at < COUNT; at += 500) {
    await Promise.all(paths.slice(at, at + 500).map((each) => writeFile(each, 'content')))
  }
  return paths
}
