/** How long a migration may take, told before it begins. */

import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Estimate, Fidelity } from 'transfer-engine'
import { startLocalStore, type LocalStore } from 'transfer-engine/testing'
import { failureOf } from '../helpers/failure.ts'
import { BUCKET, MiB, sharedBed, storedBytes, storedKeys } from '../helpers/test-bed.ts'
import { useTemporaryDirectory } from '../helpers/temporary-directory.ts'
import { sdkClient } from '../helpers/sdk-client.ts'
import { testBytes } from '../helpers/test-bytes.ts'

const OLD = 'old-bucket'
const FROM = `s3://${OLD}/a/`
const TO = `s3://${BUCKET}/b`
const LARGE = testBytes(3 * MiB, 1)

const bed = sharedBed()
const jobs = useTemporaryDirectory()
let other: LocalStore
let count = 0
beforeAll(async () => {
  other = await startLocalStore({ buckets: [OLD], region: 'eu-test-1' })
})
afterAll(() => other.close())
afterEach(() => {
  bed().store.reset()
  other.reset()
})

const fresh = () => join(jobs(), `job-${(count += 1)}`)

function between() {
  const { endpoint, region, credentials } = other
  return bed().another({ source: { endpoint, region, credentials } })
}

async function put(key: string, Body: Uint8Array, more: object = {}): Promise<void> {
  const sdk = sdkClient(other)
  await sdk.send(new PutObjectCommand({ Bucket: OLD, Key: `a/${key}`, Body, ...more }))
  sdk.destroy()
}

const gets = () => other.requests.entries({ operation: 'GetObject' })

describe('an estimate', () => {
  test('comes of reading 8 MiB at most, and is told before a byte is written', async () => {
    for (const key of ['1', '2', '3', '4', '5']) await put(key, LARGE)
    other.requests.clear()
    const heard: (Estimate | undefined)[] = []
    let read = 0
    const result = await between().migrate(FROM, TO, {
      jobDirectory: fresh(),
      onFidelity: (fidelity) => {
        heard.push(fidelity.estimate)
        read = gets().length
        expect(storedKeys(bed().store)).toEqual([])
      },
    })
    const [estimate] = heard
    expect(estimate).toMatchObject({ of: 'listing', objects: 5, bytes: 15 * MiB })
    // How much comes in time, a busy machine decides.
    expect(estimate?.probe.reads).toBe(4)
    expect(estimate?.probe.bytes).toBeLessThanOrEqual(8 * MiB)
    expect(estimate?.elapsedMs).toBeGreaterThan(0)
    expect(read).toBeLessThanOrEqual(8)
    expect(result).toMatchObject({ copied: 5, estimate })
  })

  test('of a dry run is of its plan: what would be copied', async () => {
    await put('1', LARGE)
    await put('2', LARGE)
    await bed().engine.upload(LARGE, `${TO}/1`)
    const dry = { jobDirectory: fresh(), dryRun: true }
    const { estimate, fidelity, plan } = await between().migrate(FROM, TO, dry)
    expect(plan?.copies).toBe(1)
    expect(fidelity.estimate).toMatchObject({ of: 'listing', objects: 2, bytes: 6 * MiB })
    expect(estimate).toMatchObject({ of: 'plan', objects: 1, bytes: 3 * MiB })
    expect(estimate?.probe).toEqual(fidelity.estimate?.probe)
  })

  test('is not asked for without `probe`, and then nothing is read', async () => {
    await put('1', LARGE)
    other.requests.clear()
    const heard: Fidelity[] = []
    const onFidelity = (fidelity: Fidelity) => heard.push(fidelity)
    const wish = { jobDirectory: fresh(), probe: false, dryRun: true, onFidelity }
    const { estimate } = await between().migrate(FROM, TO, wish)
    expect([estimate, heard[0]?.estimate]).toEqual([undefined, undefined])
    expect(gets()).toEqual([])
    const wrong = { jobDirectory: fresh(), probe: 'no' as unknown as boolean }
    const error = await failureOf(between().migrate(FROM, TO, wrong))
    expect(error).toMatchObject({ code: 'ERR_OPTION_INVALID', context: { option: 'probe' } })
  })

  test('reads nothing archived and nothing small', async () => {
    await put('cold', LARGE, { StorageClass: 'DEEP_ARCHIVE' })
    await put('small', testBytes(1000, 1))
    other.requests.clear()
    const dry = { jobDirectory: fresh(), dryRun: true }
    const { estimate } = await between().migrate(FROM, TO, dry)
    expect(gets()).toEqual([])
    expect(estimate).toMatchObject({ by: 'requests', probe: { reads: 0, bytes: 0 } })
  })

  test('reads what has a key of the customer only with that key', async () => {
    const key = randomBytes(32)
    const SSECustomerKey = key.toString('base64')
    await put('secret', LARGE, { SSECustomerAlgorithm: 'AES256', SSECustomerKey })
    other.requests.clear()
    await failureOf(between().migrate(FROM, TO, { jobDirectory: fresh() }))
    expect(gets()).toEqual([])
    const wish = { jobDirectory: fresh(), sourceCustomerKey: key }
    const { copied, estimate } = await between().migrate(FROM, TO, wish)
    expect(copied).toBe(1)
    expect(estimate?.probe.reads).toBe(1)
    expect(storedBytes(bed().store, 'b/secret').equals(LARGE)).toBe(true)
  })

  test('of copies that the store makes reads nothing, and is a least', async () => {
    const { engine, store } = bed()
    await engine.upload(LARGE, `s3://${BUCKET}/from/1`)
    store.requests.clear()
    const from = `s3://${BUCKET}/from`
    const { estimate, copied } = await engine.migrate(from, TO, { jobDirectory: fresh() })
    expect(copied).toBe(1)
    expect(estimate).toMatchObject({ by: 'requests', isAtLeast: true, probe: { reads: 0 } })
    expect(store.requests.entries({ operation: 'GetObject' })).toEqual([])
    const wish = { jobDirectory: fresh(), dryRun: true, via: 'relay' } as const
    const relayed = await engine.migrate(from, `${TO}2`, wish)
    expect(relayed.estimate?.probe.reads).toBe(1)
  })

  test('keeps nothing from being copied where reading fails', async () => {
    await put('1', LARGE)
    const denied = { kind: 'answer', status: 403, code: 'AccessDenied' } as const
    other.faults.add({ match: { operation: 'GetObject' }, fault: denied })
    const onFidelity = () => other.faults.clear()
    const result = await between().migrate(FROM, TO, { jobDirectory: fresh(), onFidelity })
    expect(result).toMatchObject({ copied: 1, estimate: { by: 'requests', isAtLeast: true } })
    expect(result.estimate?.probe.bytesPerSecond).toBeUndefined()
  })
})
