/**
 * A store and a line on which nearly every third request fails, in each way a request can. What is
 * asked more than once stays below 1.6 times what is needed: a broken download goes on behind its
 * last good byte, and nothing is given up that can be had. `ERROR_RATE_MIB=1024` moves a GiB.
 */

import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import type { FaultRule, RequestLogEntry } from 'transfer-engine/testing'
import { expect, test } from 'vitest'
import { testBytes } from '../helpers/test-bytes.ts'
import { BUCKET, MiB, withBed } from '../helpers/test-bed.ts'

const SIZE = Number(process.env['ERROR_RATE_MIB'] ?? 256) * MiB
const OBJECT = `s3://${BUCKET}/object`
const PART_SIZE = 5 * MiB
/** Of requests for payload that fail. */
const RATE = 0.3
const REQUESTS_MAX = 1.6

/** Which of all requests fail is decided by their order and the seed, and is the same each time. */
function mixed(
  operation: string,
  seed: number,
  faults: readonly FaultRule['fault'][],
): FaultRule[] {
  // Each strikes by itself; together they leave alone what none of them strikes.
  const share = 1 - (1 - RATE) ** (1 / faults.length)
  return faults.map((fault, index) => ({
    match: { operation },
    fault,
    probability: share,
    seed: seed + index,
  }))
}

const UP = mixed('UploadPart', 80, [
  { kind: 'answer', status: 503, code: 'ServiceUnavailable' },
  { kind: 'drop-request', afterBytes: 2 * MiB, how: 'rst' },
  { kind: 'stall-request', afterBytes: MiB },
  { kind: 'drop-request', afterBytes: 3 * MiB, how: 'fin' },
])
const DOWN = mixed('GetObject', 60, [
  { kind: 'answer', status: 503, code: 'ServiceUnavailable' },
  { kind: 'drop-response', afterBytes: 4 * MiB, how: 'rst' },
  { kind: 'stall-response', afterBytes: 3 * MiB },
  { kind: 'drop-response', afterBytes: 2 * MiB, how: 'fin' },
])

test(`at an error rate of ${RATE} an object goes up and down with less than ${REQUESTS_MAX} times the requests`, async () => {
  const engine = { readTimeoutMs: 5000, partSize: PART_SIZE, maxInFlight: 16 }
  await withBed({ store: { md5: false }, engine }, async ({ engine, store, path }) => {
    await writeLarge(path('source'))
    const parts = Math.ceil(SIZE / PART_SIZE)

    for (const rule of UP) store.faults.add(rule)
    const up = await engine.upload(path('source'), OBJECT)
    expect(up).toMatchObject({ verified: 'checksum', size: SIZE, parts })
    const puts = store.requests.entries({ operation: 'UploadPart' })
    expectMixed(puts, UP)
    expect(puts.length / parts).toBeLessThan(REQUESTS_MAX)
    expect(store.uploads()).toEqual([])

    for (const rule of DOWN) store.faults.add(rule)
    const down = await engine.download(OBJECT, path('copy'))
    expect(down).toMatchObject({ verified: 'checksum', size: SIZE, parts })
    const gets = store.requests.entries({ operation: 'GetObject' })
    expectMixed(gets, DOWN)
    expect(gets.length / parts).toBeLessThan(REQUESTS_MAX)
    expect(await digestOf(path('copy'))).toBe(await digestOf(path('source')))
  })
})

/** Every kind of failure was met, and together they were as many as was said. */
function expectMixed(entries: readonly RequestLogEntry[], rules: readonly FaultRule[]): void {
  const met = entries.filter(({ faults }) => faults.length > 0)
  expect(new Set(met.flatMap(({ faults }) => faults))).toEqual(
    new Set(rules.map(({ fault }) => fault.kind)),
  )
  expect(met.length / entries.length).toBeGreaterThan(RATE / 2)
}

/** Written piece by piece, each other bytes. */
async function writeLarge(path: string): Promise<void> {
  await using file = await open(path, 'w')
  const step = 16 * MiB
  for (let done = 0; done < SIZE; done += step) {
    await file.write(testBytes(Math.min(step, SIZE - done), done), 0, undefined, done)
  }
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha1')
  for await (const chunk of createReadStream(path, { highWaterMark: MiB })) {
    hash.update(chunk as Buffer)
  }
  return hash.digest('hex')
}
