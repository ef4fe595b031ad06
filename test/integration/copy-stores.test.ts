/** Copies between two stores with identities of their own, and what is left when one is killed. */

import { afterEach, describe, expect, test } from 'vitest'
import { startLocalStore, type LocalStore } from 'transfer-engine/testing'
import { afterAll, beforeAll } from 'vitest'
import { failureOf, until } from '../helpers/failure.ts'
import { BUCKET, MiB, sharedBed, storedBytes, type Bed } from '../helpers/test-bed.ts'
import { testBytes } from '../helpers/test-bytes.ts'

const SOURCE_BUCKET = 'old-bucket'
const FROM = `s3://${SOURCE_BUCKET}/dir/from`
const TO = `s3://${BUCKET}/to`
const SMALL = testBytes(100_000, 1)
const LARGE = testBytes(33 * MiB, 2)

const bed = sharedBed()
let other: LocalStore
beforeAll(async () => {
  other = await startLocalStore({ buckets: [SOURCE_BUCKET], region: 'eu-test-1' })
})
afterAll(() => other.close())
afterEach(() => {
  bed().store.reset()
  other.reset()
})

/** An engine that reads there and writes here. */
function between({ another }: Bed, options: Parameters<Bed['another']>[0] = {}) {
  const { endpoint, region, credentials } = other
  return another({ source: { endpoint, region, credentials }, ...options })
}

/** One that writes there. */
function there({ another }: Bed) {
  const { endpoint, region, credentials } = other
  return another({ endpoint, region, credentials })
}

const RESUMING = { resume: 'always' } as const

/** Pauses a copy of which three parts have arrived. Returns what names it. */
async function pausedCopy(): Promise<string> {
  const { store } = bed()
  const stall = { kind: 'stall-request', afterBytes: 1000 } as const
  const fault = store.faults.add({ match: { operation: 'UploadPart' }, fault: stall, skip: 3 })
  const copy = between(bed(), RESUMING).copy(FROM, TO)
  const failure = failureOf(copy)
  await until(() => store.uploads().some(({ parts }) => parts >= 3), 'three parts have arrived')
  const token = await copy.pause()
  expect(await failure).toMatchObject({ code: 'ERR_PAUSED' })
  store.faults.remove(fault)
  return token ?? ''
}

