/**
 * The numbers of an engine after known work, as statistics and as a scraper reads them.
 */

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { TransferEngine } from 'transfer-engine'
import { describe, expect, test } from 'vitest'
import { parseExposition, type Family } from '../helpers/exposition.ts'
import { failureOf } from '../helpers/failure.ts'
import { testBytes } from '../helpers/test-bytes.ts'
import { BUCKET, MiB, readAll, withBed } from '../helpers/test-bed.ts'

const LARGE = testBytes(22 * MiB)
const OBJECT = `s3://${BUCKET}/object`

/** Every sample by its line. */
function linesOf(families: ReadonlyMap<string, Family>): Map<string, number> {
  return new Map([...families.values()].flatMap(({ samples }) => [...samples]))
}

function numbersOf(text: string): Record<string, number> {
  const named = [...linesOf(parseExposition(text))].map(
    ([line, value]) => [line.replace('transfer_engine_', ''), value] as const,
  )
  return Object.fromEntries(named)
}

describe.each([2, 0])('with %i workers, metrics', (workers) => {
  test('add up to the work that was done', async () => {
    await withBed({ engine: { workers } }, async ({ engine, store, path }) => {
      store.faults.add({
        match: { operation: 'UploadPart', partNumber: 2 },
        fault: { kind: 'answer', status: 503, code: 'SlowDown' },
        times: 1,
      })
      await engine.upload(LARGE, OBJECT)
      await engine.download(OBJECT, path('copy'))
      await readAll(engine.read(OBJECT))
      await failureOf(engine.download(`s3://${BUCKET}/none`, path('none')))
      const aborted = engine.upload(LARGE, OBJECT)
      await aborted.abort()
      await failureOf(aborted)

      const numbers = numbersOf(await engine.metrics())
      expect(numbers).toMatchObject({
        transfers_active: 0,
        'transfers_submitted_total{kind="upload"}': 2,
        'transfers_ended_total{kind="upload",outcome="succeeded"}': 1,
        'transfers_ended_total{kind="upload",outcome="aborted"}': 1,
        'transfers_ended_total{kind="download",outcome="succeeded"}': 1,
        'transfers_ended_total{kind="download",outcome="failed"}': 1,
        'transfers_ended_total{kind="read",outcome="succeeded"}': 1,
        'transfer_duration_seconds_count{kind="download"}': 2,
        'transfer_failures_total{code="ERR_OBJECT_NOT_FOUND"}': 1,
        'retries_total{code="ERR_THROTTLED"}': 1,
        'payload_bytes_total{direction="received"}': 2 * LARGE.length,
        requests_in_flight: 0,
        requests_waiting: 0,
        'memory_taken_bytes{budget="parts"}': 0,
        'memory_taken_bytes{budget="read_ahead"}': 0,
      })
      expect(numbers['payload_bytes_total{direction="sent"}']).toBeGreaterThanOrEqual(LARGE.length)
      const { pool } = engine.stats()
      const sum = (name: string): number =>
        Object.entries(numbers)
          .filter(([line]) => line.startsWith(name))
          .reduce((total, [, value]) => total + value, 0)
      expect(numbers['requests_total']).toBe(pool.requests)
      expect(numbers['connections_opened_total']).toBe(pool.opened)
      expect(sum('connections_closed_total{')).toBe(pool.closed.total)
      const open = Object.entries(numbers).filter(([line]) => /^connections\{.*"open"/.test(line))
      expect(open.length).toBe(numbers['workers'])
      expect(open.reduce((total, [, value]) => total + value, 0)).toBe(
        pool.opened - pool.closed.total,
      )
      expect(sum('connection_acquire_seconds_count')).toBe(pool.acquireMs.count)
    })
  })

  test('of two scrapes never go back, and name no bucket and no key', async () => {
    await withBed({ engine: { workers } }, async ({ engine }) => {
      const { url } = await engine.serveMetrics({ port: 0 })
      const scrape = async (): Promise<string> => (await fetch(url)).text()
      await engine.upload(Buffer.from('x'), OBJECT)
      const texts = [await scrape()]
      await engine.upload(LARGE, OBJECT)
      await failureOf(engine.download(`s3://${BUCKET}/none`, 'none'))
      texts.push(await scrape())
      const [first, second] = texts.map((text) => parseExposition(text))
      const later = linesOf(second ?? new Map())
      const counted = [...(first?.values() ?? [])].filter(({ type }) => type !== 'gauge')
      const back = counted
        .flatMap(({ samples }) => [...samples])
        .filter(([line, value]) => !((later.get(line) ?? -1) >= value))
      expect(counted.length).toBeGreaterThan(5)
      expect(back).toEqual([])
      expect(texts.join('')).not.toContain(BUCKET)
      expect(texts.join('')).not.toContain('object"')
    })
  })
})

describe('the metrics server of an engine', () => {
  test('ends with the engine, and is not begun by a closed one', async () => {
    await withBed({}, async ({ engine }) => {
      const { url } = await engine.serveMetrics({ port: 0 })
      expect((await fetch(url)).status).toBe(200)
      // Whoever was about to listen ends as well.
      const starting = engine.serveMetrics({ port: 0 })
      await engine.close()
      await expect(fetch(url)).rejects.toThrow()
      await expect(fetch((await starting).url)).rejects.toThrow()
      expect((await failureOf(engine.serveMetrics({ port: 0 }))).code).toBe('ERR_CLOSED')
    })
  })

  test('that cannot listen is an error of its own, and the engine works on', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const { port } = other.address() as AddressInfo
    try {
      await withBed({}, async ({ engine }) => {
        const error = await failureOf(engine.serveMetrics({ port }))
        expect(error).toMatchObject({ code: 'ERR_OPTION_INVALID', context: { option: 'port' } })
        await engine.upload(Buffer.from('x'), OBJECT)
      })
    } finally {
      other.close()
    }
  })

  test('shows nothing of another engine in the process', async () => {
    await withBed({}, async ({ engine, another }) => {
      const quiet = another({})
      await engine.upload(Buffer.from('x'), OBJECT)
      expect(numbersOf(await quiet.metrics())).toMatchObject({
        'transfers_submitted_total{kind="upload"}': 0,
        requests_total: 0,
        workers: 0,
      })
    })
  })
})

test('metrics of an engine that never worked are all there, without threads', async () => {
  await using engine = new TransferEngine()
  const families = parseExposition(await engine.metrics())
  expect(families.get('transfer_engine_workers')?.samples.get('transfer_engine_workers')).toBe(0)
})
