/** Replications: passes, what ends them, and how far behind they say they are. */

import { setTimeout as wait } from 'node:timers/promises'
import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { afterEach, describe, expect, test } from 'vitest'
import type { ReplicationPass } from 'transfer-engine'
import { failureOf, until } from '../helpers/failure.ts'
import { BUCKET, sharedBed, storedKeys } from '../helpers/test-bed.ts'
import { testBytes } from '../helpers/test-bytes.ts'

const FROM = `s3://${BUCKET}/a`
const TO = `s3://${BUCKET}/b`
const DENIED = { kind: 'answer', status: 403, code: 'AccessDenied' } as const

const bed = sharedBed()
afterEach(() => bed().store.reset())

const put = (key: string) =>
  bed().sdk.send(new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: testBytes(10, 1) }))
const copies = () => storedKeys(bed().store).filter((key) => key.startsWith('b/'))

describe('a replication', () => {
  test('copies all first, then what comes and goes, until it is stopped', async () => {
    const { engine, sdk } = bed()
    await put('a/1')
    const passes: ReplicationPass[] = []
    const replication = engine.replicate(FROM, TO, {
      intervalMs: 20,
      delete: true,
      onPass: (pass) => passes.push(pass),
    })
    await until(() => copies().length === 1, 'the first is there')
    await put('a/2')
    await until(() => copies().length === 2, 'the second is there')
    await sdk.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: 'a/1' }))
    await until(() => copies().join() === 'b/2', 'the first is gone')
    await until(() => (passes.at(-1)?.result?.unchanged ?? 0) > 0, 'a pass with nothing to do')
    expect(engine.stats().replications.running).toBe(1)
    await replication.stop()
    const result = await replication
    expect(result).toMatchObject({ passes: passes.length, failedPasses: 0, copied: 2, deleted: 1 })
    expect(passes.map(({ pass }) => pass)).toEqual(passes.map((_, index) => index + 1))
    expect(engine.stats().replications.running).toBe(0)
  })

  test('says how far behind it is, and catches up after a failure', async () => {
    const { engine, store } = bed()
    await put('a/1')
    const fault = store.faults.add({ match: { operation: 'CopyObject' }, fault: DENIED })
    const passes: ReplicationPass[] = []
    const onPass = (pass: ReplicationPass) => passes.push(pass)
    const replication = engine.replicate(FROM, TO, { intervalMs: 10, onPass })
    await until(() => passes.length >= 2, 'two passes have failed')
    expect(passes[0]).toMatchObject({ lagMs: undefined, result: { failed: 1 } })
    await wait(20)
    expect(engine.stats().replications.lagMs).toBeGreaterThan(0)
    const told = /^transfer_engine_replication_lag_seconds (\S+)$/mu.exec(await engine.metrics())
    expect(Number(told?.[1])).toBeGreaterThan(0)
    store.faults.remove(fault)
    await until(() => passes.at(-1)?.lagMs !== undefined, 'a pass did everything')
    await replication.stop()
    expect((await replication).failedPasses).toBeGreaterThan(1)
    expect(copies()).toEqual(['b/1'])
  })

  test('goes on after a pass that broke off for what may be over soon', async () => {
    const { store, another } = bed()
    await put('a/1')
    const busy = { kind: 'answer', status: 503, code: 'ServiceUnavailable' } as const
    store.faults.add({ match: { operation: 'ListObjectsV2' }, fault: busy, times: 2 })
    const passes: ReplicationPass[] = []
    const engine = another({ maxAttempts: 1 })
    const onPass = (pass: ReplicationPass) => passes.push(pass)
    const replication = engine.replicate(FROM, TO, { intervalMs: 10, onPass })
    await until(() => copies().length === 1, 'it is there after all')
    await replication.stop()
    expect(passes[0]).toMatchObject({ result: undefined, error: { code: 'ERR_STORE_UNAVAILABLE' } })
    expect((await replication).failedPasses).toBeGreaterThan(0)
  })

  test('ends for what no pass will do better', async () => {
    const { engine, store } = bed()
    store.faults.add({ match: { operation: 'ListObjectsV2' }, fault: DENIED })
    const error = await failureOf(engine.replicate(FROM, TO, { intervalMs: 10 }))
    expect(error.code).toBe('ERR_ACCESS_DENIED')
  })

  test('ends with the engine, after the pass under way', async () => {
    await put('a/1')
    const engine = bed().another({})
    const replication = engine.replicate(FROM, TO, { intervalMs: 60_000 })
    await until(() => copies().length === 1, 'the first is there')
    await engine.close()
    expect(await replication).toMatchObject({ passes: 1, copied: 1 })
  })

  test('is aborted in the middle of a pass', async () => {
    const { engine, store } = bed()
    await put('a/1')
    const slow = { kind: 'delay', ms: 5000, at: 'before-operation' } as const
    store.faults.add({ match: { operation: 'CopyObject' }, fault: slow })
    const replication = engine.replicate(FROM, TO, { intervalMs: 10 })
    const failure = failureOf(replication)
    await wait(50)
    await replication.abort()
    expect((await failure).code).toBe('ERR_ABORTED')
  })
})
