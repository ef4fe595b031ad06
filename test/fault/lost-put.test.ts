import { describe, expect, test } from 'vitest'
import { failureOf } from '../helpers/failure.ts'
import { BUCKET, sharedBed, storedBytes } from '../helpers/test-bed.ts'
import { differenceOf, testBytes } from '../helpers/test-bytes.ts'

const OBJECT = testBytes(123_457)

describe('a PUT that may only create, and whose answer was lost', () => {
  const bed = sharedBed()

  test('is found to have stored the object', async () => {
    const { engine, store } = bed()
    store.faults.add({
      match: { operation: 'PutObject', key: 'ours' },
      fault: { kind: 'drop', at: 'after-operation' },
      times: 1,
    })
    const options = { ifNoneMatch: '*' }
    const result = await engine.upload(OBJECT, `s3://${BUCKET}/ours`, options)
    expect(result).toMatchObject({ size: OBJECT.length, verified: 'checksum', attempts: 2 })
    expect(differenceOf(storedBytes(store, 'ours'), OBJECT)).toBeUndefined()
  })

  test('is found to have stored nothing, where nothing was to be stored', async () => {
    const { engine, store } = bed()
    store.faults.add({
      match: { operation: 'PutObject', key: 'empty' },
      fault: { kind: 'drop', at: 'after-operation' },
      times: 1,
    })
    const result = await engine.upload(Buffer.alloc(0), `s3://${BUCKET}/empty`, {
      ifNoneMatch: '*',
    })
    expect(result).toMatchObject({ size: 0, verified: 'checksum', attempts: 2 })
    expect(storedBytes(store, 'empty')).toHaveLength(0)
  })

  test('is refused as before when nobody can tell what is in the way', async () => {
    const { engine, store } = bed()
    store.faults.add({
      match: { operation: 'PutObject', key: 'unseen' },
      fault: { kind: 'drop', at: 'after-operation' },
      times: 1,
    })
    store.faults.add({
      match: { operation: 'HeadObject', key: 'unseen' },
      fault: { kind: 'answer', status: 404, code: 'NoSuchKey' },
    })
    const options = { ifNoneMatch: '*' }
    const error = await failureOf(engine.upload(OBJECT, `s3://${BUCKET}/unseen`, options))
    expect(error.code).toBe('ERR_PRECONDITION_FAILED')
  })

  test('is refused when the object in the way is another one', async () => {
    const { engine, store } = bed()
    await engine.upload(Buffer.from('theirs'), `s3://${BUCKET}/theirs`)
    store.faults.add({
      match: { operation: 'PutObject', key: 'theirs' },
      fault: { kind: 'drop', at: 'before-operation' },
      times: 1,
    })
    const options = { ifNoneMatch: '*' }
    const error = await failureOf(engine.upload(OBJECT, `s3://${BUCKET}/theirs`, options))
    expect(error.code).toBe('ERR_PRECONDITION_FAILED')
    expect(storedBytes(store, 'theirs').toString()).toBe('theirs')
  })
})
