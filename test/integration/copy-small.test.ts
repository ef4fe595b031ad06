/** Small objects of a prefix, from store to store: one GET and one PUT each, and what needs more. */

import {
  GetObjectTaggingCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
} from '@aws-sdk/client-s3'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { EngineOptions, Outcome } from 'transfer-engine'
import { startLocalStore, type LocalStore } from 'transfer-engine/testing'
import { sdkClient } from '../helpers/sdk-client.ts'
import { until } from '../helpers/failure.ts'
import { BUCKET, sharedBed, storedBytes, storedKeys } from '../helpers/test-bed.ts'
import { testBytes } from '../helpers/test-bytes.ts'

const OLD = 'old-bucket'
const FROM = `s3://${OLD}/a/`
const TO = `s3://${BUCKET}/b`
const NAMES = Array.from({ length: 20 }, (_, index) => `n${String(index).padStart(2, '0')}`)

const bed = sharedBed()
let other: LocalStore
beforeAll(async () => {
  other = await startLocalStore({ buckets: [OLD], region: 'eu-test-1' })
})
afterAll(() => other.close())
afterEach(() => {
  bed().store.reset()
  other.reset()
})

function between(options: EngineOptions = {}) {
  const { endpoint, region, credentials } = other
  return bed().another({ source: { endpoint, region, credentials }, ...options })
}

async function put(name: string, more: Partial<PutObjectCommandInput> = {}): Promise<void> {
  const sdk = sdkClient(other)
  const body = testBytes(1000, NAMES.indexOf(name))
  await sdk.send(new PutObjectCommand({ Bucket: OLD, Key: `a/${name}`, Body: body, ...more }))
  sdk.destroy()
}

async function fill(): Promise<void> {
  for (const name of NAMES) await put(name, { Metadata: { name } })
  other.requests.clear()
}

/** Requests about objects, by operation. */
function asked({ requests }: LocalStore): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { operation = '' } of requests.entries()) {
    if (operation.startsWith('List')) continue
    counts[operation] = (counts[operation] ?? 0) + 1
  }
  return counts
}

function expectAllCopied(): void {
  const { store } = bed()
  expect(storedKeys(store)).toEqual(NAMES.map((name) => `b/${name}`))
  for (const [index, name] of NAMES.entries()) {
    expect(storedBytes(store, `b/${name}`).equals(testBytes(1000, index))).toBe(true)
  }
}

