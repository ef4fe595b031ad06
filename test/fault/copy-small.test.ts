/** Small objects from store to store while both sides fail: what is there in the end is right, or it is told. */

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { startLocalStore, type LocalStore } from 'transfer-engine/testing'
import { BUCKET, sharedBed, storedBytes, storedKeys } from '../helpers/test-bed.ts'
import { testBytes } from '../helpers/test-bytes.ts'

const OLD = 'old-bucket'
const FROM = `s3://${OLD}/a/`
const TO = `s3://${BUCKET}/b`
const COUNT = 30
const SIZE = 3000
const KEYS = Array.from({ length: COUNT }, (_, index) => `n${String(index).padStart(2, '0')}`)

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

type Fault = Parameters<LocalStore['faults']['add']>[0]['fault']

const BUSY: Fault = { kind: 'answer', status: 503, code: 'SlowDown' }
const GET = { operation: 'GetObject' }
const PUT = { operation: 'PutObject' }

async function fill(): Promise<void> {
  const { endpoint, region, credentials } = other
  const engine = bed().another({ endpoint, region, credentials })
  for (const [index, key] of KEYS.entries()) {
    await engine.upload(testBytes(SIZE, index), { bucket: OLD, key: `a/${key}` })
  }
}

function copy(options: { readonly ifNoneMatch?: string; readonly removeSource?: boolean } = {}) {
  const { endpoint, region, credentials } = other
  const engine = bed().another({ source: { endpoint, region, credentials } })
  return engine.copyPrefix(FROM, TO, options)
}

/** Every copy that is there has the bytes of its source. */
function expectNothingWrong(): void {
  const { store } = bed()
  const wrong = storedKeys(store).filter((key) => {
    const index = KEYS.indexOf(key.slice('b/'.length))
    return !storedBytes(store, key).equals(testBytes(SIZE, index))
  })
  expect(wrong).toEqual([])
}

describe.each([
  ['the source is busy', 'source', GET, BUSY],
  ['the destination is busy', 'destination', PUT, BUSY],
  ['answers of the source break', 'source', GET, { kind: 'drop-response', afterBytes: 0 }],
  ['bytes are damaged on their way here', 'source', GET, { kind: 'flip-response', offset: 17 }],
  [
    'bytes are damaged on their way there',
    'destination',
    PUT,
    { kind: 'flip-request', offset: 17 },
  ],
  ['requests break', 'destination', PUT, { kind: 'drop-request', afterBytes: 100 }],
  ['answers are lost', 'destination', PUT, { kind: 'drop', at: 'after-operation' }],
  ['answers tell other checksums', 'destination', PUT, { kind: 'wrong-checksum' }],
  ['answers tell no ETag', 'destination', PUT, { kind: 'set-header', header: 'etag' }],
] as const)('while %s', (_, side, match, fault) => {
  const faults = () => (side === 'source' ? other : bed().store).faults

  test('for some of them, all are copied and proved', async () => {
    await fill()
    faults().add({ match, fault, times: 7 })
    expect(await copy()).toMatchObject({ copied: COUNT, failed: 0 })
    expect(storedKeys(bed().store)).toHaveLength(COUNT)
    expectNothingWrong()
  })

  test('always for one of them, that one fails, its source stays, and the others are moved', async () => {
    await fill()
    const key = side === 'source' ? 'a/n03' : 'b/n03'
    faults().add({ match: { ...match, key }, fault })
    const result = await copy({ removeSource: true })
    expect(result).toMatchObject({ copied: COUNT - 1, failed: 1 })
    expect(result.failures[0]?.context.key).toBe(key)
    expect(other.objects(OLD).map(({ key: left }) => left)).toEqual(['a/n03'])
    expectNothingWrong()
  })
})

describe('a source that breaks off', () => {
  test('is read on behind what came', async () => {
    await fill()
    const cut = { kind: 'drop-response', afterBytes: 1000 } as const
    other.faults.add({ match: { ...GET, key: 'a/n03' }, fault: cut })
    expect(await copy()).toMatchObject({ copied: COUNT, failed: 0 })
    expectNothingWrong()
  })
})

describe('copies that may only create', () => {
  test('and whose answers were lost are found to be ours', async () => {
    await fill()
    const lost = { kind: 'drop', at: 'after-operation' } as const
    bed().store.faults.add({ match: PUT, fault: lost, times: 5 })
    expect(await copy({ ifNoneMatch: '*' })).toMatchObject({ copied: COUNT, failed: 0 })
    expectNothingWrong()
  })

  test('leave alone what is there, also the very same bytes', async () => {
    await fill()
    await bed().engine.upload(testBytes(SIZE, 3), `${TO}/n03`)
    await bed().engine.upload(testBytes(10), `${TO}/n04`)
    const result = await copy({ ifNoneMatch: '*' })
    expect(result).toMatchObject({ copied: COUNT - 2, failed: 2 })
    expect(result.failures.map(({ code }) => code)).toEqual([
      'ERR_PRECONDITION_FAILED',
      'ERR_PRECONDITION_FAILED',
    ])
    expect(storedBytes(bed().store, 'b/n04')).toHaveLength(10)
  })
})

describe('a source whose stored checksum is wrong', () => {
  test('is never copied', async () => {
    await fill()
    const wrong = { kind: 'wrong-checksum' } as const
    other.faults.add({ match: { key: 'a/n03' }, fault: wrong })
    const result = await copy()
    expect(result).toMatchObject({ copied: COUNT - 1, failed: 1 })
    expect(result.failures[0]?.code).toBe('ERR_CHECKSUM_MISMATCH')
    expect(storedKeys(bed().store)).not.toContain('b/n03')
    expectNothingWrong()
  })
})