describe('A copy between two stores', () => {
  test.each([
    ['nothing', Buffer.alloc(0)],
    ['a small object', SMALL],
    ['an object in parts', LARGE],
  ])('of %s comes through here, proved on both sides', async (_, bytes) => {
    await there(bed()).upload(bytes, FROM, { metadata: { a: '1' }, tags: { t: '2' } })
    const result = await between(bed()).copy(FROM, TO)
    expect(result).toMatchObject({ how: 'relay', verified: 'checksum', sourceVerified: 'checksum' })
    expect(storedBytes(bed().store, 'to').equals(bytes)).toBe(true)
  })

  test('counts what was copied once, and reports it', async () => {
    await there(bed()).upload(LARGE, FROM)
    const engine = between(bed())
    const events: number[] = []
    const parts: number[] = []
    engine.on('progress', ({ transferred }) => events.push(transferred))
    engine.on('part', ({ partNumber }) => parts.push(partNumber))
    const result = await engine.copy(FROM, TO)
    expect(events.at(-1)).toBe(LARGE.length)
    expect(Math.max(...events)).toBe(LARGE.length)
    expect(parts.sort((a, b) => a - b)).toEqual(
      Array.from({ length: result.parts }, (_, i) => i + 1),
    )
    expect(engine.stats().kinds.copy).toMatchObject({ submitted: 1, succeeded: 1 })
  })

  test('cannot be asked of one store', async () => {
    await there(bed()).upload(SMALL, FROM)
    const error = await failureOf(between(bed()).copy(FROM, TO, { via: 'server' }))
    expect(error).toMatchObject({ code: 'ERR_OPTION_INVALID', context: { option: 'via' } })
  })

  test('says on which side something is missing', async () => {
    const { store } = bed()
    await there(bed()).upload(SMALL, FROM)
    const denied = { kind: 'answer', status: 403, code: 'AccessDenied' } as const
    const side = other.faults.add({ match: { operation: 'GetObject' }, fault: denied })
    expect(await failureOf(between(bed()).copy(FROM, TO))).toMatchObject({
      code: 'ERR_ACCESS_DENIED',
      context: { bucket: SOURCE_BUCKET, key: 'dir/from' },
    })
    other.faults.remove(side)
    store.faults.add({ match: { operation: 'PutObject' }, fault: denied })
    expect(await failureOf(between(bed()).copy(FROM, TO))).toMatchObject({
      code: 'ERR_ACCESS_DENIED',
      context: { bucket: BUCKET, key: 'to' },
    })
  })

  test('survives broken answers of both sides', async () => {
    const { store } = bed()
    await there(bed()).upload(LARGE, FROM)
    const cut = { kind: 'drop-response', afterBytes: 1 * MiB } as const
    other.faults.add({ match: { operation: 'GetObject' }, fault: cut, times: 3 })
    const busy = { kind: 'answer', status: 503, code: 'SlowDown' } as const
    store.faults.add({ match: { operation: 'UploadPart' }, fault: busy, times: 3 })
    const result = await between(bed()).copy(FROM, TO)
    expect(result).toMatchObject({ verified: 'checksum', sourceVerified: 'checksum' })
    expect(storedBytes(store, 'to').equals(LARGE)).toBe(true)
  })

  test('goes on with what an earlier one left', async () => {
    const { store } = bed()
    await there(bed()).upload(LARGE, FROM)
    await pausedCopy()
    const engine = between(bed(), RESUMING)
    const { jobs } = await engine.resumable()
    expect(jobs).toMatchObject([{ direction: 'copy', place: { bucket: BUCKET, key: 'to' } }])
    other.requests.clear()
    const result = await engine.copy(FROM, TO)
    expect(result).toMatchObject({
      resumed: true,
      verified: 'checksum',
      sourceVerified: 'checksum',
    })
    // Three parts, of which one may be the last.
    expect(result.keptBytes).toBeGreaterThanOrEqual(10 * MiB + (LARGE.length % (5 * MiB)))
    const fetched = other.requests.entries({ operation: 'GetObject' }).length
    expect(fetched).toBeLessThanOrEqual(result.parts - 3)
    expect(storedBytes(store, 'to').equals(LARGE)).toBe(true)
  })

  test('goes on by its name alone', async () => {
    const { store } = bed()
    await there(bed()).upload(LARGE, FROM, { metadata: { a: '1' } })
    const token = await pausedCopy()
    const elsewhere = await failureOf(bed().another(RESUMING).resume(token))
    expect(elsewhere).toMatchObject({ code: 'ERR_OPTION_INVALID', context: { option: 'source' } })
    const result = await between(bed(), RESUMING).resume(token)
    expect(result).toMatchObject({ resumed: true, how: 'relay' })
    expect(storedBytes(store, 'to').equals(LARGE)).toBe(true)
  })

  test('begins anew when the source has changed', async () => {
    const { store } = bed()
    await there(bed()).upload(LARGE, FROM)
    await pausedCopy()
    const fresh = testBytes(LARGE.length, 3)
    await there(bed()).upload(fresh, FROM)
    const engine = between(bed(), RESUMING)
    const reasons: (string | undefined)[] = []
    engine.on('resume', ({ reason }) => reasons.push(reason))
    const result = await engine.copy(FROM, TO)
    expect(result.resumed).toBe(false)
    expect(reasons[0]).toMatch(/^The source changed since: .*ETag/u)
    expect(storedBytes(store, 'to').equals(fresh)).toBe(true)
  })
})