describe('small objects of a prefix', () => {
  test.each([0, 1, 2])('take one GET and one PUT each, with %i workers', async (workers) => {
    await fill()
    const outcomes: Outcome[] = []
    const onOutcome = (outcome: Outcome): unknown => outcomes.push(outcome)
    const result = await between({ workers }).copyPrefix(FROM, TO, { onOutcome })
    expect(result).toMatchObject({ copied: NAMES.length, failed: 0 })
    expectAllCopied()
    expect(asked(other)).toEqual({ GetObject: NAMES.length })
    expect(asked(bed().store)).toEqual({ PutObject: NAMES.length })
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ how: 'relay', verified: 'checksum', attempts: 2 })
    }
  })

  test('have the attributes of their sources, and what is said of them', async () => {
    await put('n00', {
      ContentType: 'text/x-test',
      CacheControl: 'max-age=1',
      ContentDisposition: 'inline',
      ContentLanguage: 'de',
      Expires: new Date('2030-01-02T03:04:05Z'),
      Metadata: { a: '1' },
    })
    other.requests.clear()
    await between().copyPrefix(FROM, TO, { contentType: 'text/b' })
    expect(asked(other)).toEqual({ GetObject: 1 })
    const head = await bed().sdk.send(new HeadObjectCommand({ Bucket: BUCKET, Key: 'b/n00' }))
    expect(head).toMatchObject({
      ContentType: 'text/b',
      CacheControl: 'max-age=1',
      ContentDisposition: 'inline',
      ContentLanguage: 'de',
      Metadata: { a: '1' },
    })
    expect(new Date(head.ExpiresString ?? '')).toEqual(new Date('2030-01-02T03:04:05Z'))
  })

  test('keep their tags', async () => {
    for (const name of NAMES) await put(name, { Tagging: `n=${name}` })
    await between().copyPrefix(FROM, TO)
    expectAllCopied()
    const copy = { Bucket: BUCKET, Key: 'b/n07' }
    const { TagSet } = await bed().sdk.send(new GetObjectTaggingCommand(copy))
    expect(TagSet).toEqual([{ Key: 'n', Value: 'n07' }])
  })

  test('that are replaced between the listing and the GET are copied as they are then', async () => {
    await put('n00')
    const slow = { kind: 'delay', ms: 1000, at: 'before-operation' } as const
    other.faults.add({ match: { operation: 'GetObject' }, fault: slow, times: 1 })
    const copying = between().copyPrefix(FROM, TO)
    await until(() => (asked(other)['GetObject'] ?? 0) > 0, 'the object is asked for')
    const fresh = testBytes(2000, 99)
    await put('n00', { Body: fresh })
    expect(await copying).toMatchObject({ copied: 1, failed: 0 })
    expect(storedBytes(bed().store, 'b/n00').equals(fresh)).toBe(true)
  })

  test('are written over nothing that somebody else was quicker to write', async () => {
    const { store, engine } = bed()
    await fill()
    const slow = { kind: 'delay', ms: 500, at: 'before-operation' } as const
    other.faults.add({ match: { operation: 'GetObject' }, fault: slow, times: 16 })
    const copying = between().copyPrefix(FROM, TO, { ifNoneMatch: '*' })
    await until(() => (asked(other)['GetObject'] ?? 0) > 0, 'objects are asked for')
    // Of the very same bytes, so that only the answer to the PUT can tell.
    await engine.upload(testBytes(1000, 0), `${TO}/n00`, { metadata: { theirs: '1' } })
    const result = await copying
    expect(result).toMatchObject({ copied: NAMES.length - 1, failed: 1 })
    expect(result.failures[0]?.code).toBe('ERR_PRECONDITION_FAILED')
    const head = await bed().sdk.send(new HeadObjectCommand({ Bucket: BUCKET, Key: 'b/n00' }))
    expect(head.Metadata).toEqual({ theirs: '1' })
    expectAllCopied()
    expect(store.uploads()).toEqual([])
  })

  test('are removed behind their copies by a move', async () => {
    await fill()
    const result = await between().copyPrefix(FROM, TO, { removeSource: true })
    expect(result).toMatchObject({ copied: NAMES.length, failed: 0 })
    expectAllCopied()
    expect(other.objects(OLD)).toEqual([])
  })

  test('count as two requests each under a limit of requests', async () => {
    await fill()
    const startedAt = performance.now()
    await between({ maxRequestRate: 20 }).copyPrefix(FROM, TO)
    // 20 objects are 40 requests, the first of which go at once.
    expect(performance.now() - startedAt).toBeGreaterThan(900)
    expectAllCopied()
  })

  test('stop at once when they are aborted, and leave nothing at work', async () => {
    await fill()
    const stall = { kind: 'stall-request', afterBytes: 0 } as const
    bed().store.faults.add({ match: { operation: 'PutObject' }, fault: stall })
    const copying = between().copyPrefix(FROM, TO)
    // All have begun, so it is they that are aborted.
    const result = copying.then(({ failures }) => failures)
    await until(() => (asked(bed().store)['PutObject'] ?? 0) > 0, 'a PUT is under way')
    const abortedAt = performance.now()
    await copying.abort()
    const codes = (await result).map(({ code }) => code)
    expect(codes).toEqual(NAMES.map(() => 'ERR_ABORTED'))
    expect(performance.now() - abortedAt).toBeLessThan(500)
    expect(storedKeys(bed().store)).toEqual([])
  })
})
